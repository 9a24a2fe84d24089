import CSlipway
import Glibc

/// Signals, waited for instead of handled: nothing happens in the middle of something else.
enum Signals {
  /// From the serving process to process 1: it takes connections.
  static let ready = slipway_signal(1)
  /// From the serving process to process 1: another process must go on.
  static let retiring = slipway_signal(2)
  /// To a guard: its serving process is gone.
  static let gone = SIGUSR1
}
