import Synchronization

/// Whether functions wait for something, told from how long they take, and how much of the processor's time.
struct Waits: ~Copyable {
  /// What takes less holds nobody up.
  private static let prompt = Nanoseconds(microseconds: 100)
  /// So many in a row may be a busy machine's, which interrupts one now and then.
  private static let chance = 4
  private let inARow = Atomic<Int>(0)

  /// The thread's share of the processor before functions run. To ask takes a while; nobody needs it where none has waited.
  func begin() -> Nanoseconds? {
    inARow.load(ordering: .relaxed) == 0 ? nil : Nanoseconds.ofThread()
  }

  /// Whether functions wait, now that so many have run, one after another, since this thread was asked to `begin`.
  func end(_ begun: Nanoseconds?, count: Int = 1, took: Nanoseconds) -> Bool {
    if took >= Self.prompt * Int64(count) {
      guard let begun, Nanoseconds.ofThread() - begun > took / 2 else {
        return inARow.wrappingAdd(1, ordering: .relaxed).newValue > Self.chance
      }
    }
    if inARow.load(ordering: .relaxed) != 0 { inARow.store(0, ordering: .relaxed) }
    return false
  }
}
