import CSlipway
import Glibc

/// A lock with a condition. A class, as both must stay where they are.
final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    condition.deallocate()
  }

  func locked<T>(_ body: () throws -> T) rethrows -> T {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Within `locked`.
  func wait() { pthread_cond_wait(condition, mutex) }

  /// Within `locked`; whether it was woken before so long had passed.
  func wait(milliseconds: Int64) -> Bool {
    let end = Nanoseconds.wallClock() + Nanoseconds(milliseconds: milliseconds)
    var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
    return pthread_cond_timedwait(condition, mutex, &time) == 0
  }

  func wakeOne() { pthread_cond_signal(condition) }
  func wakeAll() { pthread_cond_broadcast(condition) }
}

/// Starts a thread that nobody waits for; false where the system gives none.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
  final class Body {
    let name: String
    let run: @Sendable () -> Void
    init(_ name: String, _ run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }
  }
  let held = Unmanaged.passRetained(Body(name, body))
  var thread = pthread_t()
  let error = pthread_create(
    &thread, nil,
    { held in
      let body = Unmanaged<Body>.fromOpaque(held!).takeRetainedValue()
      slipway_name_thread(body.name)
      body.run()
      return nil
    }, held.toOpaque())
  if error != 0 {
    held.release()
    return false
  }
  pthread_detach(thread)
  return true
}
