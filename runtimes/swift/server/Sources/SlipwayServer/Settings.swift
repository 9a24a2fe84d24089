import CSlipway
import Glibc

/// The environment, read once, at start. What can't be read is refused, with a line that names the variable.
struct Settings: Sendable {
  let host: String
  let port: Int
  let secret: [UInt8]
  let development: Bool
  let timeout: Nanoseconds
  let grace: Nanoseconds
  let maxBody: Int
  let concurrency: Int
  /// What every function sees of the environment.
  let env: [String: String]

  struct Unreadable: Error {
    let message: String
  }

  /// Also takes the runtime's own variables out of the environment: they are none of the function's business.
  init(environment: [String: String]) throws(Unreadable) {
    host = environment["RUNTIME_HOST"] ?? "0.0.0.0"
    port = try environment.whole("RUNTIME_PORT", 3000, 1...65535)
    secret = try environment.secret()
    development = environment["RUNTIME_ENV"] == "development"
    timeout = try environment.seconds("RUNTIME_TIMEOUT", 30)
    grace = try environment.seconds("RUNTIME_GRACE", 10)
    maxBody = try environment.whole("RUNTIME_MAX_BODY", 20 * 1024 * 1024, 1...(Int.max >> 1))
    // Each invocation may hold a thread.
    concurrency = try environment.whole("RUNTIME_CONCURRENCY", 100, 1...4096)
    // More processes would not be faster for functions that wait, and one is what is guarded.
    _ = try environment.whole("RUNTIME_WORKERS", 1, 1...1024)
    for name in environment.keys where name.hasPrefix(Contract.reservedVariables) { unsetenv(name) }
    env = environment.filter { !$0.key.hasPrefix(Contract.reservedVariables) }
  }

  /// The variables of this process.
  static func environment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
      entry += 1
    }
    return variables
  }

  /// A positive decimal: digits, and a fraction where there is one; no sign, no exponent.
  static func decimal(_ text: String) -> Double? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }
    // One nanosecond is the least that a deadline can be told from now.
    guard digits, let value = Double(text), value.isFinite, value >= 1e-9 else { return nil }
    return value
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// A secret as a file holds it: one line break belongs to the file.
  static func lessLineBreak(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.last == UInt8(ascii: "\n") else { return bytes }
    let rest = bytes.dropLast()
    return Array(rest.last == UInt8(ascii: "\r") ? rest.dropLast() : rest)
  }
}

extension [String: String] {
  /// The variable's value, unless it is missing or empty.
  private func given(_ name: String) -> String? {
    self[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// From the descriptor that launch.sh opened, from the variable, or else from a file.
  fileprivate func secret() throws(Settings.Unreadable) -> [UInt8] {
    var secret: [UInt8] = []
    if let text = given("RUNTIME_SECRET_FD") {
      guard let descriptor = Int32(text), let bytes = readAll(descriptor) else {
        throw .init(message: "RUNTIME_SECRET_FD is \(text.debugDescription): a descriptor is wanted")
      }
      secret = Settings.lessLineBreak(bytes)
    } else if let value = given("RUNTIME_SECRET") {
      secret = Array(value.utf8)
    } else if let path = given("RUNTIME_SECRET_FILE") {
      guard let bytes = readAll(open(path, O_RDONLY | O_CLOEXEC)) else {
        throw .init(message: "RUNTIME_SECRET_FILE, \(path), can't be read: \(String(cString: strerror(errno)))")
      }
      secret = Settings.lessLineBreak(bytes)
    }
    if secret.isEmpty {
      throw .init(
        message: "there is no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it")
    }
    return secret
  }

  fileprivate func whole(_ name: String, _ usual: Int, _ range: ClosedRange<Int>) throws(Settings.Unreadable) -> Int {
    guard let text = self[name] else { return usual }
    guard text.utf8.allSatisfy(Settings.isDigit), let value = Int(text), range.contains(value) else {
      throw .init(
        message:
          "\(name) is \(text.debugDescription): a whole number from \(range.lowerBound) to \(range.upperBound) is wanted"
      )
    }
    return value
  }

  fileprivate func seconds(_ name: String, _ usual: Double) throws(Settings.Unreadable) -> Nanoseconds {
    // Nobody means to wait for longer, and every clock can still be added to.
    let longest = 1e9
    guard let text = self[name] else { return Nanoseconds(seconds: usual) }
    guard let value = Settings.decimal(text), value <= longest else {
      throw .init(message: "\(name) is \(text.debugDescription): a positive decimal number of seconds is wanted")
    }
    return Nanoseconds(seconds: value)
  }
}

/// All that can be read from a descriptor, which is closed then; nil where it can't be read.
private func readAll(_ descriptor: Int32) -> [UInt8]? {
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0 { return nil }
    if count == 0 { return bytes }
    bytes.append(contentsOf: buffer[..<count])
  }
}
