#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension JSON {
  /// Reads JSON in UTF-8, as RFC 8259 has it.
  public init(parsing bytes: [UInt8]) throws(SyntaxError) {
    let parsed = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(SyntaxError) in try JSON(parsing: bytes) }
    }
    self = try parsed.get()
  }

  public init(parsing text: String) throws(SyntaxError) {
    try self.init(parsing: Array(text.utf8))
  }

  public init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(SyntaxError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }

  /// Where a text stops being JSON, and what was wanted there.
  public struct SyntaxError: Error, CustomStringConvertible {
    public let offset: Int
    public let wanted: String

    public var description: String { "\(wanted) at byte \(offset)" }
  }
}

/// Reads one document; each method takes what its name says off the front.
private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var at = 0
  var depth = 0

  /// Deeper ones would only be made to exhaust a stack.
  static let mostDepth = 512

  init(bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  mutating func document() throws(JSON.SyntaxError) -> JSON {
    skipSpace()
    let value = try value()
    skipSpace()
    if at < bytes.count { throw wanted("the end is wanted") }
    return value
  }

  private func wanted(_ what: String) -> JSON.SyntaxError {
    JSON.SyntaxError(offset: at, wanted: what)
  }

  /// The next byte; 0, which begins nothing, at the end.
  private var next: UInt8 { at < bytes.count ? bytes[at] : 0 }

  private mutating func skipSpace() {
    while at < bytes.count, case let byte = bytes[at], byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      at += 1
    }
  }

  private mutating func value() throws(JSON.SyntaxError) -> JSON {
    switch next {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw wanted("a value is wanted")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSON) throws(JSON.SyntaxError) -> JSON {
    guard at + text.utf8CodeUnitCount <= bytes.count,
      memcmp(bytes.baseAddress! + at, text.utf8Start, text.utf8CodeUnitCount) == 0
    else { throw wanted("\(text) is wanted") }
    at += text.utf8CodeUnitCount
    return value
  }

  private mutating func enter() throws(JSON.SyntaxError) {
    at += 1
    depth += 1
    if depth > Self.mostDepth { throw wanted("no value nested so deep is wanted") }
    skipSpace()
  }

  private mutating func object() throws(JSON.SyntaxError) -> JSON {
    try enter()
    var members = JSON.Object()
    if next == UInt8(ascii: "}") {
      at += 1
      depth -= 1
      return .object(members)
    }
    while true {
      guard next == UInt8(ascii: "\"") else { throw wanted("the name of a member is wanted") }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw wanted("a colon is wanted") }
      at += 1
      skipSpace()
      members[name] = try value()
      skipSpace()
      if try isLast(before: UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func array() throws(JSON.SyntaxError) -> JSON {
    try enter()
    var elements: [JSON] = []
    if next == UInt8(ascii: "]") {
      at += 1
      depth -= 1
      return .array(elements)
    }
    while true {
      elements.append(try value())
      skipSpace()
      if try isLast(before: UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  private mutating func isLast(before end: UInt8) throws(JSON.SyntaxError) -> Bool {
    switch next {
    case end:
      at += 1
      depth -= 1
      return true
    case UInt8(ascii: ","):
      at += 1
      skipSpace()
      return false
    default:
      throw wanted("a comma or the end of the \(end == UInt8(ascii: "]") ? "array" : "object") is wanted")
    }
  }

  private mutating func digits() throws(JSON.SyntaxError) {
    let start = at
    while case UInt8(ascii: "0")...UInt8(ascii: "9") = next { at += 1 }
    if at == start { throw wanted("a digit is wanted") }
  }

  private mutating func number() throws(JSON.SyntaxError) -> JSON {
    let start = at
    if next == UInt8(ascii: "-") { at += 1 }
    if next == UInt8(ascii: "0") { at += 1 } else { try digits() }
    var isInteger = true
    if next == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try digits()
    }
    if next | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw wanted("a number that a float can hold is wanted") }
    return .number(value)
  }

  private mutating func string() throws(JSON.SyntaxError) -> String {
    at += 1
    let start = at
    var union: UInt8 = 0
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\""):
        let slice = UnsafeBufferPointer(rebasing: bytes[start..<at])
        // Most texts are ASCII, which need not be looked at again.
        guard
          let text = union < 0x80 ? String(decoding: slice, as: UTF8.self) : String(validating: slice, as: UTF8.self)
        else { throw wanted("UTF-8 is wanted") }
        at += 1
        return text
      case UInt8(ascii: "\\"):
        return try escapedString(from: start)
      case 0..<0x20:
        throw wanted("no control character is wanted")
      default:
        union |= byte
        at += 1
      }
    }
    throw wanted("the end of a string is wanted")
  }

  private mutating func escapedString(from start: Int) throws(JSON.SyntaxError) -> String {
    var text = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: text, as: UTF8.self) else { throw wanted("UTF-8 is wanted") }
        at += 1
        return text
      case UInt8(ascii: "\\"):
        at += 1
        try escape(into: &text)
      case 0..<0x20:
        throw wanted("no control character is wanted")
      default:
        text.append(byte)
        at += 1
      }
    }
    throw wanted("the end of a string is wanted")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSON.SyntaxError) {
    let byte = next
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: Character(try scalar()).utf8)
    default: throw wanted("an escape is wanted")
    }
  }

  /// Half of a pair alone is no character: it is replaced.
  private mutating func scalar() throws(JSON.SyntaxError) -> Unicode.Scalar {
    let first = try unit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard UTF16.isLeadSurrogate(first), next == UInt8(ascii: "\\"), at + 1 < bytes.count,
      bytes[at + 1] == UInt8(ascii: "u")
    else { return "\u{fffd}" }
    let before = at
    at += 2
    let second = try unit()
    guard UTF16.isTrailSurrogate(second) else {
      at = before
      return "\u{fffd}"
    }
    return UTF16.decode(UTF16.EncodedScalar([first, second]))
  }

  private mutating func unit() throws(JSON.SyntaxError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(next)).hexDigitValue, next < 0x80 else {
        throw wanted("four hexadecimal digits are wanted")
      }
      unit = unit << 4 | UInt16(digit)
      at += 1
    }
    return unit
  }
}
