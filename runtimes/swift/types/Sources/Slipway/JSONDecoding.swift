extension JSON {
  /// Reads the value as a type of your own: `try req.payload.decode(Order.self)`.
  public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
    try T(from: ValueDecoder(value: self, codingPath: []))
  }
}

private struct ValueDecoder: Decoder {
  let value: JSON
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let members = value.object else { throw mismatch(JSON.Object.self) }
    return KeyedDecodingContainer(MembersDecoder(members: members, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = value.array else { throw mismatch([JSON].self) }
    return ElementsDecoder(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func mismatch(_ type: Any.Type) -> DecodingError {
    .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "\(type) is wanted"))
  }
}

extension ValueDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value.isNull }

  func decode(_ type: Bool.Type) throws -> Bool { try unwrap(value.bool) }
  func decode(_ type: String.Type) throws -> String { try unwrap(value.string) }
  func decode(_ type: Double.Type) throws -> Double { try unwrap(value.double) }
  func decode(_ type: Float.Type) throws -> Float { Float(try unwrap(value.double)) }
  func decode(_ type: Int.Type) throws -> Int { try unwrap(value.int) }
  func decode(_ type: Int8.Type) throws -> Int8 { try exactly() }
  func decode(_ type: Int16.Type) throws -> Int16 { try exactly() }
  func decode(_ type: Int32.Type) throws -> Int32 { try exactly() }
  func decode(_ type: Int64.Type) throws -> Int64 { try exactly() }
  func decode(_ type: UInt.Type) throws -> UInt { try exactly() }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try exactly() }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try exactly() }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try exactly() }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try exactly() }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if type == JSON.self { return value as! T }
    return try T(from: self)
  }

  private func unwrap<T>(_ value: T?) throws -> T {
    guard let value else { throw mismatch(T.self) }
    return value
  }

  private func exactly<T: FixedWidthInteger>() throws -> T {
    try unwrap(value.int.flatMap { T(exactly: $0) })
  }
}

private struct MembersDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: JSON.Object
  let codingPath: [any CodingKey]

  var allKeys: [Key] { members.names.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

  private func decoder(_ key: some CodingKey) throws -> ValueDecoder {
    guard let value = members[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "the member \(key.stringValue) is wanted"))
    }
    return ValueDecoder(value: value, codingPath: codingPath + [key])
  }

  func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).decodeNil() }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).decode(type) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
    -> KeyedDecodingContainer<Nested>
  { try decoder(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try decoder(Place(stringValue: "super")) }

  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

private struct ElementsDecoder: UnkeyedDecodingContainer {
  let elements: [JSON]
  let codingPath: [any CodingKey]
  var currentIndex = 0

  init(elements: [JSON], codingPath: [any CodingKey]) {
    self.elements = elements
    self.codingPath = codingPath
  }

  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  private mutating func next() throws -> ValueDecoder {
    let path = codingPath + [Place(intValue: currentIndex)]
    if isAtEnd {
      throw DecodingError.valueNotFound(
        JSON.self, .init(codingPath: path, debugDescription: "one more element is wanted"))
    }
    defer { currentIndex += 1 }
    return ValueDecoder(value: elements[currentIndex], codingPath: path)
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex].isNull else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

  mutating func superDecoder() throws -> any Decoder { try next() }
}

/// A place within an array, or a name that no type declares.
struct Place: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }

  init(intValue: Int) {
    stringValue = String(intValue)
    self.intValue = intValue
  }
}

extension JSON: Decodable {
  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? ValueDecoder else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "JSON is decoded by JSON.decode only"))
    }
    self = decoder.value
  }
}
