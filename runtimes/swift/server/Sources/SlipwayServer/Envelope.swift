import Slipway

/// The members of an envelope, with their defaults.
struct Envelope {
  var payload = JSON.null
  var headers: [String: String] = [:]
  var env: [String: String] = [:]
  var method = "POST"
  var path = "/"
  var query: [String: [String]] = [:]

  init(body: [UInt8]) throws(Refusal) {
    guard case .object(let members) = try parseJSON(body) else {
      throw Refusal(.invalidEnvelope, "the envelope must be an object")
    }
    for (name, value) in members {
      switch name {
      case "payload": payload = value
      case "headers":
        for (name, value) in try Self.strings(name, value) { headers.addHeader(name.lowercased(), value) }
      case "env":
        for (name, value) in try Self.strings(name, value) { env[name] = value }
      case "method": method = try Self.text(name, value)
      case "path": path = try Self.text(name, value)
      case "query": query = Query.parse(try Self.text(name, value))
      default: break
      }
    }
  }

  /// Raw mode's request, as if it had been sent in one.
  init(raw exchange: Connection.Exchange, _ body: [UInt8]) throws(Refusal) {
    payload = try Raw.payload(body, mediaType: exchange.mediaType)
    (headers, method, path) = (exchange.headers, exchange.method, exchange.path)
    query = Query.parse(exchange.query)
  }

  /// The bytes of a payload that is a string.
  var payloadBytes: [UInt8] {
    if case .string(let text) = payload { Array(text.utf8) } else { [] }
  }

  private static func text(_ name: String, _ value: JSON) throws(Refusal) -> String {
    guard case .string(let text) = value else {
      throw Refusal(.invalidEnvelope, "the envelope's \(name) must be a string")
    }
    return text
  }

  private static func strings(_ name: String, _ value: JSON) throws(Refusal) -> [(String, String)] {
    let wrong = Refusal(.invalidEnvelope, "the envelope's \(name) must be an object of strings")
    guard case .object(let members) = value else { throw wrong }
    var strings: [(String, String)] = []
    for (name, value) in members {
      guard case .string(let text) = value else { throw wrong }
      strings.append((name, text))
    }
    return strings
  }
}

func parseJSON(_ body: [UInt8]) throws(Refusal) -> JSON {
  do {
    return try JSON(parsing: body)
  } catch {
    throw Refusal(.invalidJSON, "the body is not JSON in UTF-8: \(error)")
  }
}

extension [String: String] {
  /// Joins several fields of one name as RFC 9110 5.3 and RFC 6265 5.4 say.
  mutating func addHeader(_ name: String, _ value: String) {
    if let present = self[name] {
      self[name] = "\(present)\(name == "cookie" ? "; " : ", ")\(value)"
    } else {
      self[name] = value
    }
  }
}
