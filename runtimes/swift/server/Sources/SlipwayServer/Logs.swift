import Glibc
import Slipway

/// The log: JSON lines on what was standard output at the start.
///
/// A line is written at once where that can't block, so that it is out even if the function ends the process with its next
/// step. Where whoever reads is slower than the function, lines wait for a thread of their own; beyond `mostWaiting` bytes
/// the newest are dropped and counted, as a flood must not stop the server.
final class Logs: @unchecked Sendable {
  /// Whose line it is.
  struct Owner: Sendable {
    let invocation: String
    let trace: String?
  }

  private static let mostWaiting = 64 * 1024 * 1024
  private static let pipeBytes = 4096

  let descriptor: Int32
  private let monitor = Monitor()
  private var waiting: [UInt8] = []
  private var dropped = 0
  private var isWriting = false

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Starts the thread that writes what has to wait.
  func start() -> Bool {
    startThread("log") { self.writeWaiting() }
  }

  /// Writes a line, and says when that was.
  @discardableResult
  func write(_ level: LogLevel, _ owner: Owner?, _ message: String) -> Nanoseconds {
    let now = Nanoseconds.wallClock()
    let line = Self.line(now, level, owner, message)
    monitor.locked {
      if !isWriting, waiting.isEmpty, line.count <= Self.pipeBytes, takesAtOnce {
        writeAll(line[...])
      } else if waiting.count + line.count > Self.mostWaiting {
        dropped += 1
      } else {
        waiting.append(contentsOf: line)
        monitor.wakeAll()
      }
    }
    return now
  }

  /// Writes a line without the thread, for processes that have none.
  func writeDirectly(_ level: LogLevel, _ owner: Owner?, _ message: String) {
    writeAll(Self.line(Nanoseconds.wallClock(), level, owner, message)[...])
  }

  /// Waits until everything is written, but not for longer than `limit`.
  func flush(limit: Nanoseconds) {
    let end = Nanoseconds.now() + limit
    monitor.locked {
      while isWriting || !waiting.isEmpty {
        let left = end - Nanoseconds.now()
        if left <= 0 { return }
        _ = monitor.wait(milliseconds: left.milliseconds)
      }
    }
  }

  private func writeWaiting() {
    while true {
      let (lines, dropped) = monitor.locked {
        isWriting = false
        monitor.wakeAll()
        while waiting.isEmpty { monitor.wait() }
        isWriting = true
        defer { (waiting, self.dropped) = ([], 0) }
        return (waiting, self.dropped)
      }
      writeLines(lines[...])
      if dropped > 0 {
        writeDirectly(.error, nil, "\(dropped) lines of the log were dropped: they came faster than they were read")
      }
    }
  }

  /// Whether a write of `pipeBytes` returns without waiting for a reader.
  private var takesAtOnce: Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return Glibc.poll(&poll, 1, 0) > 0
  }

  /// Writes whole lines in pieces that are not torn apart by another process's.
  private func writeLines(_ lines: ArraySlice<UInt8>) {
    var rest = lines
    while !rest.isEmpty {
      var end = rest.endIndex
      if rest.count > Self.pipeBytes {
        let newline = UInt8(ascii: "\n")
        let last = rest.prefix(Self.pipeBytes).lastIndex(of: newline) ?? rest.firstIndex(of: newline)
        end = last.map { $0 + 1 } ?? rest.endIndex
      }
      writeAll(rest[..<end])
      rest = rest[end...]
    }
  }

  /// A log that nobody reads any more is no reason to end.
  private func writeAll(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { bytes in
      var at = 0
      while at < bytes.count {
        let written = Glibc.write(descriptor, bytes.baseAddress! + at, bytes.count - at)
        if written >= 0 {
          at += written
        } else if errno == EAGAIN {
          usleep(1000)
        } else if errno != EINTR {
          return
        }
      }
    }
  }

  static func line(_ time: Nanoseconds, _ level: LogLevel, _ owner: Owner?, _ message: String) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(message.utf8.count + 192)
    line.append(
      contentsOf: "{\"time\":\"\(CivilTime(time).rfc3339)\",\"level\":\"\(level.rawValue)\",\"invocation\":".utf8)
    add(owner.map { .string($0.invocation) } ?? .null, to: &line)
    line.append(contentsOf: ",\"message\":".utf8)
    add(.string(message), to: &line)
    if let trace = owner?.trace {
      line.append(contentsOf: ",\"trace_id\":".utf8)
      add(.string(trace), to: &line)
    }
    line.append(contentsOf: "}\n".utf8)
    return line
  }

  /// Every text can be written.
  private static func add(_ text: JSON, to line: inout [UInt8]) {
    try? text.write(to: &line)
  }
}
