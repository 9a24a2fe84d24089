import CSlipway
import Glibc
import Slipway
import Synchronization

/// The process that serves: what its threads share.
final class Server: @unchecked Sendable {
  enum State: UInt8, AtomicRepresentable {
    case serving
    /// Another process has taken over; what is in flight here is finished.
    case retiring
    case draining
  }

  let settings: Settings
  let function: Function?
  let logs: Logs
  let table: SharedTable
  let flight: Flight
  let crew: Crew
  /// For what invocations said.
  let saying = Monitor()
  /// Process 1.
  let supervisor: Int32
  private(set) var loop: Loop!
  private(set) var watch: Watch!
  private let stateNow = Atomic<State>(.serving)
  private let idPrefix: [UInt8]
  private let ids = Atomic<UInt64>(0)

  /// Throws where the system lacks what every server needs.
  init(settings: Settings, function: Function?, logs: Logs, table: SharedTable, supervisor: Int32, listener: Int32)
    throws(SystemError)
  {
    self.settings = settings
    self.function = function
    self.logs = logs
    self.table = table
    self.supervisor = supervisor
    flight = Flight(places: settings.concurrency)
    crew = Crew(concurrency: settings.concurrency)
    // Time and process: no two processes of one machine have both.
    let prefix = String(Nanoseconds.wallClock() / 1000, radix: 16) + "-" + String(getpid() & 0xf_ffff, radix: 16) + "-"
    idPrefix = Array(prefix.utf8)
    loop = try Loop(server: self, listener: listener)
    watch = try Watch(server: self)
  }

  var state: State { stateNow.load(ordering: .relaxed) }

  /// A process that drains does not go back to anything else.
  func enter(_ state: State) -> Bool {
    let before = stateNow.load(ordering: .acquiring)
    guard before.rawValue < state.rawValue else { return false }
    return stateNow.compareExchange(expected: before, desired: state, ordering: .acquiringAndReleasing).exchanged
  }

  /// Has another process take over, because this one is not to be trusted any more.
  func retire() {
    guard enter(.retiring) else { return }
    kill(supervisor, Signals.retiring)
    loop.post(.left)
  }

  /// An id that no other invocation has.
  func nextId() -> String {
    let number = ids.wrappingAdd(1, ordering: .relaxed).newValue
    let digits = (67 - number.leadingZeroBitCount) / 4
    return String(unsafeUninitializedCapacity: idPrefix.count + digits) { bytes in
      _ = bytes.update(fromContentsOf: idPrefix)
      for place in 0..<digits {
        let digit = UInt8(truncatingIfNeeded: number >> UInt64(4 * (digits - 1 - place)) & 0xf)
        bytes[idPrefix.count + place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      }
      return idPrefix.count + digits
    }
  }

  /// The function, where an invocation would be taken now.
  func available() throws(Refusal) -> Function {
    let function = try callable()
    if flight.isFull { throw Self.overloaded }
    return function
  }

  /// The function, where there is a place for one more.
  func callable() throws(Refusal) -> Function {
    if state == .draining { throw Invocation.Cut.shuttingDown.refusal }
    guard let function else {
      throw Refusal(.functionNotLoaded, "the function could not be loaded; the server's log says why")
    }
    return function
  }

  static let overloaded = Refusal(.overloaded, "as many invocations are in flight as the runtime takes")
}

/// What the system would not do.
struct SystemError: Error {
  let message: String

  init(_ what: String) {
    message = "\(what): \(String(cString: strerror(errno)))"
  }
}

/// The invocations in flight.
final class Flight: @unchecked Sendable {
  private let monitor = Monitor()
  private var places: [Invocation?]
  private var free: [Int]

  init(places count: Int) {
    places = Array(repeating: nil, count: count)
    free = Array((0..<count).reversed())
  }

  /// False where every place is taken.
  func take(_ invocation: Invocation) -> Bool {
    monitor.locked {
      guard let place = free.popLast() else { return false }
      places[place] = invocation
      invocation.slot = place
      return true
    }
  }

  func leave(_ invocation: Invocation) {
    monitor.locked {
      places[invocation.slot] = nil
      free.append(invocation.slot)
    }
  }

  var count: Int { monitor.locked { places.count - free.count } }
  var isFull: Bool { monitor.locked { free.isEmpty } }
  var all: [Invocation] { monitor.locked { places.compactMap { $0 } } }

  /// The invocation in flight, where it is the only one.
  var only: Invocation? {
    monitor.locked { places.count - free.count == 1 ? places.first { $0 != nil } ?? nil : nil }
  }
}
