import Glibc

/// Which connections wait for a function, by descriptor, in memory that the guard process shares: it reads it when the
/// serving process is gone.
struct SharedTable: @unchecked Sendable {
  /// More connections than a process of this kind has.
  static let mostDescriptors = 1 << 16

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let toHead = Flags(rawValue: 1)
    static let inEnvelope = Flags(rawValue: 2)
  }

  private struct Entry {
    var isRunning: Bool
    var flags: UInt8
    var idLength: UInt8
  }

  private static let entryBytes = 128
  private static let idOffset = 16

  private let memory: UnsafeMutableRawPointer

  /// nil where the system gives no memory. Pages that are never touched cost nothing.
  init?() {
    let size = Self.mostDescriptors * Self.entryBytes
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else { return nil }
    self.memory = memory
  }

  private func entry(_ descriptor: Int32) -> UnsafeMutablePointer<Entry> {
    (memory + Int(descriptor) * Self.entryBytes).assumingMemoryBound(to: Entry.self)
  }

  func begin(_ descriptor: Int32, id: String, _ flags: Flags) {
    var id = id
    id.withUTF8 { bytes in
      let count = min(bytes.count, Contract.invocationIdBytes)
      (memory + Int(descriptor) * Self.entryBytes + Self.idOffset).copyMemory(
        from: bytes.baseAddress!, byteCount: count)
      entry(descriptor).pointee = Entry(isRunning: true, flags: flags.rawValue, idLength: UInt8(count))
    }
  }

  func end(_ descriptor: Int32) {
    entry(descriptor).pointee.isRunning = false
  }

  /// All that wait for the function.
  func running() -> [(descriptor: Int32, id: String, flags: Flags)] {
    (0..<Int32(Self.mostDescriptors)).compactMap { descriptor in
      let entry = entry(descriptor).pointee
      guard entry.isRunning else { return nil }
      let id = UnsafeRawBufferPointer(
        start: memory + Int(descriptor) * Self.entryBytes + Self.idOffset, count: Int(entry.idLength))
      return (descriptor, String(decoding: id, as: UTF8.self), Flags(rawValue: entry.flags))
    }
  }
}
