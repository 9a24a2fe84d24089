#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Shows lines to whoever runs a function's own tests.
public struct StandardError: LogSink {
  public init() {}

  public func write(_ level: LogLevel, _ message: String) {
    let line = Array("\(level): \(message)\n".utf8)
    _ = Self.descriptor(STDERR_FILENO, line)
  }

  private static func descriptor(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, bytes.count)
    #else
      Darwin.write(descriptor, bytes, bytes.count)
    #endif
  }
}
