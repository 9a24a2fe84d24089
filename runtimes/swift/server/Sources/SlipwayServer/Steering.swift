/// What the HTTP headers ask of the runtime itself, found in one pass over all of them.
struct Steering {
  private var secret = Place.nowhere
  private var contentType = Place.nowhere
  private var invocation = Place.nowhere
  private var mode = Place.nowhere
  private var result = Place.nowhere
  private var timeout = Place.nowhere
  private var trace = Place.nowhere
  /// Where a name is there more than once: its first place, and all its values as one.
  private var repeated: [Int: String] = [:]
  private(set) var expectsContinue = false
  private let parser: HTTPParser

  /// Of a header among all. It is no `Int?`, of which several together are moved one by one, through calls.
  private struct Place {
    static let nowhere = Place(number: -1)
    let number: Int

    var index: Int? { number < 0 ? nil : number }
  }

  init(_ parser: HTTPParser) {
    self.parser = parser
    for index in 0..<parser.headerCount {
      let name = parser.nameBytes(index)
      // A name is compared with one of its length at most.
      switch name.count {
      case 6 where name.spells("expect"):
        expectsContinue = parser.isHTTP11 && parser.value(index).lowercased() == "100-continue"
      case 11 where name.spells("traceparent"): trace = noted(index, after: trace)
      case 12 where name.spells("content-type"): contentType = Place(number: contentType.index ?? index)
      case 14 where name.spells("x-runtime-mode"): mode = noted(index, after: mode)
      case 16:
        if name.spells("x-runtime-secret") {
          secret = noted(index, after: secret)
        } else if name.spells("x-runtime-result") {
          result = noted(index, after: result)
        }
      case 17 where name.spells("x-runtime-timeout"): timeout = noted(index, after: timeout)
      case 23 where name.spells("x-runtime-invocation-id"): invocation = noted(index, after: invocation)
      default: break
      }
    }
  }

  private mutating func noted(_ index: Int, after first: Place) -> Place {
    guard let present = value(first) else { return Place(number: index) }
    repeated[first.number] = "\(present), \(parser.value(index))"
    return first
  }

  private func value(_ place: Place) -> String? {
    guard let index = place.index else { return nil }
    return repeated[index] ?? parser.value(index)
  }

  /// Takes as long whatever differs, and wherever; only a length may be told from it.
  func isAuthorised(_ secret: [UInt8]) -> Bool {
    guard let index = self.secret.index else { return false }
    if let joined = repeated[index] { return Self.isSame(joined.utf8, secret) }
    return Self.isSame(parser.valueBytes(index), secret)
  }

  private static func isSame(_ given: some Collection<UInt8>, _ secret: [UInt8]) -> Bool {
    guard given.count == secret.count else { return false }
    return zip(given, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// The caller's id for this invocation, or nil.
  func invocationId() throws(Refusal) -> String? {
    guard let id = value(invocation) else { return nil }
    let allowed = id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard allowed, (1...Contract.invocationIdBytes).contains(id.utf8.count) else {
      throw Refusal(
        .invalidHeader,
        "\(Contract.invocation) must be 1 to \(Contract.invocationIdBytes) letters, digits, dots, underscores or dashes"
      )
    }
    return id
  }

  func isRaw() throws(Refusal) -> Bool {
    try isOther(Contract.mode, mode, usual: "envelope", other: "raw")
  }

  func isInEnvelope() throws(Refusal) -> Bool {
    try isOther(Contract.result, result, usual: "plain", other: "envelope")
  }

  /// What the caller asks for, where that isn't longer than the launch allows.
  func timeout(longest: Nanoseconds) throws(Refusal) -> Nanoseconds {
    guard let text = value(timeout) else { return longest }
    guard let seconds = Settings.decimal(text) else {
      throw Refusal(.invalidHeader, "\(Contract.timeout) must be a positive decimal number of seconds")
    }
    return seconds >= longest.seconds ? longest : Nanoseconds(seconds: seconds)
  }

  /// Refuses what is no envelope by its address, method or type.
  func checkEnvelope(method: String, path: String) throws(Refusal) {
    if path != "/" {
      throw Refusal(.notFound, "an envelope is posted to /; other paths need x-runtime-mode: raw")
    }
    if method != "POST" {
      throw Refusal(.methodNotAllowed, "an envelope is posted; other methods need x-runtime-mode: raw")
    }
    if let index = contentType.index, parser.valueBytes(index).isText("application/json") { return }
    if mediaType != "application/json" {
      throw Refusal(.unsupportedMediaType, "the content type of an envelope is application/json")
    }
  }

  /// The content type without its parameters, in lower case.
  var mediaType: String {
    guard let index = contentType.index else { return "" }
    let type = parser.value(index)
    if type == "application/json" { return type }
    let end = type.firstIndex(of: ";") ?? type.endIndex
    return String(type[..<end]).trimmed.lowercased()
  }

  /// The trace id that the headers hold, or nil.
  var traceId: String? { value(trace).flatMap(Self.traceId) }

  /// The trace id of a valid W3C traceparent.
  static func traceId(_ header: String) -> String? {
    let parts = header.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.utf8.count == $1 && isHex($0) }) else {
      return nil
    }
    // Later versions may have more parts, this one has not.
    let isWhole = parts[0] != "00" || parts.count == 4
    let isZero = [parts[1], parts[2]].contains { $0.utf8.allSatisfy { $0 == UInt8(ascii: "0") } }
    return isWhole && parts[0] != "ff" && !isZero ? String(parts[1]) : nil
  }

  private static func isHex(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { Settings.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
  }

  /// Whether the header says the other of two words; no header is the usual one.
  private func isOther(_ name: String, _ place: Place, usual: String, other: String) throws(Refusal) -> Bool {
    switch value(place) {
    case nil, usual: return false
    case other: return true
    default: throw Refusal(.invalidHeader, "\(name) must be \(usual) or \(other)")
    }
  }
}

extension String {
  var trimmed: String {
    guard let start = firstIndex(where: { $0 != " " && $0 != "\t" }),
      let end = lastIndex(where: { $0 != " " && $0 != "\t" })
    else { return "" }
    return String(self[start...end])
  }
}
