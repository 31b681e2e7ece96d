package import Fleet

extension EndReason {
    /// In words for people: `holder ended`.
    package var words: String {
        rawValue.reduce(into: "") { words, character in
            if character.isUppercase { words.append(" ") }
            words += character.lowercased()
        }
    }
}
