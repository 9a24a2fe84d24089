/// Steps that misbehave.
import Glibc
import Slipway

/// An error that nobody waits for is lost in Swift: what fails in the background is a trap.
func background(_ step: Step) throws {
  let (delay, message) = (try step.duration("ms"), try step.text("message"))
  Task.detached {
    try await Task.sleep(for: delay)
    fatalError(message)
  }
}

func backgroundLog(_ step: Step, _ invocation: Invocation) throws {
  let (delay, message, req) = (try step.duration("ms"), try step.text("message"), invocation.req)
  Task.detached {
    try await Task.sleep(for: delay)
    req.log(message)
  }
}

func exit(_ step: Step) async throws {
  switch try step.text("how") {
  case "exit": Glibc.exit(7)
  case "abort": abort()
  case "kill": kill(getpid(), SIGKILL)
  default: throw step.unknown
  }
  // A signal takes effect a moment after it was sent.
  try await Task.sleep(for: .seconds(60))
}

func allocate(_ step: Step, _ invocation: inout Invocation) throws {
  let mebibyte = 1024 * 1024
  let wanted = try step.optionalNumber("mb") ?? .infinity
  while Double(invocation.held.count) < wanted {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: mebibyte, alignment: 16)
    memset(memory, 1, mebibyte)
    invocation.held.append(memory)
  }
}

func mutate(_ step: Step, _ invocation: inout Invocation) throws {
  let (name, value) = (try step.text("name"), try step.text("value"))
  setenv(name, value, 1)
  invocation.req.headers[name] = value
  invocation.req.env[name] = value
  if var payload = invocation.req.payload.object {
    payload[name] = .string(value)
    invocation.req.payload = .object(payload)
  }
}
