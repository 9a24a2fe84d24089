import CSlipway
import Glibc
import Slipway
import Synchronization

/// The leader's part: entries into function code, each of which lasts until the watch has seen it. None is slept through.
func testWatchSleep() {
  final class Shared: Sendable {
    let crew = Crew(concurrency: 1)
    let seen = Atomic<UInt64>(0)
  }
  let shared = Shared()
  let crew = shared.crew
  let isStarted = startThread("watch") {
    while true {
      let entries = shared.crew.entries
      shared.seen.store(entries, ordering: .releasing)
      guard shared.crew.letWatchSleep(seen: entries) else { continue }
      var polled = pollfd(fd: shared.crew.watchWakeUp, events: Int16(POLLIN), revents: 0)
      poll(&polled, 1, -1)
      var value: eventfd_t = 0
      eventfd_read(shared.crew.watchWakeUp, &value)
    }
  }
  check(isStarted, true)
  var isMissed = false
  for _ in 0..<20_000 where !isMissed {
    let end = Nanoseconds.now() + Nanoseconds(seconds: 5)
    _ = crew.asLeader {
      while shared.seen.load(ordering: .acquiring) != crew.entries, !isMissed {
        isMissed = Nanoseconds.now() > end
        sched_yield()
      }
    }
  }
  check(isMissed, false)
}

/// Where a function failed is told by its name.
func testNames() {
  let known: @convention(c) () -> Int32 = slipway_last_signal
  check(Watch.place(unsafeBitCast(known, to: UInt.self)), " in slipway_last_signal")
  check(Watch.place(0), "")
}

/// Two functions that are begun in one turn: the first holds the leader, and the other one is answered nevertheless.
func testHeldLead() throws {
  // Faults of this thread are not a function's.
  slipway_begin_thread(true)
  let settings = try Settings(environment: ["RUNTIME_SECRET": "s"])
  let function = Function.asynchronous { req, res in
    if req.payload == "hold" { sleep(10) }
    try res.send("done")
  }
  // It gets a port of its own as it listens.
  let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
  listen(listener, 2)
  guard let table = SharedTable() else { return check("no table", "a table") }
  let server = try Server(
    settings: settings, function: function, logs: Logs(descriptor: STDERR_FILENO), table: table, supervisor: getpid(),
    listener: listener)
  let callers = ["hold", "pass"].map { payload in
    var address = sockaddr()
    var length = socklen_t(MemoryLayout<sockaddr>.size)
    getsockname(listener, &address, &length)
    let caller = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    check(connect(caller, &address, length), 0)
    let body = #"{"payload":"\#(payload)"}"#
    let head = "POST / HTTP/1.1\r\nx-runtime-secret: s\r\ncontent-type: application/json\r\n"
    let request = Array("\(head)content-length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    check(send(caller, request, request.count, 0), request.count)
    return caller
  }
  check(server.watch.start(), true)
  server.crew.submit(isLead: true) { server.loop.lead() }
  var polled = pollfd(fd: callers[1], events: Int16(POLLIN), revents: 0)
  check(poll(&polled, 1, 5000), 1)
}

/// What waits is told from what computes, and from what a busy machine interrupts once.
func testWaits() {
  let millisecond = Nanoseconds(milliseconds: 1)
  let waits = Waits()
  /// How it judges functions that took so long altogether, and used the processor for so much of that.
  func judged(_ took: Nanoseconds, used: Nanoseconds, count: Int = 1) -> Bool {
    waits.end(waits.begin().map { $0 - used }, count: count, took: took)
  }
  // One or a few prove nothing.
  check((1...4).map { _ in judged(millisecond, used: 0) }, [false, false, false, false])
  check((1...3).map { _ in judged(millisecond, used: 0) }, [true, true, true])
  // A quick one ends that, and so does one that computes.
  check(judged(millisecond / 20, used: 0), false)
  check((1...4).map { _ in judged(millisecond, used: 0) }, [false, false, false, false])
  check(judged(millisecond, used: millisecond), false)
  check((1...9).map { _ in judged(millisecond, used: millisecond) }.contains(true), false)
  // Many that take no time by themselves are quick ones.
  check((1...9).map { _ in judged(millisecond, used: 0, count: 32) }.contains(true), false)
}
