/// Steps that answer.
import Slipway

func send(_ step: Step, _ invocation: Invocation) throws {
  let (status, headers) = try head(step)
  if let bytes = try step.bytes("base64") {
    try invocation.res.send(bytes, status: status, headers: headers)
  } else {
    try invocation.res.send(step.text("text"), status: status, headers: headers)
  }
}

func json(_ step: Step, _ invocation: Invocation) throws {
  let (status, headers) = try head(step)
  switch try step.optionalText("special") {
  case nil: try invocation.res.json(step["value"] ?? nil, status: status, headers: headers)
  case "nan": try invocation.res.json(.number(.nan), status: status, headers: headers)
  // Values have neither cycles nor functions: what fails to encode is the nearest.
  case "cycle", "function": try invocation.res.json(encoding: Unencodable(), status: status, headers: headers)
  default: throw step.unknown
  }
}

private struct Unencodable: Encodable {
  func encode(to encoder: any Encoder) throws { throw Failure("JSON can't hold this") }
}

private func head(_ step: Step) throws -> (status: Int, headers: Headers) {
  var headers = Headers()
  for (name, value) in try step.object("headers") ?? [:] {
    for line in value.array ?? [value] {
      guard let line = line.string else { throw step.unknown }
      headers.add(name, line)
    }
  }
  return (Int(try step.optionalNumber("status") ?? 200), headers)
}

func report(_ invocation: Invocation) throws {
  let req = invocation.req
  try invocation.res.json([
    "request": [
      "method": .string(req.method), "path": .string(req.path), "query": JSON(encoding: req.query),
      "headers": JSON(encoding: req.headers), "payload": req.payload, "env": JSON(encoding: req.env),
      "body": .string(encodeBase64(req.body)), "id": .string(req.id), "deadline": .number(req.deadline * 1000),
    ],
    "seen": .object(invocation.seen),
  ])
}

func echo(_ invocation: Invocation) throws {
  let req = invocation.req
  if req.payload["steps"] != nil {
    try invocation.res.json(req.payload["value"] ?? nil)
    return
  }
  var headers = Headers()
  if let type = req.headers["content-type"] { headers.add("content-type", type) }
  try invocation.res.send(req.body, headers: headers)
}

func again(_ step: Step, _ invocation: inout Invocation) throws {
  do {
    try send(step, invocation)
    invocation.seen["again"] = "accepted"
  } catch {
    invocation.seen["again"] = "raised"
  }
}
