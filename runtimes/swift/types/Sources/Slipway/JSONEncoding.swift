extension JSON {
  /// The value as JSON, members in the order in which they are encoded.
  public init(encoding value: some Encodable) throws {
    let place = Slot()
    try ValueEncoder(slot: place, codingPath: []).encode(value)
    self = place.json
  }
}

/// Where an encoder leaves a value. Containers may be filled after they were made, so the tree is one of references.
private final class Slot {
  enum Content {
    case value(JSON)
    case elements([Slot])
    case members([(String, Slot)])
  }

  var content = Content.value(.object([:]))

  var json: JSON {
    switch content {
    case .value(let value): value
    case .elements(let elements): .array(elements.map(\.json))
    case .members(let members): .object(JSON.Object(members.map { ($0.0, $0.1.json) }))
    }
  }

  func addElement() -> Slot {
    let slot = Slot()
    if case .elements(var elements) = content {
      // A list that two hold is copied when it grows.
      content = .value(.null)
      elements.append(slot)
      content = .elements(elements)
    }
    return slot
  }

  func addMember(_ name: String) -> Slot {
    let slot = Slot()
    if case .members(var members) = content {
      content = .value(.null)
      members.append((name, slot))
      content = .members(members)
    }
    return slot
  }
}

private struct ValueEncoder: Encoder {
  let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .members = slot.content {} else { slot.content = .members([]) }
    return KeyedEncodingContainer(MembersEncoder(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .elements = slot.content {} else { slot.content = .elements([]) }
    return ElementsEncoder(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension ValueEncoder: SingleValueEncodingContainer {
  func encodeNil() { slot.content = .value(.null) }
  func encode(_ value: Bool) { slot.content = .value(.bool(value)) }
  func encode(_ value: String) { slot.content = .value(.string(value)) }
  func encode(_ value: Double) { slot.content = .value(.number(value)) }
  /// As the number that its own shortest text names: widened, 0.1 would be 0.10000000149011612.
  func encode(_ value: Float) { slot.content = .value(.number(Double(value.description) ?? Double(value))) }
  func encode(_ value: Int) { slot.content = .value(.integer(value)) }
  func encode(_ value: Int8) { integer(value) }
  func encode(_ value: Int16) { integer(value) }
  func encode(_ value: Int32) { integer(value) }
  func encode(_ value: Int64) { integer(value) }
  func encode(_ value: UInt) { integer(value) }
  func encode(_ value: UInt8) { integer(value) }
  func encode(_ value: UInt16) { integer(value) }
  func encode(_ value: UInt32) { integer(value) }
  func encode(_ value: UInt64) { integer(value) }

  func encode(_ value: some Encodable) throws {
    if let json = value as? JSON { slot.content = .value(json) } else { try value.encode(to: self) }
  }

  /// Beyond 64 bits with a sign a float is the nearest.
  private func integer(_ value: some BinaryInteger) {
    slot.content = .value(Int(exactly: value).map(JSON.integer) ?? .number(Double(value)))
  }
}

private struct MembersEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  private func encoder(_ key: some CodingKey) -> ValueEncoder {
    ValueEncoder(slot: slot.addMember(key.stringValue), codingPath: codingPath + [key])
  }

  func encodeNil(forKey key: Key) { encoder(key).encodeNil() }
  func encode(_ value: some Encodable, forKey key: Key) throws { try encoder(key).encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested>
  {
    encoder(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }
  func superEncoder() -> any Encoder { encoder(Place(stringValue: "super")) }
  func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
}

private struct ElementsEncoder: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  var count: Int {
    if case .elements(let elements) = slot.content { elements.count } else { 0 }
  }

  private func encoder() -> ValueEncoder {
    ValueEncoder(slot: slot.addElement(), codingPath: codingPath + [Place(intValue: count)])
  }

  func encodeNil() { encoder().encodeNil() }
  func encode(_ value: some Encodable) throws { try encoder().encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    encoder().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
  func superEncoder() -> any Encoder { encoder() }
}

extension JSON: Encodable {
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value): try value.encode(to: encoder)
    case .integer(let value): try value.encode(to: encoder)
    case .number(let value): try value.encode(to: encoder)
    case .string(let value): try value.encode(to: encoder)
    case .array(let elements): try elements.encode(to: encoder)
    case .object(let members):
      var container = encoder.container(keyedBy: Place.self)
      for (name, value) in members { try container.encode(value, forKey: Place(stringValue: name)) }
    }
  }
}
