import Slipway

/// One step and its arguments: one of the wrong type makes the step unknown.
struct Step: Sendable {
  private let step: JSON

  init(_ step: JSON) { self.step = step }

  var name: String { step["do"]?.string ?? "" }

  var unknown: Failure {
    let name = step["do"].map { $0.string ?? "\($0)" } ?? "nothing"
    return Failure("unknown step: \(name)")
  }

  subscript(name: String) -> JSON? { step[name] }

  func text(_ name: String) throws -> String { try wanted(optionalText(name)) }

  func optionalText(_ name: String) throws -> String? { try optional(name, \.string) }

  func number(_ name: String) throws -> Double { try wanted(optionalNumber(name)) }

  func optionalNumber(_ name: String) throws -> Double? { try optional(name, \.double) }

  func count(_ name: String, default usual: Int) throws -> Int {
    let count = try optional(name, \.int) ?? usual
    if count < 0 { throw unknown }
    return count
  }

  func duration(_ name: String) throws -> Duration { .seconds(try number(name) / 1000) }

  func object(_ name: String) throws -> JSON.Object? { try optional(name, \.object) }

  func bytes(_ name: String) throws -> [UInt8]? {
    try optionalText(name).map { try wanted(decodeBase64($0)) }
  }

  private func optional<T>(_ name: String, _ read: (JSON) -> T?) throws -> T? {
    try step[name].map { try wanted(read($0)) }
  }

  private func wanted<T>(_ value: T?) throws -> T {
    guard let value else { throw unknown }
    return value
  }
}

private let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

func decodeBase64(_ text: String) -> [UInt8]? {
  var bytes: [UInt8] = []
  var bits = 0
  var count = 0
  for byte in text.utf8 where byte != UInt8(ascii: "=") {
    guard let value = digits.firstIndex(of: byte) else { return nil }
    bits = (bits << 6 | value) & 0xffff
    count += 6
    if count >= 8 {
      count -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> count))
    }
  }
  return bytes
}

func encodeBase64(_ bytes: [UInt8]) -> String {
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for place in 0..<4 {
      text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
