/// Steps that speak.
import Glibc
import Slipway

func log(_ step: Step, _ invocation: Invocation) throws {
  let message = try step.text("message")
  for _ in 0..<(try step.count("times", default: 1)) { invocation.req.log(message) }
}

func error(_ step: Step, _ invocation: Invocation) throws {
  let message = try step.text("message")
  for _ in 0..<(try step.count("times", default: 1)) { invocation.req.error(message) }
}

func print(_ step: Step) throws {
  let text = try step.text("text")
  let to = try step.optionalText("to") ?? "out"
  for _ in 0..<(try step.count("times", default: 1)) {
    switch to {
    case "out": Swift.print(text)
    case "err": writeAll(STDERR_FILENO, Array("\(text)\n".utf8))
    default: throw step.unknown
    }
  }
}

func flood(_ step: Step) throws {
  let line = max(1, try step.count("line", default: 100))
  let text = String(repeating: "x", count: line - 1)
  for _ in stride(from: 0, to: try step.count("bytes", default: 0), by: line) { Swift.print(text) }
}

func bytes(_ step: Step) throws {
  guard let bytes = try step.bytes("base64") else { throw step.unknown }
  writeAll(STDOUT_FILENO, bytes + [UInt8(ascii: "\n")])
}

private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
    if written < 0 { return }
    rest = rest.dropFirst(written)
  }
}
