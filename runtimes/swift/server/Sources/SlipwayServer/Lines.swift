/// Collects bytes until there is a line.
struct Lines {
  /// A line that goes on for longer is cut.
  private static let mostBytes = 4 * 1024 * 1024

  private var partial: [UInt8] = []

  mutating func push(_ bytes: UnsafeRawBufferPointer) -> [String] {
    var lines: [String] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      partial.append(contentsOf: rest[..<end])
      lines.append(take())
      rest = rest[(end + 1)...]
    }
    partial.append(contentsOf: rest)
    if partial.count > Self.mostBytes { lines.append(take()) }
    return lines
  }

  /// The line that has no end yet, where there is one.
  mutating func rest() -> String? { partial.isEmpty ? nil : take() }

  private mutating func take() -> String {
    defer { partial.removeAll() }
    if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
    return String(decoding: partial, as: UTF8.self)
  }
}
