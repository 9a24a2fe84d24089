import CSlipway
import Glibc
import Slipway

/// What reaches standard output and error past `req.log`, turned into lines of the log.
///
/// What this process writes itself is taken where it is written, and belongs to the invocation that the thread runs, or
/// whose task it is. Child processes write to the descriptors 1 and 2, which are pipes; their lines belong to the one
/// invocation in flight, or to none.
final class Output: @unchecked Sendable {
  /// The reading ends.
  struct Pipes {
    let out: Int32
    let error: Int32
  }

  private nonisolated(unsafe) static var present: Output?

  private let server: Server
  private let monitor = Monitor()
  private var nobodys = (out: Lines(), error: Lines())

  private init(server: Server) {
    self.server = server
  }

  /// Puts pipes in the place of standard output and error.
  static func redirect() throws(SystemError) -> Pipes {
    Pipes(out: try replace(STDOUT_FILENO), error: try replace(STDERR_FILENO))
  }

  private static func replace(_ descriptor: Int32) throws(SystemError) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard slipway_pipe(&ends, false), dup2(ends[1], descriptor) >= 0 else {
      throw SystemError("standard output can't be replaced")
    }
    close(ends[1])
    return ends[0]
  }

  /// Takes what is written from now on.
  static func start(_ pipes: Pipes, server: Server) -> Bool {
    let output = Output(server: server)
    present = output
    slipway_take_output { isError, bytes, count in
      Output.present?.take(isError, UnsafeRawBufferPointer(start: bytes, count: count))
    }
    return startThread("output") {
      slipway_begin_thread(true)
      output.read(pipes)
    }
  }

  private func take(_ isError: Bool, _ bytes: UnsafeRawBufferPointer) {
    let pointer = slipway_current()
    let runs = pointer.map { Unmanaged<Invocation>.fromOpaque($0).takeUnretainedValue() }
    if let invocation = runs ?? Invocation.current {
      invocation.print(isError: isError, bytes)
    } else {
      takeNobodys(isError, bytes)
    }
  }

  private func takeNobodys(_ isError: Bool, _ bytes: UnsafeRawBufferPointer) {
    let only = server.flight.only
    let lines = monitor.locked { isError ? nobodys.error.push(bytes) : nobodys.out.push(bytes) }
    let level = isError ? LogLevel.error : .info
    for line in lines {
      if let only { only.write(level, line) } else { server.logs.write(level, nil, line) }
    }
  }

  private func read(_ pipes: Pipes) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    var polled = [pipes.out, pipes.error].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      poll(&polled, 2, -1)
      for index in 0..<2 where polled[index].revents != 0 {
        let count = Glibc.read(polled[index].fd, buffer.baseAddress, buffer.count)
        if count > 0 {
          takeNobodys(index == 1, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else {
          // The function has closed what is not its own.
          polled[index].fd = -1
        }
      }
    }
  }

  /// Writes what the pipes still hold after the process that read them has ended.
  static func writeRest(_ pipes: Pipes, _ logs: Logs) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    for (descriptor, level) in [(pipes.out, LogLevel.info), (pipes.error, .error)] {
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      var lines = Lines()
      while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
        let whole = buffer.withUnsafeBytes { lines.push(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        for line in whole { logs.writeDirectly(level, nil, line) }
      }
      if let line = lines.rest() { logs.writeDirectly(level, nil, line) }
    }
  }
}
