/// Steps that take time.
import Glibc
import Slipway
import Synchronization

func block(_ step: Step) throws {
  usleep(UInt32(try step.number("ms") * 1000))
}

func spin(_ step: Step) throws {
  let end = try step["ms"].map { _ in ContinuousClock.now + (try step.duration("ms")) }
  while true {
    if let end, ContinuousClock.now >= end { return }
  }
}

/// Who waits under each name.
private let meetings = Mutex<[String: Meeting]>([:])

private struct Meeting {
  var arrived = 0
  var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
}

func meet(_ step: Step) async throws {
  let name = try step.text("name")
  let count = try step.count("count", default: 0)
  let limit = Duration.milliseconds(try step.count("timeout_ms", default: 0))
  let expiry = Task {
    try await Task.sleep(for: limit)
    wake(name) { _ in true }
  }
  await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      meetings.withLock { meetings in
        meetings[name, default: Meeting()].arrived += 1
        meetings[name]?.waiting.append((count, continuation))
      }
      wake(name) { $0.arrived >= count }
    }
  } onCancel: {
    wake(name) { _ in true }
  }
  expiry.cancel()
  let arrived = meetings.withLock { $0[name]?.arrived ?? 0 }
  if arrived < count { throw Failure("meet: \(arrived) of \(count)") }
}

private func wake(_ name: String, when isTime: (Meeting) -> Bool) {
  let woken = meetings.withLock { meetings in
    guard let meeting = meetings[name], isTime(meeting) else { return [CheckedContinuation<Void, Never>]() }
    meetings[name]?.waiting = []
    return meeting.waiting.map(\.continuation)
  }
  for continuation in woken { continuation.resume() }
}
