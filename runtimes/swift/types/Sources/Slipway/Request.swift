/// What a function is called with. It is the function's own: whatever is changed in it, nobody else sees.
public struct Request: Sendable {
  public var method: String
  public var path: String
  /// Decoded: each name with its values in order.
  public var query: [String: [String]]
  /// Names are in lower case, several fields of one name joined.
  public var headers: [String: String]
  /// The envelope's payload; in raw mode the body, parsed where it is JSON, a string where it is text.
  public var payload: JSON
  /// The container's variables, overlaid with the invocation's.
  public var env: [String: String]
  /// In raw mode the exact bytes received, under the envelope those of a payload that is a string.
  public var body: [UInt8]
  public let id: String
  /// When the runtime stops waiting, in seconds since 1970.
  public let deadline: Double
  private let sink: any LogSink

  /// A function's own tests make requests too.
  public init(
    payload: JSON = nil, method: String = "POST", path: String = "/", query: [String: [String]] = [:],
    headers: [String: String] = [:], env: [String: String] = [:], body: [UInt8] = [], id: String = "test",
    deadline: Double = .infinity, sink: any LogSink = StandardError()
  ) {
    self.payload = payload
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.env = env
    self.body = body
    self.id = id
    self.deadline = deadline
    self.sink = sink
  }

  /// Writes a line of level info to the log, under this invocation, also after it has ended.
  public func log(_ message: String) {
    sink.write(.info, message)
  }

  /// Writes a line of level error to the log, under this invocation.
  public func error(_ message: String) {
    sink.write(.error, message)
  }
}

/// How serious a line of the log is.
public enum LogLevel: String, Sendable {
  case info
  case error
}

/// Where lines go: the runtime's log, or whatever a test wants to look at.
public protocol LogSink: Sendable {
  func write(_ level: LogLevel, _ message: String)
}
