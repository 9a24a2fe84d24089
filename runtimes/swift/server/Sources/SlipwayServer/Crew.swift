import CSlipway
import Glibc
import Synchronization

/// The server's threads. One of them leads: it looks after the network, and runs functions in between. When a function
/// holds it, another one takes the lead, and the first goes on as a plain thread.
final class Crew: @unchecked Sendable {
  /// A leader's function that takes longer than two of these is left to it.
  static let tick: Int64 = 5
  /// So long after a function held its thread, or some have waited for something, others are not run on the leader's.
  private static let wary = Nanoseconds(milliseconds: 500)
  /// Beyond one for each invocation: for cancellations, and parts of functions that go on after their answers.
  private static let spare = 16

  /// The number of the lead in the upper half; below it a count of entries into function code, its last bit whether it is
  /// there now.
  private let word = Atomic<UInt64>(0)
  private let leader = Atomic<UInt>(0)
  /// Whether the watch sleeps until there is something to read from `watchWakeUp`.
  private let watchSleeps = Atomic<Bool>(false)
  let watchWakeUp = slipway_event()
  private let waryUntil = Atomic<Int64>(0)
  private let waits = Waits()
  private let mostThreads: Int
  private let monitor = Monitor()
  private var work: [@Sendable () -> Void] = []
  private var idle = 0
  private var threads = 0
  /// The leader's: how many functions it has run in this turn, which began then, and with so much of the processor used.
  private var ran = 0
  private var began = Nanoseconds(0)
  private var used: Nanoseconds?

  init(concurrency: Int) {
    mostThreads = concurrency + Self.spare
  }

  /// Has another thread do something. The lead waits for nothing else: it may have a thread beyond the limit.
  func submit(isLead: Bool = false, _ task: @escaping @Sendable () -> Void) {
    let needsThread = monitor.locked {
      work.insert(task, at: isLead ? 0 : work.count)
      if idle >= work.count || threads >= mostThreads && !isLead {
        monitor.wakeOne()
        return false
      }
      threads += 1
      return true
    }
    if needsThread, !startThread("worker", { self.serve() }) {
      monitor.locked { threads -= 1 }
    }
  }

  private func serve() {
    slipway_begin_thread(true)
    while true {
      let task = monitor.locked {
        idle += 1
        while work.isEmpty { monitor.wait() }
        idle -= 1
        return work.removeFirst()
      }
      task()
    }
  }

  // MARK: The lead

  /// Makes this thread the leader. What it is handed back identifies its lead.
  func lead() -> UInt64 {
    leader.store(UInt(pthread_self()), ordering: .releasing)
    // What the last leader has noted says nothing of this thread.
    beginTurn(.now())
    return word.load(ordering: .acquiring) >> 32
  }

  /// The leader has been told what there is to do.
  func beginTurn(_ now: Nanoseconds) {
    (ran, began) = (0, now)
    used = waits.begin()
  }

  /// It has done it.
  func endTurn(_ now: Nanoseconds) {
    if ran > 0, waits.end(used, count: ran, took: now - began) { becomeWary() }
  }

  var isLeader: Bool { leader.load(ordering: .acquiring) == UInt(pthread_self()) }

  /// Runs function code on the leader's thread. Whether that is the leader still.
  func asLeader(_ body: () -> Void) -> Bool {
    ran &+= 1
    let entered = word.load(ordering: .relaxed) &+ 1
    // In one order with what the watch does: it sees this entry before it sleeps, or is seen here to sleep.
    word.store(entered, ordering: .sequentiallyConsistent)
    if watchSleeps.load(ordering: .sequentiallyConsistent) { wakeWatch() }
    body()
    // The count may not run over into the lead's number.
    let left = entered & 0xffff_ffff == 0xffff_ffff ? entered & ~0xffff_ffff : entered &+ 1
    return word.compareExchange(expected: entered, desired: left, ordering: .acquiringAndReleasing).exchanged
  }

  /// What the watch compares from one tick to the next.
  var entries: UInt64 { word.load(ordering: .acquiring) }

  /// Whether the watch may sleep until `watchWakeUp` says otherwise: not where function code was entered since `seen`.
  func letWatchSleep(seen: UInt64) -> Bool {
    watchSleeps.store(true, ordering: .sequentiallyConsistent)
    if word.load(ordering: .sequentiallyConsistent) == seen { return true }
    watchSleeps.store(false, ordering: .relaxed)
    return false
  }

  private func wakeWatch() {
    if watchSleeps.exchange(false, ordering: .relaxed) { eventfd_write(watchWakeUp, 1) }
  }

  /// Takes the lead from a thread that has not left function code since `seen`; whether there is a new lead to be taken.
  func depose(seen: UInt64) -> Bool {
    guard seen & 1 == 1 else { return false }
    let next = ((seen >> 32) &+ 1) << 32
    let deposed = word.compareExchange(expected: seen, desired: next, ordering: .acquiringAndReleasing).exchanged
    if deposed { becomeWary() }
    return deposed
  }

  /// Whether functions seem to hold their threads for long, or to wait.
  func isWary(_ now: Nanoseconds) -> Bool { now < waryUntil.load(ordering: .relaxed) }

  func becomeWary() {
    waryUntil.store(Nanoseconds.now() + Self.wary, ordering: .relaxed)
  }

  /// Runs function code on a thread that isn't the leader's.
  func asWorker(_ body: () -> Void) {
    let (began, used) = (Nanoseconds.now(), waits.begin())
    body()
    let took = Nanoseconds.now() - began
    if waits.end(used, took: took) || took > Nanoseconds(milliseconds: 2 * Self.tick) { becomeWary() }
  }
}
