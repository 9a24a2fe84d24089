extension String {
  /// The words of a text as one name: `upper camel case` becomes `UpperCamelCase`.
  public var upperCamelCase: String {
    split(separator: " ").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}
