/// A JSON document as a tree; objects keep their order and numbers their digits.
package indirect enum JSONValue: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    /// As it is written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// The value of a member, nil when this is no object or has none of that name.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// What a person looks for first comes first, the rest by name; the same order in every run.
    private static let leading = ["schema", "type", "id", "sequence", "at", "name", "kind", "state"]

    package func sorted() -> JSONValue {
        switch self {
        case .array(let items): .array(items.map { $0.sorted() })
        case .object(let members):
            .object(
                members.map { Member($0.key, $0.value.sorted()) }.sorted { left, right in
                    let places = [left, right].map { Self.leading.firstIndex(of: $0.key) ?? Self.leading.count }
                    return (places[0], left.key) < (places[1], right.key)
                })
        default: self
        }
    }
}

extension JSONValue {
    /// On one line without spaces.
    package var compact: String {
        var text = ""
        write(into: &text, indent: nil)
        return text
    }

    /// On many lines, two spaces deeper for each level.
    package var pretty: String {
        var text = ""
        write(into: &text, indent: 0)
        return text
    }

    private func write(into text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): text += Self.quoted(value)
        case .array(let items):
            Self.write(items, into: &text, between: ("[", "]"), indent: indent) { item, text, indent in
                item.write(into: &text, indent: indent)
            }
        case .object(let members):
            Self.write(members, into: &text, between: ("{", "}"), indent: indent) { member, text, indent in
                text += Self.quoted(member.key) + (indent == nil ? ":" : ": ")
                member.value.write(into: &text, indent: indent)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], into text: inout String, between brackets: (String, String), indent: Int?,
        _ body: (Element, inout String, Int?) -> Void
    ) {
        text += brackets.0
        for (place, element) in elements.enumerated() {
            if place > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: "  ", count: indent + 1) }
            body(element, &text, indent.map { $0 + 1 })
        }
        if let indent, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
        text += brackets.1
    }

    /// The text as a JSON string, which is also a double-quoted YAML scalar.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 32 || (127..<160).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
