import CLlhttp
import Glibc

/// One connection's requests: llhttp, and what it has found of the present one.
///
/// llhttp's callbacks get a pointer to `Found`, plain memory, so that nothing is retained for each of them.
final class HTTPParser {
  enum Event {
    /// More bytes are wanted.
    case more
    /// The head is whole: `head` may be read, and `proceed` lets the body come.
    case head
    /// The request is whole.
    case complete
    case failed(Failure)
  }

  enum Failure {
    case malformed(String)
    case headersTooLarge
    case bodyTooLarge
  }

  private let parser = UnsafeMutablePointer<llhttp_t>.allocate(capacity: 1)
  private let found = UnsafeMutablePointer<Found>.allocate(capacity: 1)
  /// A method that llhttp doesn't know is told to it as POST.
  private var start = Start.beforeMethod
  private var method: [UInt8] = []

  private enum Start {
    case beforeMethod
    case inMethod
    case afterMethod
  }

  init(maxBody: Int) {
    found.initialize(to: Found(maxBody: maxBody))
    llhttp_init(parser, HTTP_REQUEST, Self.callbacks)
    parser.pointee.data = UnsafeMutableRawPointer(found)
  }

  deinit {
    found.pointee.bytes.deallocate()
    found.deinitialize(count: 1)
    found.deallocate()
    parser.deallocate()
  }

  /// Whether a request has begun to arrive.
  var isInsideRequest: Bool { start != .beforeMethod }

  /// The target as it came.
  var target: String { String(decoding: found.pointee.bytes[0..<found.pointee.targetEnd], as: UTF8.self) }
  var methodText: String { String(decoding: method, as: UTF8.self) }
  var isKeptAlive: Bool { found.pointee.isKeptAlive }
  var hasBody: Bool { found.pointee.hasBody }
  var isHTTP11: Bool { found.pointee.isHTTP11 }
  /// nil where the body comes in chunks, or there is none.
  var declaredLength: UInt64? { found.pointee.declaredLength }
  var headerCount: Int { found.pointee.headFields }

  /// As it came. Bytes of a request stay until the next one.
  func nameBytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let field = found.pointee.fields[index]
    return found.pointee.bytes[field.name..<field.nameEnd]
  }

  /// In lower case.
  func name(_ index: Int) -> String {
    let field = found.pointee.fields[index]
    return String(decoding: found.pointee.bytes[field.name..<field.nameEnd], as: UTF8.self).lowercased()
  }

  func valueBytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let field = found.pointee.fields[index]
    return found.pointee.bytes[field.value..<field.valueEnd]
  }

  /// UTF-8 where it is that, and otherwise Latin-1, of which every byte is a character.
  func value(_ index: Int) -> String {
    let bytes = valueBytes(index)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  /// The body, which is the caller's from now on.
  func takeBody() -> [UInt8] {
    var body: [UInt8] = []
    swap(&body, &found.pointee.body)
    return body
  }

  /// Refuses a body of more than is allowed as soon as it is known.
  func proceed() {
    if let length = declaredLength { found.pointee.body.reserveCapacity(Int(length)) }
    llhttp_resume(parser)
  }

  /// Makes ready for the next request.
  func reset() {
    start = .beforeMethod
    method = []
    found.pointee.reset()
    llhttp_reset(parser)
  }

  /// Reads on; how many of the bytes were used, and what came of them.
  func read(_ bytes: UnsafeRawBufferPointer) -> (used: Int, event: Event) {
    var at = 0
    if start == .beforeMethod, let known = Self.toldAsTheyAre.first(where: { bytes.starts(with: $0, then: " ") }) {
      method = known
      start = .afterMethod
    }
    while start != .afterMethod {
      guard at < bytes.count else { return (at, .more) }
      if let event = readStart(bytes[at], bytes, &at) { return (at, event) }
    }
    let base = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
    let error = llhttp_execute(parser, base + at, bytes.count - at)
    if error == HPE_OK { return (bytes.count, .more) }
    let used = llhttp_get_error_pos(parser).map { $0 - base } ?? bytes.count
    switch (error, found.pointee.stop) {
    case (HPE_PAUSED, .head):
      found.pointee.stop = .none
      return (used, .head)
    case (HPE_PAUSED, .complete):
      return (used, .complete)
    case (_, .headersTooLarge):
      return (used, .failed(.headersTooLarge))
    case (_, .bodyTooLarge):
      return (used, .failed(.bodyTooLarge))
    default:
      return (
        used, .failed(.malformed(llhttp_get_error_reason(parser).map { String(cString: $0) } ?? "it is malformed"))
      )
    }
  }

  /// Takes one byte of the method, or of the empty lines that may come before it.
  private func readStart(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Event? {
    at += 1
    switch byte {
    case UInt8(ascii: "\r") where start == .beforeMethod:
      method = [byte]
      start = .inMethod
    case UInt8(ascii: "\n") where method == [UInt8(ascii: "\r")]:
      method = []
      start = .beforeMethod
    case UInt8(ascii: " ") where !method.isEmpty && method != [UInt8(ascii: "\r")]:
      start = .afterMethod
      let told = Self.toldAsTheyAre.contains(method) ? method : Array("POST".utf8)
      let error = (told + [byte]).withUnsafeBufferPointer { told in
        told.withMemoryRebound(to: CChar.self) { llhttp_execute(parser, $0.baseAddress, $0.count) }
      }
      if error != HPE_OK { return .failed(.malformed("the method can't be read")) }
    case UInt8(ascii: "!")...UInt8(ascii: "~") where method.count < Self.mostMethodBytes && Self.isToken(byte):
      if method == [UInt8(ascii: "\r")] { return .failed(.malformed("a bare CR")) }
      start = .inMethod
      method.append(byte)
    default:
      return .failed(.malformed("a method is wanted"))
    }
    return nil
  }

  private static let mostMethodBytes = 64
  private static let toldAsTheyAre = ["POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"].map { Array($0.utf8) }

  private static func isToken(_ byte: UInt8) -> Bool {
    !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
  }
}

/// Bytes that are added to a few at a time, without an array's care for who else may hold them.
private struct RawBytes {
  private var memory: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  /// Most heads need no more.
  private static let usual = 512
  /// More than so many are not kept.
  private static let mostKept = 4096

  init() {
    capacity = Self.usual
    memory = .allocate(capacity: capacity)
  }

  func deallocate() { memory.deallocate() }

  subscript(range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: memory + range.lowerBound, count: range.count)
  }

  mutating func append(_ bytes: UnsafePointer<CChar>, _ added: Int) {
    if count + added > capacity { move(to: max(2 * capacity, count + added)) }
    memcpy(memory + count, bytes, added)
    count += added
  }

  mutating func removeAll() {
    count = 0
    if capacity > Self.mostKept { move(to: Self.usual) }
  }

  private mutating func move(to size: Int) {
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    moved.initialize(from: memory, count: count)
    memory.deallocate()
    (memory, capacity) = (moved, size)
  }
}

/// What llhttp's callbacks have found of a request.
private struct Found {
  struct Field {
    var name: Int
    var nameEnd: Int
    var value: Int
    var valueEnd: Int
  }

  enum Stop {
    case none
    case head
    case complete
    case headersTooLarge
    case bodyTooLarge
  }

  let maxBody: Int
  /// The target, then names and values.
  var bytes = RawBytes()
  var targetEnd = 0
  /// Those that are whole.
  var fields: [Field] = []
  /// The one that is being read.
  var field: Field?
  /// Those of the head; what follows is a trailer, and not passed on.
  var headFields = 0
  var isInValue = true
  var body: [UInt8] = []
  var stop = Stop.none
  var isKeptAlive = true
  var isHTTP11 = true
  var hasBody = false
  var declaredLength: UInt64?

  /// Beside the headers.
  static let mostTargetBytes = 8 * 1024

  init(maxBody: Int) {
    self.maxBody = maxBody
    fields.reserveCapacity(16)
  }

  mutating func reset() {
    bytes.removeAll()
    fields.removeAll(keepingCapacity: true)
    field = nil
    body = []
    (targetEnd, isInValue, stop) = (0, true, .none)
  }

  mutating func add(_ at: UnsafePointer<CChar>?, _ count: Int) {
    if let at { bytes.append(at, count) }
  }

  mutating func endField() {
    if let field { fields.append(field) }
    field = nil
  }

  /// With a colon, a space, CR and LF for each line.
  var areHeadersTooLarge: Bool {
    let lines = fields.count + (field == nil ? 0 : 1)
    return lines > Contract.headerLines || bytes.count - targetEnd + 4 * lines > Contract.headerBytes
  }

  mutating func failing(_ why: Stop) -> Int32 {
    stop = why
    return -1
  }
}

extension HTTPParser {
  private static func found(_ parser: UnsafeMutablePointer<llhttp_t>?) -> UnsafeMutablePointer<Found> {
    parser!.pointee.data.assumingMemoryBound(to: Found.self)
  }

  private nonisolated(unsafe) static let callbacks: UnsafeMutablePointer<llhttp_settings_t> = {
    let callbacks = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    llhttp_settings_init(callbacks)
    callbacks.pointee.on_url = { parser, at, count in
      let found = found(parser)
      found.pointee.add(at, count)
      found.pointee.targetEnd = found.pointee.bytes.count
      return found.pointee.targetEnd > Found.mostTargetBytes ? found.pointee.failing(.headersTooLarge) : 0
    }
    callbacks.pointee.on_header_field = { parser, at, count in
      let found = found(parser)
      if found.pointee.isInValue {
        found.pointee.endField()
        let start = found.pointee.bytes.count
        found.pointee.field = Found.Field(name: start, nameEnd: start, value: start, valueEnd: start)
        found.pointee.isInValue = false
      }
      found.pointee.add(at, count)
      let end = found.pointee.bytes.count
      found.pointee.field?.nameEnd = end
      found.pointee.field?.value = end
      found.pointee.field?.valueEnd = end
      return found.pointee.areHeadersTooLarge ? found.pointee.failing(.headersTooLarge) : 0
    }
    callbacks.pointee.on_header_value = { parser, at, count in
      let found = found(parser)
      found.pointee.isInValue = true
      found.pointee.add(at, count)
      found.pointee.field?.valueEnd = found.pointee.bytes.count
      return found.pointee.areHeadersTooLarge ? found.pointee.failing(.headersTooLarge) : 0
    }
    callbacks.pointee.on_header_value_complete = { parser in
      found(parser).pointee.isInValue = true
      return 0
    }
    callbacks.pointee.on_headers_complete = { parser in
      let found = found(parser)
      found.pointee.endField()
      found.pointee.headFields = found.pointee.fields.count
      let flags = parser!.pointee.flags
      let isChunked = flags & UInt16(F_CHUNKED.rawValue) != 0
      let length = flags & UInt16(F_CONTENT_LENGTH.rawValue) != 0 ? parser!.pointee.content_length : 0
      found.pointee.isKeptAlive = llhttp_should_keep_alive(parser) != 0
      found.pointee.isHTTP11 = parser!.pointee.http_major == 1 && parser!.pointee.http_minor == 1
      found.pointee.declaredLength = isChunked ? nil : length
      found.pointee.hasBody = isChunked || length > 0
      // No protocol but this one is spoken here.
      parser!.pointee.upgrade = 0
      found.pointee.stop = .head
      return Int32(HPE_PAUSED.rawValue)
    }
    callbacks.pointee.on_body = { parser, at, count in
      let found = found(parser)
      if found.pointee.body.count + count > found.pointee.maxBody { return found.pointee.failing(.bodyTooLarge) }
      at?.withMemoryRebound(to: UInt8.self, capacity: count) {
        found.pointee.body.append(contentsOf: UnsafeBufferPointer(start: $0, count: count))
      }
      return 0
    }
    callbacks.pointee.on_message_complete = { parser in
      found(parser).pointee.stop = .complete
      return Int32(HPE_PAUSED.rawValue)
    }
    return callbacks
  }()
}

extension UnsafeBufferPointer<UInt8> {
  func isText(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && memcmp(baseAddress!, text.utf8Start, count) == 0
  }

  /// In any case of letters.
  func spells(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && strncasecmp(baseAddress!, text.utf8Start, count) == 0
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func starts(with bytes: [UInt8], then last: Unicode.Scalar) -> Bool {
    count > bytes.count && self[bytes.count] == UInt8(ascii: last) && memcmp(baseAddress!, bytes, bytes.count) == 0
  }
}
