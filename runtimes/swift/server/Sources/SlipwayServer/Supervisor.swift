import CSlipway
import Glibc
import Slipway

/// Process 1: binds the port, forks the process that serves, and forks another one when that one ends or retires.
///
/// It stays single-threaded and runs no function code. A fork costs a few milliseconds, needs no exec, and hands the secret
/// on in memory only. Callers wait in the socket's backlog meanwhile.
struct Supervisor {
  /// So many processes in a row that never took a connection are a failure of the server.
  private static let mostFailedStarts = 3
  /// What a serving process gets beyond the grace period to end itself.
  private static let lastWait = Nanoseconds(seconds: 2)
  private static let backlog: Int32 = 4096

  private let settings: Settings
  private let function: Function?
  private let logs = Logs(descriptor: STDOUT_FILENO)
  private let waited = [SIGTERM, SIGINT, SIGCHLD, Signals.ready, Signals.retiring]
  private let listener: Int32
  /// The process that takes connections.
  private var current: Int32 = 0
  /// It and those that retire, with the time by which these must have ended.
  private var alive: [Int32: Nanoseconds] = [:]
  private var isReady = false
  private var failedStarts = 0
  private var isAnnounced = false
  private var isDraining = false

  init(settings: Settings, function: Function?) throws {
    self.settings = settings
    self.function = function
    listener = try Self.listen(settings)
    slipway_adopt_orphans()
    slipway_block(waited, waited.count)
    Self.raiseDescriptorLimit()
  }

  /// Runs until there is a reason to end; the exit code.
  mutating func run() -> Int32 {
    start()
    while true {
      let next = alive.values.min() ?? .max
      let patience = next == .max ? -1 : max(0, (next - Nanoseconds.now()).milliseconds)
      var sender: pid_t = 0
      switch slipway_wait(waited, waited.count, patience, &sender) {
      case SIGCHLD: reap()
      case Signals.ready where sender == current: takeReady()
      case Signals.retiring where sender == current:
        alive[current] = Nanoseconds.now() + settings.timeout + settings.grace + Self.lastWait
        start()
      case SIGTERM, SIGINT: drain()
      default: endOverdue()
      }
      if isDraining, alive.isEmpty {
        waitForGuards()
        return 0
      }
      if failedStarts >= Self.mostFailedStarts {
        logs.writeDirectly(.error, nil, "the server ended \(failedStarts) times before it took a connection")
        return 1
      }
    }
  }

  /// Forks a process that serves, which the listening socket's callers go to from now on.
  private mutating func start() {
    guard !isDraining else { return }
    let parent = getpid()
    switch slipway_fork() {
    case 0:
      Serving.serve(settings, function, listener: listener, supervisor: parent)
    case let child where child > 0:
      current = child
      alive[child] = .max
      isReady = false
    default:
      logs.writeDirectly(.error, nil, "no process could be forked: \(String(cString: strerror(errno)))")
      failedStarts = Self.mostFailedStarts
    }
  }

  private mutating func takeReady() {
    isReady = true
    failedStarts = 0
    if !isAnnounced {
      isAnnounced = true
      logs.writeDirectly(.info, nil, "listening on \(settings.host):\(settings.port)")
    }
  }

  private mutating func reap() {
    var status: Int32 = 0
    while case let process = waitpid(-1, &status, WNOHANG), process > 0 {
      alive[process] = nil
      guard process == current, !isDraining else { continue }
      if !isReady { failedStarts += 1 }
      if failedStarts < Self.mostFailedStarts { start() }
      logs.writeDirectly(.error, nil, "the function's process \(Self.describe(status)): another one was started")
    }
  }

  private mutating func drain() {
    guard !isDraining else { return }
    isDraining = true
    // In the processes that share it too, at once.
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    for process in alive.keys {
      alive[process] = Nanoseconds.now() + settings.grace + Self.lastWait
      kill(process, SIGTERM)
    }
  }

  private func endOverdue() {
    let now = Nanoseconds.now()
    for (process, end) in alive where now >= end { kill(process, SIGKILL) }
  }

  /// Guards end right after their processes, and hold the port until then. Other orphans may stay for as long as they like.
  private func waitForGuards() {
    let end = Nanoseconds.now() + Nanoseconds(milliseconds: 250)
    while waitpid(-1, nil, WNOHANG) >= 0, Nanoseconds.now() < end { usleep(1000) }
  }

  private static func describe(_ status: Int32) -> String {
    let signal = status & 0x7f
    return signal == 0 ? "ended with exit code \(status >> 8 & 0xff)" : "was ended by signal \(signal)"
  }

  static func listen(_ settings: Settings) throws -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    var host = settings.host
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    let failure = getaddrinfo(host, String(settings.port), &hints, &found)
    guard failure == 0, let address = found?.pointee else {
      let why = String(cString: gai_strerror(failure))
      throw Settings.Unreadable(
        message: "RUNTIME_HOST is \(settings.host.debugDescription): an address to listen on is wanted: \(why)")
    }
    defer { freeaddrinfo(found) }
    let type = address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let listener = socket(address.ai_family, type, address.ai_protocol)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard listener >= 0, bind(listener, address.ai_addr, address.ai_addrlen) == 0,
      Glibc.listen(listener, backlog) == 0
    else { throw SystemError("\(settings.host):\(settings.port) can't be listened on") }
    return listener
  }

  /// Takes all that the system grants, as each connection is a descriptor, up to what the table holds.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, rlim_t(SharedTable.mostDescriptors))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
