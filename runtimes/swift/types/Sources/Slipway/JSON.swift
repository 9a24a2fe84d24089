/// A JSON value. Members of objects keep their order; integers stay integers.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(Object)
}

extension JSON {
  /// The member of that name, where this is an object that has one.
  public subscript(name: String) -> JSON? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  /// The element at that place, where this is an array that has one.
  public subscript(index: Int) -> JSON? {
    if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
  }

  public var isNull: Bool { self == .null }

  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// An integer, also one that was written as a float.
  public var int: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var array: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var object: Object? {
    if case .object(let value) = self { value } else { nil }
  }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral members: (String, JSON)...) { self = .object(Object(members)) }
}

extension JSON {
  /// The members of an object, in order.
  public struct Object: Sendable {
    fileprivate struct Member: Sendable {
      let name: String
      var value: JSON
    }

    fileprivate var members: [Member] = []
    /// Where a name is, once there are too many to look through.
    private var places: [[UInt8]: Int]?

    private static let mostLookedThrough = 16

    public init() {}

    /// Of several members of a name the last counts.
    public init(_ members: some Sequence<(String, JSON)>) {
      for (name, value) in members { self[name] = value }
    }

    public var names: [String] { members.map(\.name) }
    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    public subscript(name: String) -> JSON? {
      get { place(of: name).map { members[$0].value } }
      set {
        switch (place(of: name), newValue) {
        case (let place?, let value?): members[place].value = value
        case (nil, let value?): append(name, value)
        case (let place?, nil): remove(at: place)
        case (nil, nil): break
        }
      }
    }

    /// Names are the same when their bytes are; to Swift, texts that look alike are equal.
    private func place(of name: String) -> Int? {
      if let places { return places[Array(name.utf8)] }
      return members.firstIndex { $0.name == name && $0.name.utf8.elementsEqual(name.utf8) }
    }

    private mutating func append(_ name: String, _ value: JSON) {
      members.append(Member(name: name, value: value))
      if places != nil {
        places?[Array(name.utf8)] = members.count - 1
      } else if members.count > Self.mostLookedThrough {
        notePlaces()
      }
    }

    private mutating func remove(at place: Int) {
      members.remove(at: place)
      if members.count > Self.mostLookedThrough { notePlaces() } else { places = nil }
    }

    private mutating func notePlaces() {
      places = Dictionary(uniqueKeysWithValues: members.enumerated().map { (Array($1.name.utf8), $0) })
    }
  }
}

extension JSON.Object: Sequence, ExpressibleByDictionaryLiteral, Equatable {
  public init(dictionaryLiteral members: (String, JSON)...) { self.init(members) }

  public struct Iterator: IteratorProtocol {
    fileprivate let object: JSON.Object
    fileprivate var place = 0

    public mutating func next() -> (name: String, value: JSON)? {
      guard place < object.members.count else { return nil }
      defer { place += 1 }
      let member = object.members[place]
      return (member.name, member.value)
    }
  }

  public func makeIterator() -> Iterator { Iterator(object: self) }

  /// The order of members means nothing.
  public static func == (one: Self, other: Self) -> Bool {
    one.count == other.count && one.allSatisfy { other[$0.name] == $0.value }
  }
}
