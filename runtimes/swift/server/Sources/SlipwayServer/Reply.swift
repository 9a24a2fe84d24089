import Slipway

/// An answer in the making: its head as names and values, its body.
struct Reply {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: [UInt8]

  static func json(_ status: Int, _ body: [UInt8]) -> Reply {
    Reply(status: status, headers: [("content-type", "application/json")], body: body)
  }

  /// The plain answer to a refused request.
  static func refused(_ refusal: Refusal, _ invocation: String?) -> Reply {
    var reply = json(refusal.code.status, bytes(["error": object(refusal, invocation)]))
    reply.headers.append((Contract.error, refusal.code.rawValue))
    switch refusal.code {
    case .methodNotAllowed: reply.headers.append(("allow", "POST"))
    case .overloaded: reply.headers.append(("retry-after", "1"))
    default: break
    }
    reply.identify(invocation)
    return reply
  }

  /// The function's answer, less what is not the function's to say.
  static func given(_ answer: Answer, _ invocation: String) -> Reply {
    var headers: [(name: String, value: String)] = []
    headers.reserveCapacity(answer.headers.lines.count + 2)
    var isTyped = false
    for (name, value) in answer.headers.lines {
      let lower = name.lowercased()
      if lower.hasPrefix(Contract.reservedPrefix) || lower == "content-length" || Contract.hopByHop.contains(lower) {
        continue
      }
      if lower == "content-type" {
        if isTyped { continue }
        isTyped = true
      }
      headers.append((name, value))
    }
    if !isTyped { headers.append(("content-type", answer.kind.contentType)) }
    let hasNoBody = answer.status == 204 || answer.status == 304
    headers.append((Contract.invocation, invocation))
    return Reply(status: answer.status, headers: headers, body: hasNoBody ? [] : answer.body)
  }

  /// What goes into the result envelope beside the answer.
  struct Result {
    let invocation: String
    let error: Refusal?
    let logs: [JSON]
    let truncated: Bool
    let duration: Nanoseconds
  }

  /// Wraps this answer into the result envelope.
  func enveloped(_ result: Result) -> Reply {
    var named = JSON.Object()
    // Those of the runtime belong to the HTTP answer around it.
    for (name, value) in headers where !name.hasPrefix(Contract.reservedPrefix) {
      let lower = name.lowercased()
      named[lower] = .array((named[lower]?.array ?? []) + [.string(value)])
    }
    let text = String(validating: body, as: UTF8.self)
    let document: JSON = [
      "status": .integer(status),
      "headers": .object(named),
      "body": .string(text ?? base64(body)),
      "encoding": text == nil ? "base64" : "utf-8",
      "logs": .array(result.logs),
      "truncated": .bool(result.truncated),
      "error": result.error.map { Self.object($0, result.invocation) } ?? .null,
      "duration_ms": .number(Double(result.duration / 1000) / 1000),
    ]
    var reply = Reply.json(200, Self.bytes(document))
    reply.identify(result.invocation)
    return reply
  }

  /// The whole message.
  func message(toHead: Bool, closing: Bool, date: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + 64 * headers.count + body.count)
    bytes.append(contentsOf: "HTTP/1.1 ".utf8)
    bytes.append(contentsOf: String(status).utf8)
    bytes.append(UInt8(ascii: " "))
    bytes.append(contentsOf: (Self.reasons[status] ?? "Status").utf8)
    for (name, value) in headers { Self.add(name, value, to: &bytes) }
    if status != 204 && status != 304 { Self.add("content-length", String(body.count), to: &bytes) }
    Self.add("date", date, to: &bytes)
    if closing { Self.add("connection", "close", to: &bytes) }
    bytes.append(contentsOf: "\r\n\r\n".utf8)
    if !toHead { bytes.append(contentsOf: body) }
    return bytes
  }

  private static func add(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "\r\n".utf8)
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: ": ".utf8)
    bytes.append(contentsOf: value.utf8)
  }

  private mutating func identify(_ invocation: String?) {
    if let invocation { headers.append((Contract.invocation, invocation)) }
  }

  private static func object(_ refusal: Refusal, _ invocation: String?) -> JSON {
    [
      "code": .string(refusal.code.rawValue), "message": .string(refusal.message),
      "invocation": invocation.map(JSON.string) ?? .null,
    ]
  }

  /// Only floats can fail to be JSON, and there are none but durations.
  private static func bytes(_ json: JSON) -> [UInt8] {
    (try? json.bytes()) ?? Array("null".utf8)
  }

  private static let reasons = [
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 410: "Gone", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
    429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
  ]
}

extension Answer.Kind {
  fileprivate var contentType: String {
    switch self {
    case .text: "text/plain; charset=utf-8"
    case .bytes: "application/octet-stream"
    case .json: "application/json"
    }
  }
}

/// RFC 4648 4.
func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  text.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for place in 0..<4 {
      text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
