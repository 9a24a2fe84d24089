import Glibc

/// One client's connection. It belongs to the loop: only the leader touches it.
final class Connection: @unchecked Sendable {
  enum Phase {
    /// A request is awaited, or is arriving.
    case reading
    /// Its function runs.
    case running
    /// The last answer was given; what still comes is thrown away, or the client could not read the answer.
    case lingering(since: Nanoseconds)
    case closed
  }

  /// What was asked for, once the head is there.
  final class Exchange {
    let id: String
    let method: String
    let path: String
    let isRaw: Bool
    let inEnvelope: Bool
    let timeout: Nanoseconds
    let trace: String?
    let mediaType: String
    /// In raw mode.
    let headers: [String: String]
    let query: Substring

    init(
      id: String, method: String, path: String, isRaw: Bool, inEnvelope: Bool, timeout: Nanoseconds, trace: String?,
      mediaType: String, headers: [String: String], query: Substring
    ) {
      self.id = id
      self.method = method
      self.path = path
      self.isRaw = isRaw
      self.inEnvelope = inEnvelope
      self.timeout = timeout
      self.trace = trace
      self.mediaType = mediaType
      self.headers = headers
      self.query = query
    }
  }

  let descriptor: Int32
  let parser: HTTPParser
  var phase = Phase.reading
  var exchange: Exchange?
  /// Bytes that came before they could be looked at.
  var early: [UInt8] = []
  var isBodyRead = true
  /// What the socket has not taken yet.
  private(set) var unsent: ArraySlice<UInt8> = []
  var closesWhenSent = false
  /// Nothing has come yet.
  var isFresh = true
  var moved: Nanoseconds
  /// What epoll watches it for.
  var interest: UInt32 = 0

  init(descriptor: Int32, maxBody: Int, now: Nanoseconds) {
    self.descriptor = descriptor
    parser = HTTPParser(maxBody: maxBody)
    moved = now
  }

  var isRunning: Bool {
    if case .running = phase { true } else { false }
  }

  /// Between requests.
  var isIdle: Bool {
    if case .reading = phase { !parser.isInsideRequest && unsent.isEmpty } else { false }
  }

  /// Whether something has come that was not read.
  var hasUnread: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
  }

  /// Sends what the socket takes; false where the client is gone.
  func send(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard unsent.isEmpty else {
      unsent.append(contentsOf: bytes)
      return sendMore()
    }
    // Most answers are taken whole, and at once.
    let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    if sent == bytes.count { return true }
    unsent = ArraySlice(bytes[max(0, sent)...])
    return sendMore()
  }

  func send(literal text: StaticString) -> Bool {
    send(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  func sendMore() -> Bool {
    while !unsent.isEmpty {
      let sent = unsent.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
      }
      if sent >= 0 {
        unsent = unsent.dropFirst(sent)
      } else if errno == EAGAIN {
        return true
      } else if errno != EINTR {
        return false
      }
    }
    unsent = []
    return true
  }
}
