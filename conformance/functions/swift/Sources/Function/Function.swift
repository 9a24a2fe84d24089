/// The conformance function; ../../../README.md says what each step does.
import Slipway

/// What the steps of one invocation share.
struct Invocation {
  var req: Request
  let res: Response
  var seen: JSON.Object = [:]
  var held: [UnsafeMutableRawPointer] = []
}

public func handle(_ req: Request, _ res: Response) async throws {
  var invocation = Invocation(req: req, res: res)
  defer { for memory in invocation.held { memory.deallocate() } }
  for step in try program(req) { try await run(Step(step), &invocation) }
}

private func program(_ req: Request) throws -> [JSON] {
  let steps: JSON =
    if let steps = req.payload["steps"] {
      steps
    } else if let text = req.headers["x-conformance-steps"] {
      try JSON(parsing: text)
    } else {
      [["do": "report"]]
    }
  guard let steps = steps.array else { throw Failure("the steps are no list") }
  return steps
}

private func run(_ step: Step, _ invocation: inout Invocation) async throws {
  switch step.name {
  case "send": try send(step, invocation)
  case "json": try json(step, invocation)
  case "report": try report(invocation)
  case "echo": try echo(invocation)
  case "again": try again(step, &invocation)
  case "await": try await Task.sleep(for: step.duration("ms"))
  case "block": try block(step)
  case "spin": try spin(step)
  case "meet": try await meet(step)
  case "log": try log(step, invocation)
  case "error": try error(step, invocation)
  case "print": try print(step)
  case "flood": try flood(step)
  case "bytes": try bytes(step)
  case "throw": throw Failure(try step.text("message"))
  case "background": try background(step)
  case "background_log": try backgroundLog(step, invocation)
  case "exit": try await exit(step)
  case "allocate": try allocate(step, &invocation)
  // Compiled code can't be replaced.
  case "patch": break
  case "mutate": try mutate(step, &invocation)
  case "count": count(&invocation)
  case "getenv": try getenv(step, &invocation)
  case "find_secret": try findSecret(step, &invocation)
  case "write": try write(step, &invocation)
  case "fetch": try fetch(step, &invocation)
  case "files": invocation.seen["files"] = .integer(entries(of: "/proc/self/fd").count)
  case "dependency": dependency(&invocation)
  default: throw step.unknown
  }
}

struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
