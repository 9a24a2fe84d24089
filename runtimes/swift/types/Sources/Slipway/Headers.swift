/// The header lines of an answer, in order: `["cache-control": "no-store", "set-cookie": ["a=1", "b=2"]]`.
public struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  public private(set) var lines: [(name: String, value: String)] = []

  public init() {}

  public init(dictionaryLiteral fields: (String, any HeaderValue)...) {
    for (name, value) in fields { add(name, value) }
  }

  /// Adds a line, or as many as there are values.
  public mutating func add(_ name: String, _ value: any HeaderValue) {
    for line in value.headerLines { lines.append((name, line)) }
  }

  /// Why HTTP can't carry them.
  var problem: String? {
    for (name, value) in lines {
      if name.isEmpty || !name.utf8.allSatisfy(Self.isToken) { return "\(name.debugDescription) is no header name" }
      if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) {
        return "the header \(name) holds a control character"
      }
    }
    return nil
  }

  /// RFC 9110 5.6.2.
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: "!#$%&'*+.^`|~".utf8.contains(byte)
    }
  }
}

/// One line or several.
public protocol HeaderValue: Sendable {
  var headerLines: [String] { get }
}

extension String: HeaderValue {
  public var headerLines: [String] { [self] }
}

extension [String]: HeaderValue {
  public var headerLines: [String] { self }
}
