import Glibc

/// A time of the monotonic clock, or a span of it.
typealias Nanoseconds = Int64

extension Nanoseconds {
  init(seconds: Double) { self = Int64(seconds * 1e9) }
  init(milliseconds: Int64) { self = milliseconds * 1_000_000 }
  init(microseconds: Int64) { self = microseconds * 1000 }

  var seconds: Double { Double(self) / 1e9 }
  /// Rounded up: who waits for so long is not early.
  var milliseconds: Int64 { (self + 999_999) / 1_000_000 }

  static func now() -> Nanoseconds { read(CLOCK_MONOTONIC) }

  /// Since 1970.
  static func wallClock() -> Nanoseconds { read(CLOCK_REALTIME) }

  /// What this thread has used of the processor.
  static func ofThread() -> Nanoseconds { read(CLOCK_THREAD_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> Nanoseconds {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A time since 1970 in UTC, as calendars have it.
struct CivilTime {
  let year, month, day, hour, minute, second, millisecond: Int64
  /// Sunday is 0.
  let weekday: Int

  init(_ wallClock: Nanoseconds) {
    let seconds = wallClock / 1_000_000_000
    let days = seconds / 86_400
    (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
    millisecond = wallClock / 1_000_000 % 1000
    weekday = Int((days + 4) % 7)
    // Years are counted from March, so that the leap day comes last.
    let shifted = days + 719_468
    let (era, ofEra) = (shifted / 146_097, shifted % 146_097)
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * ofYear + 2) / 153
    day = ofYear - (153 * fromMarch + 2) / 5 + 1
    month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// RFC 3339 with milliseconds.
  var rfc3339: String {
    "\(year)-\(Self.two(month))-\(Self.two(day))T\(time).\(millisecond < 100 ? "0" : "")\(Self.two(millisecond))Z"
  }

  /// RFC 9110 5.6.7.
  var httpDate: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(days[weekday]), \(Self.two(day)) \(months[Int(month) - 1]) \(year) \(time) GMT"
  }

  private var time: String { "\(Self.two(hour)):\(Self.two(minute)):\(Self.two(second))" }

  private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
