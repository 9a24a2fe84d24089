import CSlipway
import Slipway
import Synchronization

/// One run of the function: its identity, its log, who may end it, and where its parts run.
final class Invocation: @unchecked Sendable {
  /// Why an invocation is ended from outside.
  enum Cut {
    case timeout
    case shuttingDown

    var refusal: Refusal {
      switch self {
      case .timeout: Refusal(.timeout, "the function did not end in time")
      case .shuttingDown: Refusal(.shuttingDown, "the server is shutting down")
      }
    }
  }

  /// For code that runs in a task of the function's own, on whatever thread.
  @TaskLocal static var current: Invocation?

  let owner: Logs.Owner
  let flags: SharedTable.Flags
  let started: Nanoseconds
  let deadline: Nanoseconds
  let response = Response()
  let connection: Connection
  let server: Server

  /// These are the loop's.
  var slot = 0
  var task: Task<Void, Never>?
  var cutAt: Nanoseconds?

  /// The thread that runs it now; 0 where it awaits.
  private let thread = Atomic<Int32>(0)
  private let isClaimed = Atomic<Bool>(false)
  /// Most print nothing.
  private let hasPrinted = Atomic<Bool>(false)
  private var said: Said?

  /// What the function said beside its answer. Most say nothing: it is made when it is needed, and all share a lock.
  final class Said {
    var failure: String?
    var printed = (out: Lines(), error: Lines())
    /// For the result envelope: the newest lines that fit.
    var lines: [JSON] { kept[firstKept...].map(\.line) }
    private(set) var isTruncated = false
    private(set) var kept: [(line: JSON, bytes: Int)] = []
    private var keptBytes = 0
    private var firstKept = 0

    func keep(_ line: JSON, bytes: Int) {
      // An empty one takes room as well.
      kept.append((line, max(bytes, 1)))
      keptBytes += max(bytes, 1)
      while keptBytes > Contract.resultLogBytes {
        keptBytes -= kept[firstKept].bytes
        kept[firstKept] = (.null, 0)
        firstKept += 1
        isTruncated = true
      }
      if firstKept > 1024, firstKept * 2 > kept.count {
        kept.removeFirst(firstKept)
        firstKept = 0
      }
    }
  }

  init(
    owner: Logs.Owner, flags: SharedTable.Flags, started: Nanoseconds, deadline: Nanoseconds, connection: Connection,
    server: Server
  ) {
    self.owner = owner
    self.flags = flags
    self.started = started
    self.deadline = deadline
    self.connection = connection
    self.server = server
  }

  private func withSaid<T>(_ body: (Said) -> T) -> T {
    server.saying.locked {
      let said = said ?? Said()
      self.said = said
      return body(said)
    }
  }

  /// Takes the right to answer; only one gets it.
  func claim() -> Bool { !isClaimed.exchange(true, ordering: .acquiringAndReleasing) }

  var holdsThread: Int32? {
    let thread = thread.load(ordering: .acquiring)
    return thread == 0 ? nil : thread
  }

  /// Runs function code on this thread, and notes that.
  func run(_ body: () -> Void) {
    thread.store(slipway_thread(), ordering: .releasing)
    asCurrent(body)
    thread.store(0, ordering: .releasing)
  }

  /// Runs code on this thread as this invocation's.
  func asCurrent(_ body: () -> Void) {
    slipway_set_current(Unmanaged.passUnretained(self).toOpaque())
    body()
    slipway_set_current(nil)
  }

  /// Notes how the function ended, unless well.
  func fail(_ error: any Error) {
    // Whoever is told to stop may well say so.
    if isClaimed.load(ordering: .acquiring), error is CancellationError { return }
    write(.error, "the function failed: \(String(reflecting: error))")
    // What it says of itself is the function's code, which may log, or fail and never come back: not under a lock.
    let message = "\(error)"
    withSaid { $0.failure = message }
  }

  func crash(_ message: String) {
    write(.error, message)
    withSaid { $0.failure = message }
  }

  /// What the end of the function amounts to. An answer that was given counts, whatever came after it.
  func outcome(development: Bool) -> Result<Answer, Refusal> {
    do throws(ResponseError) {
      if let answer = try response.answer { return .success(answer) }
    } catch {
      return .failure(Refusal(.invalidResponse, "the function's answer can't be sent: \(error)"))
    }
    guard let failure = withSaid({ $0.failure }) else {
      return .failure(Refusal(.noResponse, "the function ended without an answer"))
    }
    let message = development ? "the function failed: \(failure)" : "the function failed; its log says why"
    return .failure(Refusal(.functionError, message))
  }

  /// The answer that goes out.
  func reply(_ outcome: Result<Answer, Refusal>) -> Reply {
    var reply: Reply
    var error: Refusal?
    switch outcome {
    case .success(let answer): reply = .given(answer, owner.invocation)
    case .failure(let refusal): (reply, error) = (.refused(refusal, owner.invocation), refusal)
    }
    if flags.contains(.inEnvelope) {
      let (logs, truncated) = withSaid { ($0.lines, $0.isTruncated) }
      reply = reply.enveloped(
        .init(
          invocation: owner.invocation, error: error, logs: logs, truncated: truncated,
          duration: Nanoseconds.now() - started))
    }
    return reply
  }
}

extension Invocation: LogSink {
  func write(_ level: LogLevel, _ message: String) {
    let time = server.logs.write(level, owner, message)
    if flags.contains(.inEnvelope) { keep(level, message, time) }
  }

  private func keep(_ level: LogLevel, _ message: String, _ time: Nanoseconds) {
    let line: JSON = [
      "time": .string(CivilTime(time).rfc3339), "level": .string(level.rawValue), "message": .string(message),
    ]
    withSaid { $0.keep(line, bytes: message.utf8.count) }
  }

  /// What the function printed on its own.
  func print(isError: Bool, _ bytes: UnsafeRawBufferPointer) {
    hasPrinted.store(true, ordering: .releasing)
    let lines = withSaid { isError ? $0.printed.error.push(bytes) : $0.printed.out.push(bytes) }
    for line in lines { write(isError ? .error : .info, line) }
  }

  /// Ends lines that have no end of their own.
  func endPrinted() {
    guard hasPrinted.load(ordering: .acquiring) else { return }
    let (out, error) = withSaid { ($0.printed.out.rest(), $0.printed.error.rest()) }
    if let out { write(.info, out) }
    if let error { write(.error, error) }
  }
}

/// An invocation is the executor of its own asynchronous parts, so that each of them is known to be its.
extension Invocation: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    server.loop.post(.job(UnownedJob(job), self))
  }

  func run(_ job: UnownedJob) {
    run { job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}
