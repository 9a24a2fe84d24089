import CSlipway
import Glibc

/// The thread that sees whether the leader is held, and hears of signals and of crashes.
final class Watch: @unchecked Sendable {
  /// Ticks without anything to see that send it to sleep.
  private static let ticksUntilSleep = 100

  private let server: Server
  private let signals: Int32
  private let crashes: (read: Int32, write: Int32)

  init(server: Server) throws(SystemError) {
    self.server = server
    signals = slipway_signalfd([SIGTERM, SIGINT], 2)
    var ends: [Int32] = [-1, -1]
    guard server.crew.watchWakeUp >= 0, signals >= 0, slipway_pipe(&ends, true) else {
      throw SystemError("the watch can't be made")
    }
    crashes = (ends[0], ends[1])
  }

  func start() -> Bool {
    slipway_catch_crashes(crashes.write) {
      // What crashed is not gone on with, so its task holds the invocation for ever.
      Invocation.current.map { Unmanaged.passUnretained($0).toOpaque() }
    }
    return startThread("watch") {
      slipway_begin_thread(true)
      self.run()
    }
  }

  private func run() {
    let crew = server.crew
    var seen = crew.entries
    var seenTwice = false
    var quietTicks = 0
    while true {
      let isAsleep = quietTicks >= Self.ticksUntilSleep && crew.letWatchSleep(seen: seen)
      var polled = [crew.watchWakeUp, signals, crashes.read].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      poll(&polled, 3, isAsleep ? -1 : Int32(Crew.tick))
      if polled[0].revents != 0 {
        var value: eventfd_t = 0
        eventfd_read(crew.watchWakeUp, &value)
      }
      if polled[1].revents != 0 { readSignals() }
      if polled[2].revents != 0 { readCrashes() }
      let entries = crew.entries
      if entries == seen, entries & 1 == 1, polled.allSatisfy({ $0.revents == 0 }) {
        if seenTwice {
          seenTwice = false
          if crew.depose(seen: entries) {
            let loop = server.loop!
            crew.submit(isLead: true) { loop.lead() }
          }
        } else {
          seenTwice = true
        }
      } else if entries != seen {
        seenTwice = false
      }
      quietTicks = entries == seen && entries & 1 == 0 ? quietTicks + 1 : 0
      seen = entries
    }
  }

  private static func fault(_ crash: slipway_crash) -> String {
    "signal \(crash.signal) (\(String(cString: strsignal(crash.signal))))\(place(crash.address))"
  }

  /// The function that failed. Swift keeps the messages of most traps for debug builds.
  static func place(_ address: UInt) -> String {
    guard let name = slipway_name_at(address) else { return "" }
    defer { free(name) }
    return " in \(String(cString: name))"
  }

  /// Only process 1 tells this one to drain.
  private func readSignals() {
    var information = signalfd_siginfo()
    while Glibc.read(signals, &information, MemoryLayout<signalfd_siginfo>.size) > 0 {
      if information.ssi_pid == UInt32(server.supervisor), server.enter(.draining) { server.loop.post(.left) }
    }
  }

  private func readCrashes() {
    var crash = slipway_crash()
    while Glibc.read(crashes.read, &crash, MemoryLayout<slipway_crash>.size) == MemoryLayout<slipway_crash>.size {
      let what =
        crash.signal == 0
        ? "it ended its process with exit code \(crash.code)"
        : "it failed with \(Self.fault(crash))"
      if let pointer = crash.invocation {
        // The thread or task that crashed holds it for ever.
        let invocation = Unmanaged<Invocation>.fromOpaque(pointer).takeUnretainedValue()
        invocation.crash("\(what): its process is replaced")
        server.loop.post(.crashed(invocation))
      } else {
        server.logs.write(.error, nil, "the function crashed in the background, as \(what): its process is replaced")
      }
      server.retire()
    }
  }
}
