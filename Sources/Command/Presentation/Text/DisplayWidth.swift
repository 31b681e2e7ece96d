extension String {
    /// How many columns of a terminal this takes, when it holds neither line breaks nor control characters.
    ///
    /// Characters of East Asian scripts and emoji take two, marks that combine with the character before take none.
    package var displayWidth: Int {
        if utf8.allSatisfy({ $0 < 128 }) { return utf8.count }
        return reduce(0) { $0 + $1.displayWidth }
    }

    /// This text in exactly `width` columns: filled with spaces, or cut with an ellipsis.
    package func fitted(to width: Int) -> String {
        let mine = displayWidth
        if mine <= width { return self + String(repeating: " ", count: width - mine) }
        guard width > 0 else { return "" }
        var kept = ""
        var used = 0
        for character in self {
            guard used + character.displayWidth < width else { break }
            kept.append(character)
            used += character.displayWidth
        }
        return kept + "…" + String(repeating: " ", count: width - used - 1)
    }

    /// This text without control characters, so that a name from elsewhere cannot steer the terminal.
    package var printable: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0.isControl ? "?" : $0 }))
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        if unicodeScalars.contains("\u{FE0F}") { return 2 }
        return first.displayWidth
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { value < 32 || (127..<160).contains(value) }

    fileprivate var displayWidth: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // The blocks of East_Asian_Width W and F (Unicode Standard Annex 11) that terminals draw two columns wide.
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default:
            return 1
        }
    }
}

extension String {
    /// This line cut to `width` columns, its colour sequences kept whole and switched off at the cut.
    package func clipped(to width: Int) -> String {
        var kept = ""
        var used = 0
        var inSequence = false
        for character in self {
            if inSequence {
                kept.append(character)
                inSequence = !character.isLetter
            } else if character == "\u{1B}" {
                kept.append(character)
                inSequence = true
            } else {
                let next = String(character).displayWidth
                guard used + next <= width else { return kept + (kept.contains("\u{1B}") ? "\u{1B}[0m" : "") }
                kept.append(character)
                used += next
            }
        }
        return kept
    }
}
