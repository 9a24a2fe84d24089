import Synchronization

/// Takes one answer. A second one, or one that HTTP can't carry, throws.
public final class Response: @unchecked Sendable {
  private enum State {
    static let open: UInt8 = 0
    /// Somebody is answering.
    static let taken: UInt8 = 1
    static let given: UInt8 = 2
  }

  private let state = Atomic(State.open)
  /// Written by who has taken it, read once it is given.
  private var given: Result<Answer, ResponseError>?

  public init() {}

  /// Answers with text.
  public func send(_ text: String, status: Int = 200, headers: Headers = [:]) throws(ResponseError) {
    try answer(.text, Array(text.utf8), status, headers)
  }

  /// Answers with bytes.
  public func send(_ bytes: some Sequence<UInt8>, status: Int = 200, headers: Headers = [:]) throws(ResponseError) {
    try answer(.bytes, Array(bytes), status, headers)
  }

  /// Answers with JSON.
  public func json(_ value: JSON, status: Int = 200, headers: Headers = [:]) throws(ResponseError) {
    let bytes: [UInt8]
    do {
      bytes = try value.bytes()
    } catch {
      throw refuse("\(error)")
    }
    try answer(.json, bytes, status, headers)
  }

  /// Answers with JSON that a value is encoded to.
  public func json(encoding value: some Encodable, status: Int = 200, headers: Headers = [:]) throws(ResponseError) {
    let encoded: JSON
    do {
      encoded = try JSON(encoding: value)
    } catch {
      throw refuse("\(error)")
    }
    try json(encoded, status: status, headers: headers)
  }

  /// The first answer, nil where there is none yet. Throws where it was none that can be sent.
  public var answer: Answer? {
    get throws(ResponseError) {
      switch state.load(ordering: .acquiring) == State.given ? given : nil {
      case nil: return nil
      case .success(let answer): return answer
      case .failure(let error): throw error
      }
    }
  }

  private func answer(_ kind: Answer.Kind, _ body: [UInt8], _ status: Int, _ headers: Headers) throws(ResponseError) {
    let problem = (200...599).contains(status) ? headers.problem : "the status \(status) is outside 200 to 599"
    if let problem { throw refuse(problem) }
    if !settle(.success(Answer(status: status, headers: headers, kind: kind, body: body))) { throw .alreadyAnswered }
  }

  /// What to throw for an answer that can't be sent.
  private func refuse(_ problem: String) -> ResponseError {
    let error = ResponseError.invalid(problem)
    return settle(.failure(error)) ? error : .alreadyAnswered
  }

  /// Whether it is the first: that one stays, whatever it is worth.
  private func settle(_ outcome: Result<Answer, ResponseError>) -> Bool {
    guard state.compareExchange(expected: State.open, desired: State.taken, ordering: .acquiringAndReleasing).exchanged
    else {
      return false
    }
    given = outcome
    state.store(State.given, ordering: .releasing)
    return true
  }
}

/// Why an answer was not taken.
public enum ResponseError: Error, Equatable, CustomStringConvertible {
  case alreadyAnswered
  case invalid(String)

  public var description: String {
    switch self {
    case .alreadyAnswered: "the response was already given: a function answers once"
    case .invalid(let problem): problem
    }
  }
}

/// An answer that HTTP can carry.
public struct Answer: Sendable {
  public enum Kind: Sendable {
    case text
    case bytes
    case json
  }

  public let status: Int
  public let headers: Headers
  /// What the content type says, unless the headers hold one.
  public let kind: Kind
  public let body: [UInt8]
}
