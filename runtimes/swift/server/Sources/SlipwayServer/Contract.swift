/// The names and numbers of contract.yaml that this server needs.
enum Contract {
  static let secret = "x-runtime-secret"
  static let mode = "x-runtime-mode"
  static let timeout = "x-runtime-timeout"
  static let invocation = "x-runtime-invocation-id"
  static let result = "x-runtime-result"
  static let error = "x-runtime-error"
  static let trace = "traceparent"
  static let reservedPrefix = "x-runtime-"
  static let reservedVariables = "RUNTIME_"

  static let health = "/_runtime/health"
  static let ready = "/_runtime/ready"

  static let headerBytes = 16 * 1024
  static let headerLines = 100
  static let stall = Nanoseconds(seconds: 10)
  static let resultLogBytes = 1024 * 1024
  static let invocationIdBytes = 64
  static let configurationExit: Int32 = 78

  /// What concerns one connection only, RFC 9110 7.6.1; `connection` may name more.
  static let hopByHop: Set = [
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade",
  ]
}

/// The runtime's own errors.
enum Code: String, Sendable {
  case invalidJSON = "invalid_json"
  case invalidEnvelope = "invalid_envelope"
  case invalidHeader = "invalid_header"
  case badRequest = "bad_request"
  case unauthorized
  case notFound = "not_found"
  case methodNotAllowed = "method_not_allowed"
  case payloadTooLarge = "payload_too_large"
  case unsupportedMediaType = "unsupported_media_type"
  case headersTooLarge = "headers_too_large"
  case functionError = "function_error"
  case noResponse = "no_response"
  case invalidResponse = "invalid_response"
  case functionNotLoaded = "function_not_loaded"
  case overloaded
  case shuttingDown = "shutting_down"
  case timeout

  var status: Int {
    switch self {
    case .invalidJSON, .invalidEnvelope, .invalidHeader, .badRequest: 400
    case .unauthorized: 401
    case .notFound: 404
    case .methodNotAllowed: 405
    case .payloadTooLarge: 413
    case .unsupportedMediaType: 415
    case .headersTooLarge: 431
    case .functionError, .noResponse, .invalidResponse: 500
    case .functionNotLoaded, .overloaded, .shuttingDown: 503
    case .timeout: 504
    }
  }
}

/// One of the runtime's own errors, with what is said of it.
struct Refusal: Error {
  let code: Code
  let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
