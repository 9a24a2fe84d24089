import CSlipway
import Glibc
import Slipway

/// Answers for the serving process should the function end it in a way that can't be caught: SIGKILL, exhausted memory.
///
/// The guard is a process of its own that shares the serving process's descriptors, not its memory: when that process is
/// gone, its connections are still open here. It does nothing while the other one lives.
enum Guard {
  /// Makes the guard of this process, which must have one thread yet.
  static func start(_ pipes: Output.Pipes, _ table: SharedTable, _ logs: Logs) {
    let parent = getpid()
    if slipway_clone_guard() == 0 { watch(parent, pipes, table, logs) }
  }

  private static func watch(_ parent: Int32, _ pipes: Output.Pipes, _ table: SharedTable, _ logs: Logs) -> Never {
    let everything = Array(1...slipway_last_signal())
    slipway_block(everything, everything.count)
    slipway_name_process("guard")
    slipway_die_with_parent(Signals.gone)
    // Whoever sends this signal, and the function could: only a parent that is gone counts.
    var sender: pid_t = 0
    while getppid() == parent { _ = slipway_wait([Signals.gone], 1, -1, &sender) }
    for (descriptor, id, flags) in table.running() { answer(descriptor, id, flags, logs) }
    Output.writeRest(pipes, logs)
    slipway_end(0)
  }

  private static func answer(_ descriptor: Int32, _ id: String, _ flags: SharedTable.Flags, _ logs: Logs) {
    logs.writeDirectly(
      .error, .init(invocation: id, trace: nil), "the function ended its process, or another invocation did")
    let refusal = Refusal(.functionError, "the function ended its process")
    var reply = Reply.refused(refusal, id)
    if flags.contains(.inEnvelope) {
      reply = reply.enveloped(.init(invocation: id, error: refusal, logs: [], truncated: false, duration: 0))
    }
    let date = CivilTime(.wallClock()).httpDate
    _ = reply.withMessage(toHead: flags.contains(.toHead), closing: true, date: date) {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    shutdown(descriptor, Int32(SHUT_WR))
  }
}
