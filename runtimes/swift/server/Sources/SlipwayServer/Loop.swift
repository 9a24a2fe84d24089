import CSlipway
import Glibc
import Slipway

/// What the leader does: connections, the ends of invocations, deadlines.
///
/// Everything here but `post` is the leader's alone. A method that may run function code says whether its thread leads
/// still; where it doesn't, nothing of the loop may be touched any more.
final class Loop: @unchecked Sendable {
  enum Item {
    case job(UnownedJob, Invocation)
    case ended(Invocation)
    case crashed(Invocation)
    /// Requests that came before they could be looked at.
    case early(Connection)
    /// This process takes no more connections.
    case left
  }

  let server: Server
  let epoll: Int32
  private let listener: Int32
  private let wakeUp: Int32
  private let monitor = Monitor()
  private var posted: [Item] = []
  /// What was taken of that, the next one last. It is not the leader's own: a function that holds its thread holds none back.
  private var taken: [Item] = []
  private var isWoken = false

  var connections: [Connection?] = []
  var connectionCount = 0
  /// Invocations that were answered for and have not ended.
  private var leftOver: [Invocation] = []
  private var nextCheck = Nanoseconds.max
  private var nextSweep: Nanoseconds
  private var listensAgain: Nanoseconds?
  private var drainsUntil: Nanoseconds?
  private var hasCut = false
  private var doneSince: Nanoseconds?
  /// The turn's time, of both clocks.
  private(set) var now = Nanoseconds.now()
  private(set) var wallClock = Nanoseconds.wallClock()
  private var dateSecond: Int64 = 0
  private var dateText = ""

  private static let mostEvents: Int32 = 64
  private static let readBytes = 64 * 1024
  private static let sweepEvery = Nanoseconds(seconds: 1)
  /// Connections that say nothing between requests are closed at last.
  private static let idle = Nanoseconds(seconds: 120)
  /// Who connects to call says something sooner, with time to spare: a connection that was taken is not closed unheard.
  private static let firstBytes = Nanoseconds(milliseconds: 300)
  static let linger = Nanoseconds(seconds: 2)
  /// When no descriptor is left for a connection, one may be a little later.
  private static let noDescriptor = Nanoseconds(milliseconds: 20)
  /// What answers get to reach their callers once everything else is over.
  private static let lastBytes = Nanoseconds(milliseconds: 500)
  private static let lastLines = Nanoseconds(seconds: 1)
  /// An invocation that was answered for gets so long to give its thread back, or to take notice of its cancellation.
  private static let lastTurn = Nanoseconds(milliseconds: 100)
  private static let lastNotice = Nanoseconds(seconds: 1)

  init(server: Server, listener: Int32) throws(SystemError) {
    self.server = server
    self.listener = listener
    epoll = slipway_epoll()
    wakeUp = slipway_event()
    nextSweep = now + Self.sweepEvery
    guard epoll >= 0, wakeUp >= 0 else { throw SystemError("the loop can't be made") }
    watch(wakeUp, EPOLL_CTL_ADD, EPOLLIN.rawValue)
    watch(listener, EPOLL_CTL_ADD, EPOLLIN.rawValue)
  }

  private func watch(_ descriptor: Int32, _ operation: Int32, _ interest: UInt32) {
    var event = epoll_event(events: interest, data: epoll_data_t(fd: descriptor))
    epoll_ctl(epoll, operation, descriptor, &event)
  }

  func watch(_ connection: Connection, _ interest: UInt32) {
    guard connection.interest != interest else { return }
    watch(
      connection.descriptor, connection.interest == 0 ? EPOLL_CTL_ADD : interest == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD,
      interest)
    connection.interest = interest
  }

  /// Gives the leader something to do.
  func post(_ item: Item) {
    let wakes = monitor.locked {
      posted.append(item)
      // Asked under the lock: who was deposed meanwhile may not leave this to a leader that has looked already.
      if server.crew.isLeader || isWoken { return false }
      isWoken = true
      return true
    }
    if wakes { eventfd_write(wakeUp, 1) }
  }

  // MARK: Turns

  /// Leads until another thread has taken over.
  func lead() {
    let crew = server.crew
    _ = crew.lead()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.readBytes, alignment: 16)
    let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Int(Self.mostEvents))
    while turn(buffer, events) {}
    buffer.deallocate()
    events.deallocate()
  }

  private func turn(_ buffer: UnsafeMutableRawBufferPointer, _ events: UnsafeMutablePointer<epoll_event>) -> Bool {
    guard takePosted() else { return false }
    now = Nanoseconds.now()
    server.crew.endTurn(now)
    keepTime()
    let count = epoll_wait(epoll, events, Self.mostEvents, patience)
    now = Nanoseconds.now()
    wallClock = .wallClock()
    server.crew.beginTurn(now)
    if count < 0, errno != EINTR {
      // The function has closed what is not its own: a process without it is better.
      slipway_end(1)
    }
    for index in 0..<max(0, Int(count)) {
      let event = events[index]
      let descriptor = event.data.fd
      if descriptor == listener {
        accept()
      } else if descriptor == wakeUp {
        var value: eventfd_t = 0
        eventfd_read(wakeUp, &value)
        monitor.locked { isWoken = false }
      } else if let connection = connections[Int(descriptor)] {
        guard react(connection, event.events, buffer) else { return false }
      }
    }
    return true
  }

  /// How many milliseconds there is nothing to do.
  private var patience: Int32 {
    if monitor.locked({ !posted.isEmpty }) { return 0 }
    var next = min(nextCheck, connectionCount > 0 || server.state != .serving ? nextSweep : .max)
    if let listensAgain { next = min(next, listensAgain) }
    if next == .max { return -1 }
    return Int32(clamping: max(0, (next - now).milliseconds))
  }

  private func takePosted() -> Bool {
    // What a leader that was deposed has left comes before what came meanwhile.
    if taken.isEmpty {
      monitor.locked { swap(&posted, &taken) }
      taken.reverse()
    }
    while let item = taken.popLast() {
      let leads =
        switch item {
        case .job(let job, let invocation): run(job, invocation)
        case .early(let connection): readEarly(connection)
        case .ended(let invocation): end(invocation)
        case .crashed(let invocation): crash(invocation)
        case .left: leave()
        }
      guard leads else { return false }
    }
    return true
  }

  private func run(_ job: UnownedJob, _ invocation: Invocation) -> Bool {
    let crew = server.crew
    if crew.isWary(now) {
      crew.submit { crew.asWorker { invocation.run(job) } }
      return true
    }
    return crew.asLeader { invocation.run(job) }
  }

  // MARK: Invocations

  /// Runs the function, here unless functions seem to hold their threads.
  func start(_ invocation: Invocation, _ function: Function, _ request: consuming Request) -> Bool {
    nextCheck = min(nextCheck, invocation.deadline)
    let crew = server.crew
    switch function {
    case .asynchronous(let function):
      invocation.start(function, request)
      return true
    case .plain(let function):
      let request = consume request
      if crew.isWary(now) {
        crew.submit {
          crew.asWorker { invocation.run(function, request) }
          invocation.server.loop.post(.ended(invocation))
        }
        return true
      }
      if !crew.asLeader({ invocation.run(function, request) }) {
        post(.ended(invocation))
        return false
      }
      return end(invocation)
    }
  }

  /// Answers for a function that has ended.
  private func end(_ invocation: Invocation) -> Bool {
    invocation.task = nil
    if !answerOnce(invocation) { leftOver.removeAll { $0 === invocation } }
    return true
  }

  private func crash(_ invocation: Invocation) -> Bool {
    _ = answerOnce(invocation)
    return true
  }

  /// False where it has been answered for.
  private func answerOnce(_ invocation: Invocation) -> Bool {
    invocation.endPrinted()
    guard invocation.claim() else { return false }
    answer(invocation, invocation.outcome(development: server.settings.development))
    return true
  }

  private func answer(_ invocation: Invocation, _ outcome: Result<Answer, Refusal>) {
    let reply = invocation.reply(outcome)
    let connection = invocation.connection
    server.flight.leave(invocation)
    server.table.end(connection.descriptor)
    finish(connection, reply, toHead: invocation.flags.contains(.toHead))
  }

  /// Answers for a function that goes on.
  private func cut(_ invocation: Invocation, _ why: Invocation.Cut) {
    guard invocation.claim() else { return }
    if let task = invocation.task {
      // What handles the cancellation is the function's, and may take its time.
      let crew = server.crew
      crew.submit { crew.asWorker { invocation.asCurrent { task.cancel() } } }
    }
    invocation.cutAt = now
    leftOver.append(invocation)
    nextCheck = min(nextCheck, now + Self.lastTurn)
    answer(invocation, .failure(why.refusal))
  }

  // MARK: Time

  private func keepTime() {
    if now >= nextCheck { check() }
    if now >= nextSweep {
      nextSweep = now + (server.state == .serving ? Self.sweepEvery : Self.noDescriptor)
      sweep()
    }
    if let again = listensAgain, now >= again {
      listensAgain = nil
      watch(listener, EPOLL_CTL_ADD, EPOLLIN.rawValue)
    }
    if server.state != .serving { endWhenDone() }
  }

  private func check() {
    nextCheck = drainsUntil.map { hasCut ? .max : $0 } ?? .max
    let outOfGrace = drainsUntil.map { now >= $0 } ?? false
    if outOfGrace { hasCut = true }
    for invocation in server.flight.all {
      if now >= invocation.deadline {
        cut(invocation, .timeout)
      } else if outOfGrace {
        cut(invocation, .shuttingDown)
      } else {
        nextCheck = min(nextCheck, invocation.deadline)
      }
    }
    for invocation in leftOver {
      let patience = invocation.holdsThread == nil ? Self.lastNotice : Self.lastTurn
      let end = invocation.cutAt! + patience
      if now < end {
        nextCheck = min(nextCheck, end)
      } else {
        invocation.write(.error, "its timeout ran out and it goes on: its process is replaced")
        leftOver.removeAll { $0 === invocation }
        server.retire()
        // It may compute for nobody.
        if let thread = invocation.holdsThread { slipway_park(thread, Unmanaged.passUnretained(invocation).toOpaque()) }
      }
    }
  }

  /// Closes what stalls.
  private func sweep() {
    let isEnding = server.state != .serving
    for connection in connections {
      guard let connection else { continue }
      let still = now - connection.moved
      switch connection.phase {
      case .reading:
        if connection.isIdle {
          let patience = !isEnding ? Self.idle : connection.isFresh ? Self.firstBytes : 0
          if still >= patience, !isEnding || !connection.hasUnread { close(connection) }
        } else if connection.unsent.isEmpty {
          if still >= Contract.stall { close(connection) }
        } else if still >= Self.idle {
          close(connection)
        }
      case .lingering(let since):
        if now - since >= Self.linger { close(connection) }
      case .running, .closed:
        break
      }
    }
  }

  /// Takes no more connections: those that wait are another process's, or nobody's.
  private func leave() -> Bool {
    watch(listener, EPOLL_CTL_DEL, 0)
    listensAgain = nil
    if server.state == .draining, drainsUntil == nil {
      drainsUntil = now + server.settings.grace
      nextCheck = min(nextCheck, drainsUntil!)
    }
    nextSweep = now
    return true
  }

  private func endWhenDone() {
    guard server.flight.count == 0 else {
      doneSince = nil
      return
    }
    let since = doneSince ?? now
    doneSince = since
    let isSent = connections.allSatisfy { $0?.unsent.isEmpty ?? true }
    // An answer that is being sent is in flight still, however slow the client.
    let isOutOfGrace = now - since >= server.settings.grace || now >= (drainsUntil ?? .max)
    if isSent && (connectionCount == 0 || now - since >= Self.lastBytes) || isOutOfGrace {
      server.logs.flush(limit: Self.lastLines)
      slipway_end(0)
    }
    nextCheck = min(nextCheck, now + Self.noDescriptor)
  }

  /// For the header of that name.
  var date: String {
    if wallClock / 1_000_000_000 != dateSecond {
      dateSecond = wallClock / 1_000_000_000
      dateText = CivilTime(wallClock).httpDate
    }
    return dateText
  }

  // MARK: Connections

  private func accept() {
    for _ in 0..<Self.mostEvents {
      let descriptor = slipway_accept(listener)
      if descriptor < 0 {
        if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
          watch(listener, EPOLL_CTL_DEL, 0)
          listensAgain = now + Self.noDescriptor
        }
        if errno == ECONNABORTED || errno == EINTR { continue }
        return
      }
      // Without it answers wait for an acknowledgement.
      var yes: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
      let connection = Connection(descriptor: descriptor, maxBody: server.settings.maxBody, now: now)
      while connections.count <= Int(descriptor) { connections.append(nil) }
      connections[Int(descriptor)] = connection
      connectionCount += 1
      watch(connection, EPOLLIN.rawValue)
    }
  }

  func close(_ connection: Connection) {
    if case .closed = connection.phase { return }
    connection.phase = .closed
    connections[Int(connection.descriptor)] = nil
    connectionCount -= 1
    Glibc.close(connection.descriptor)
  }
}
