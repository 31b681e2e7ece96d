extension JSONValue {
    /// The same document in YAML, in block style; it reads back to the same tree under YAML 1.1 and 1.2.
    package var yaml: String {
        var lines: [String] = []
        writeYAML(into: &lines, indent: 0, lead: "")
        return lines.joined(separator: "\n")
    }

    /// `lead` is what already stands on the first line: a key or the dash of a list.
    private func writeYAML(into lines: inout [String], indent: Int, lead: String) {
        let margin = String(repeating: " ", count: indent)
        switch self {
        case .array(let items) where !items.isEmpty:
            if !lead.isEmpty { lines.append(lead) }
            for item in items {
                item.writeYAMLItem(into: &lines, indent: indent)
            }
        case .object(let members) where !members.isEmpty:
            if !lead.isEmpty { lines.append(lead) }
            for member in members {
                member.value.writeYAML(into: &lines, indent: indent + 2, lead: "\(margin)\(Self.scalar(member.key)):")
            }
        default:
            lines.append(lead.isEmpty ? margin + flow : "\(lead) \(flow)")
        }
    }

    /// An element of a list: its first line follows the dash.
    private func writeYAMLItem(into lines: inout [String], indent: Int) {
        let margin = String(repeating: " ", count: indent)
        let start = lines.count
        writeYAML(into: &lines, indent: indent + 2, lead: "")
        lines[start] = margin + "- " + lines[start].dropFirst(indent + 2)
    }

    /// A scalar, or an empty list or object, on one line.
    private var flow: String {
        switch self {
        case .string(let text): Self.scalar(text)
        default: compact
        }
    }

    /// Words that some reader of YAML takes for something other than text.
    private static let reserved: Set<String> = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "nan", "inf",
    ]

    /// Bare where no reader can take it for anything but text, else in double quotes.
    private static func scalar(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return "\"\"" }
        func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.isASCII && scalar.properties.isAlphabetic }
        func isPlain(_ scalar: Unicode.Scalar) -> Bool {
            isLetter(scalar) || (48...57).contains(scalar.value) || " _-./(),+".unicodeScalars.contains(scalar)
        }
        let startsPlain = isLetter(first) || (first == "/" && text.count > 1)
        guard startsPlain, last != " ", text.unicodeScalars.allSatisfy(isPlain), !reserved.contains(text.lowercased())
        else { return quoted(text) }
        return text
    }
}
