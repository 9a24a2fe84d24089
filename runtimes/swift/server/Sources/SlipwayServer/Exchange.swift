import CSlipway
import Glibc
import Slipway

/// From bytes to an invocation, and from an answer to bytes.
extension Loop {
  /// Does what epoll says of a connection.
  func react(_ connection: Connection, _ events: UInt32, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    if events & EPOLLOUT.rawValue != 0 {
      connection.moved = now
      guard connection.sendMore() else {
        gone(connection)
        return true
      }
      if connection.unsent.isEmpty, !sent(connection) { return true }
    }
    switch connection.phase {
    case .running:
      // It is looked at again when the answer has been given. A client that has hung up would be reported for ever.
      let isGone = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
      watch(connection, isGone || connection.unsent.isEmpty ? 0 : EPOLLOUT.rawValue)
      return true
    case .closed:
      return true
    case .lingering:
      let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
      if count == 0 || count < 0 && errno != EAGAIN { close(connection) }
      return true
    case .reading:
      guard events & ~EPOLLOUT.rawValue != 0 else { return true }
      let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
      if count <= 0 {
        if count == 0 || errno != EAGAIN { gone(connection) }
        return true
      }
      connection.moved = now
      connection.isFresh = false
      return read(connection, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// The client will not say more.
  private func gone(_ connection: Connection) {
    if connection.isRunning { watch(connection, 0) } else { close(connection) }
  }

  /// Takes requests off the front of `bytes`, up to the first one whose function runs.
  private func read(_ connection: Connection, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while case .reading = connection.phase {
      let (used, event) = connection.parser.read(UnsafeRawBufferPointer(rebasing: bytes[at...]))
      at += used
      switch event {
      case .more:
        return true
      case .head:
        begin(connection)
      case .complete:
        let body = connection.parser.takeBody()
        connection.parser.reset()
        // Without one it has been refused.
        guard let exchange = connection.exchange else { continue }
        connection.exchange = nil
        connection.isBodyRead = true
        if at < bytes.count { connection.early = Array(bytes[at...]) }
        return invoke(connection, exchange, body)
      case .failed(.malformed(let why)):
        refuse(connection, Refusal(.badRequest, "the request can't be read: \(why)"), nil)
      case .failed(.headersTooLarge):
        refuse(connection, Refusal(.headersTooLarge, "the headers are larger than the runtime takes"), nil)
      case .failed(.bodyTooLarge):
        refuse(connection, tooLarge, connection.exchange?.id)
      }
    }
    return true
  }

  /// Looks at what had come before it could be looked at.
  func readEarly(_ connection: Connection) -> Bool {
    guard case .reading = connection.phase else { return true }
    let early = connection.early
    connection.early = []
    return early.withUnsafeBytes { read(connection, $0) }
  }

  private var tooLarge: Refusal {
    Refusal(.payloadTooLarge, "the body is larger than \(server.settings.maxBody) bytes")
  }

  private func refuse(_ connection: Connection, _ refusal: Refusal, _ invocation: String?) {
    connection.isBodyRead = false
    finish(connection, .refused(refusal, invocation), toHead: connection.parser.methodText == "HEAD")
  }

  // MARK: Before the body

  private func begin(_ connection: Connection) {
    let parser = connection.parser
    connection.isBodyRead = !parser.hasBody
    var id: String?
    do throws(Refusal) {
      let (path, query) = Raw.split(target: parser.target)
      let method = parser.methodText
      let steering = Steering(parser)
      if let probe = try probed(method, path) {
        parser.proceed()
        finish(connection, probe, toHead: method == "HEAD")
        return
      }
      guard steering.isAuthorised(server.settings.secret) else {
        throw Refusal(.unauthorized, "the header \(Contract.secret) is missing or wrong")
      }
      let given = try steering.invocationId() ?? server.nextId()
      id = given
      let isRaw = try steering.isRaw()
      let timeout = try steering.timeout(longest: server.settings.timeout)
      let inEnvelope = try steering.isInEnvelope()
      if !isRaw { try steering.checkEnvelope(method: method, path: path) }
      _ = try server.callable()
      if let length = parser.declaredLength, length > UInt64(server.settings.maxBody) { throw tooLarge }
      connection.exchange = Connection.Exchange(
        id: given, method: method, path: path, isRaw: isRaw, inEnvelope: inEnvelope, timeout: timeout,
        trace: steering.traceId, mediaType: isRaw ? steering.mediaType : "",
        headers: isRaw ? Raw.headers(parser) : [:], query: query)
      if steering.expectsContinue, parser.hasBody, !connection.send(literal: "HTTP/1.1 100 Continue\r\n\r\n") {
        close(connection)
        return
      }
      parser.proceed()
    } catch {
      parser.proceed()
      finish(connection, .refused(error, id), toHead: parser.methodText == "HEAD")
    }
  }

  private func probed(_ method: String, _ path: String) throws(Refusal) -> Reply? {
    guard method == "GET" || method == "HEAD" else { return nil }
    switch path {
    case Contract.health:
      return .json(200, Array(#"{"status":"ok"}"#.utf8))
    case Contract.ready:
      _ = try server.available()
      return .json(200, Array(#"{"status":"ready"}"#.utf8))
    default:
      return nil
    }
  }

  // MARK: The function

  private func invoke(_ connection: Connection, _ exchange: Connection.Exchange, _ body: [UInt8]) -> Bool {
    let isHead = exchange.method == "HEAD"
    do throws(Refusal) {
      let envelope = exchange.isRaw ? try Envelope(raw: exchange, body) : try Envelope(body: body)
      let function = try server.callable()
      var flags: SharedTable.Flags = exchange.inEnvelope ? [.inEnvelope] : []
      if isHead { flags.insert(.toHead) }
      let trace = exchange.trace ?? envelope.headers[Contract.trace].flatMap(Steering.traceId)
      let invocation = Invocation(
        owner: .init(invocation: exchange.id, trace: trace), flags: flags, started: now,
        deadline: now + exchange.timeout, connection: connection, server: server)
      guard server.flight.take(invocation) else { throw Server.overloaded }
      server.table.begin(connection.descriptor, id: exchange.id, flags)
      connection.phase = .running
      let deadline = (wallClock + exchange.timeout).seconds
      let request = Request(
        payload: envelope.payload, method: envelope.method, path: envelope.path, query: envelope.query,
        headers: envelope.headers, env: env(of: envelope), body: exchange.isRaw ? body : envelope.payloadBytes,
        id: exchange.id, deadline: deadline, sink: invocation)
      return start(invocation, function, request)
    } catch {
      finish(connection, .refused(error, exchange.id), toHead: isHead)
      return true
    }
  }

  private func env(of envelope: Envelope) -> [String: String] {
    envelope.env.isEmpty ? server.settings.env : server.settings.env.merging(envelope.env) { $1 }
  }

  // MARK: The answer

  /// Answers, and has what came meanwhile looked at.
  func finish(_ connection: Connection, _ reply: Reply, toHead: Bool) {
    if case .closed = connection.phase { return }
    // What was not read of a body can't be told from the next request.
    let isLast = server.state != .serving || !connection.parser.isKeptAlive || !connection.isBodyRead
    connection.closesWhenSent = isLast
    connection.phase = .reading
    connection.exchange = nil
    connection.moved = now
    guard reply.withMessage(toHead: toHead, closing: isLast, date: date, connection.send) else {
      close(connection)
      return
    }
    if connection.unsent.isEmpty {
      guard sent(connection) else { return }
    } else if isLast {
      connection.phase = .lingering(since: now)
    }
    watch(connection, EPOLLIN.rawValue | (connection.unsent.isEmpty ? 0 : EPOLLOUT.rawValue))
    if !connection.early.isEmpty { post(.early(connection)) }
  }

  /// All is sent; whether the connection stays.
  private func sent(_ connection: Connection) -> Bool {
    guard connection.closesWhenSent else {
      if connection.interest & EPOLLOUT.rawValue != 0 { watch(connection, EPOLLIN.rawValue) }
      return true
    }
    if connection.isBodyRead, connection.early.isEmpty {
      close(connection)
      return false
    }
    shutdown(connection.descriptor, Int32(SHUT_WR))
    connection.phase = .lingering(since: now)
    watch(connection, EPOLLIN.rawValue)
    return true
  }
}
