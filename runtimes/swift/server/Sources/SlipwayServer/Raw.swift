import Slipway

/// Raw mode: the HTTP request is the function's request.
enum Raw {
  /// Path and query of a target, which may be absolute.
  static func split(target: String) -> (path: String, query: Substring) {
    if target == "/" { return (target, "") }
    var rest = target[...]
    if !rest.hasPrefix("/"), let scheme = rest.range(ofText: "://") {
      rest = rest[scheme.upperBound...]
      rest = rest[(rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex)...]
    }
    let mark = rest.firstIndex(of: "?")
    let path = rest[..<(mark ?? rest.endIndex)]
    return (path.isEmpty ? "/" : String(path), mark.map { rest[rest.index(after: $0)...] } ?? "")
  }

  /// The caller's headers, less what steers the runtime and what concerns one connection.
  static func headers(_ parser: HTTPParser) -> [String: String] {
    let names = (0..<parser.headerCount).map(parser.name)
    var hidden = Contract.hopByHop
    for (index, name) in names.enumerated() where name == "connection" {
      for listed in parser.value(index).split(separator: ",") { hidden.insert(String(listed).trimmed.lowercased()) }
    }
    var headers: [String: String] = [:]
    for (index, name) in names.enumerated() where !name.hasPrefix(Contract.reservedPrefix) && !hidden.contains(name) {
      headers.addHeader(name, parser.value(index))
    }
    return headers
  }

  /// What the body says, by its type.
  static func payload(_ body: [UInt8], mediaType: String) throws(Refusal) -> JSON {
    if mediaType == "application/json" || mediaType.hasSuffix("+json") {
      return body.isEmpty ? .null : try parseJSON(body)
    }
    return mediaType.hasPrefix("text/") ? .string(String(decoding: body, as: UTF8.self)) : .null
  }
}

extension Substring {
  /// Where a short text is found first.
  fileprivate func range(ofText text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
