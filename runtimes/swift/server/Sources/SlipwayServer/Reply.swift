import Slipway

/// An answer in the making: its head as names and values, its body.
struct Reply {
  struct Line {
    let name: String
    let value: String

    init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  var status: Int
  var headers: [Line]
  var body: [UInt8]

  static func json(_ status: Int, _ body: [UInt8]) -> Reply {
    Reply(status: status, headers: [Line("content-type", "application/json")], body: body)
  }

  /// The plain answer to a refused request.
  static func refused(_ refusal: Refusal, _ invocation: String?) -> Reply {
    var reply = json(refusal.code.status, bytes(["error": object(refusal, invocation)]))
    reply.headers.append(Line(Contract.error, refusal.code.rawValue))
    switch refusal.code {
    case .methodNotAllowed: reply.headers.append(Line("allow", "POST"))
    case .overloaded: reply.headers.append(Line("retry-after", "1"))
    default: break
    }
    reply.identify(invocation)
    return reply
  }

  /// The function's answer, less what is not the function's to say.
  static func given(_ answer: Answer, _ invocation: String) -> Reply {
    var headers: [Line] = []
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
      headers.append(Line(name, value))
    }
    if !isTyped { headers.append(Line("content-type", answer.kind.contentType)) }
    let hasNoBody = answer.status == 204 || answer.status == 304
    headers.append(Line(Contract.invocation, invocation))
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
    for line in headers where !line.name.hasPrefix(Contract.reservedPrefix) {
      let lower = line.name.lowercased()
      named[lower] = .array((named[lower]?.array ?? []) + [.string(line.value)])
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

  /// The whole message, for as long as `send` runs.
  func withMessage<T>(toHead: Bool, closing: Bool, date: String, _ send: (UnsafeBufferPointer<UInt8>) -> T) -> T {
    let room = headers.reduce(Self.mostOwnBytes + body.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { bytes in
      var text = Text(room: bytes)
      text.add(literal: "HTTP/1.1 ")
      text.add(decimal: status)
      text.add(literal: Self.reason(status))
      for index in headers.indices {
        text.add(literal: "\r\n")
        text.add(headers[index].name)
        text.add(literal: ": ")
        text.add(headers[index].value)
      }
      if status != 204 && status != 304 {
        text.add(literal: "\r\ncontent-length: ")
        text.add(decimal: body.count)
      }
      text.add(literal: "\r\ndate: ")
      text.add(date)
      text.add(literal: closing ? "\r\nconnection: close\r\n\r\n" : "\r\n\r\n")
      if !toHead { body.withUnsafeBufferPointer { text.add($0) } }
      return send(text.bytes)
    }
  }

  /// The status line, and the lines of a message that are not among `headers`.
  private static let mostOwnBytes = 256

  /// A text in the making, in memory that is large enough for it.
  private struct Text {
    let room: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    init(room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: room[..<count]) }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
      guard let start = bytes.baseAddress else { return }
      precondition(bytes.count <= room.count - count)
      (room.baseAddress! + count).initialize(from: start, count: bytes.count)
      count += bytes.count
    }

    mutating func add(literal text: StaticString) {
      add(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func add(decimal number: Int) {
      if number >= 10 { add(decimal: number / 10) }
      precondition(count < room.count)
      (room.baseAddress! + count).initialize(to: UInt8(ascii: "0") + UInt8(number % 10))
      count += 1
    }

    mutating func add(_ text: String) {
      // Every native text has its bytes in one place.
      guard text.utf8.withContiguousStorageIfAvailable({ add($0) }) == nil else { return }
      Array(text.utf8).withUnsafeBufferPointer { add($0) }
    }
  }

  private mutating func identify(_ invocation: String?) {
    if let invocation { headers.append(Line(Contract.invocation, invocation)) }
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

  /// With the space before it.
  private static func reason(_ status: Int) -> StaticString {
    switch status {
    case 200: " OK"
    case 201: " Created"
    case 202: " Accepted"
    case 204: " No Content"
    case 206: " Partial Content"
    case 301: " Moved Permanently"
    case 302: " Found"
    case 303: " See Other"
    case 304: " Not Modified"
    case 307: " Temporary Redirect"
    case 308: " Permanent Redirect"
    case 400: " Bad Request"
    case 401: " Unauthorized"
    case 403: " Forbidden"
    case 404: " Not Found"
    case 405: " Method Not Allowed"
    case 409: " Conflict"
    case 410: " Gone"
    case 413: " Content Too Large"
    case 415: " Unsupported Media Type"
    case 422: " Unprocessable Content"
    case 429: " Too Many Requests"
    case 431: " Request Header Fields Too Large"
    case 500: " Internal Server Error"
    case 501: " Not Implemented"
    case 502: " Bad Gateway"
    case 503: " Service Unavailable"
    case 504: " Gateway Timeout"
    default: " Status"
    }
  }
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
