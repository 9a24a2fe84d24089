import CSlipway
import Glibc
import Slipway

/// The process that serves, from its fork to its end.
enum Serving {
  static func serve(_ settings: Settings, _ function: Function?, listener: Int32, supervisor: Int32) -> Never {
    let logs = Logs(descriptor: fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3))
    do {
      try start(settings, function, listener, supervisor, logs)
    } catch {
      logs.writeDirectly(.error, nil, "the server can't start: \(error.message)")
      slipway_end(1)
    }
    serveMainQueue()
  }

  private static func start(
    _ settings: Settings, _ function: Function?, _ listener: Int32, _ supervisor: Int32, _ logs: Logs
  ) throws(SystemError) {
    slipway_block([SIGTERM, SIGINT], 2)
    // A process that outlived process 1 would hold its port.
    slipway_die_with_parent(SIGKILL)
    guard getppid() == supervisor else { throw SystemError("process 1 is gone") }
    let pipes = try Output.redirect()
    guard let table = SharedTable() else { throw SystemError("there is no memory for the table of connections") }
    Guard.start(pipes, table, logs)
    endFirst()
    let server = try Server(
      settings: settings, function: function, logs: logs, table: table, supervisor: supervisor, listener: listener)
    guard logs.start(), Output.start(pipes, server: server), server.watch.start() else {
      throw SystemError("there is no thread to be had")
    }
    if function == nil {
      logs.write(
        .error, nil,
        "the function could not be loaded: there is no built function; run build.sh first, and mount its result")
    }
    server.crew.submit(isLead: true) { server.loop.lead() }
    kill(supervisor, Signals.ready)
  }

  /// When memory runs out, the kernel ends this process before all others.
  private static func endFirst() {
    let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    write(file, "1000", 4)
    close(file)
  }

  /// The main thread is the main actor's, as everywhere in Swift.
  private static func serveMainQueue() -> Never {
    slipway_begin_thread(false)
    var polled = pollfd(fd: slipway_main_queue(), events: Int16(POLLIN), revents: 0)
    while true {
      if poll(&polled, 1, -1) > 0 { slipway_drain_main_queue() }
    }
  }
}
