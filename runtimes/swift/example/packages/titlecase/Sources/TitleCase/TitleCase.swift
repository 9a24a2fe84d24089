extension String {
  /// The text with each word's first letter in upper case: `ada lovelace` becomes `Ada Lovelace`.
  public var titleCased: String {
    split(separator: " ", omittingEmptySubsequences: false)
      .map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
      .joined(separator: " ")
  }
}
