public func helped(_ text: String) -> String { "helped \(text)" }
