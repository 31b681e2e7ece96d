/// A request that cannot be read: which option, which piece of its text, what is wrong and what to write instead.
package struct RequestError: Error, Hashable, Sendable {
    /// The option as people write it: `--gpus`.
    package let option: String
    /// The option's whole value as it was given.
    package let text: String
    /// The offending piece, as UTF-8 offsets into `text`; empty where something is missing.
    package let range: Range<Int>
    /// What is wrong, as one sentence without a full stop.
    package let message: String
    /// The accepted form.
    package let hint: String?

    package init(option: String, text: String, range: Range<Int>, message: String, hint: String?) {
        let length = text.utf8.count
        let lower = min(max(range.lowerBound, 0), length)
        self.option = option
        self.text = text
        self.range = lower..<min(max(range.upperBound, lower), length)
        self.message = message
        self.hint = hint
    }
}

extension RequestError: CustomStringConvertible {
    /// The longest piece of the option's text that is shown, in Unicode scalars.
    private static let window = 100

    /// Three or four lines: the message, the text, a caret under the offending piece, the accepted form.
    package var description: String {
        var lines = ["\(option): \(message)"]
        if !text.isEmpty {
            let (shown, caret) = excerpt()
            lines += ["    \(shown)", "    \(caret)"]
        }
        if let hint { lines.append("  \(hint)") }
        return lines.joined(separator: "\n")
    }

    /// The part of the text around the offending piece, and the line that points at it.
    private func excerpt() -> (shown: String, caret: String) {
        var scalars: [(scalar: Unicode.Scalar, offset: Int)] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            scalars.append((scalar, offset))
            offset += UTF8.width(scalar)
        }
        let first = scalars.firstIndex { $0.offset >= range.lowerBound } ?? scalars.count
        let last = scalars.lastIndex { $0.offset < range.upperBound } ?? first
        let start = scalars.count <= Self.window ? 0 : max(0, min(first - Self.window / 2, scalars.count - Self.window))
        let end = min(scalars.count, start + Self.window)
        let lead = start > 0 ? "..." : ""
        var shown = lead
        for (scalar, _) in scalars[start..<end] {
            let isPrintable = scalar.value >= 32 && !(127..<160).contains(scalar.value)
            shown.unicodeScalars.append(isPrintable ? scalar : "?")
        }
        if end < scalars.count { shown += "..." }
        let width = max(1, min(last + 1, end) - first)
        let margin = String(repeating: " ", count: lead.count + first - start)
        return (shown, margin + "^" + String(repeating: "~", count: width - 1))
    }
}

/// A request that is well formed but that this release cannot grant, whatever the fleet.
package struct RequestRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The option that asks for it, as people write it: `--slice`.
    package let option: String
    /// One sentence.
    package let message: String

    package var description: String { "\(option): \(message)" }
}
