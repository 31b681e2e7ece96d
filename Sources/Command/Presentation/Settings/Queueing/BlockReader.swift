import Yams

/// Reads blocks of keys inside a configuration file and gathers everything that is wrong with them.
struct BlockReader {
    let path: String
    private(set) var issues: [SettingsIssue] = []

    init(path: String) { self.path = path }

    mutating func report(_ node: Node, _ message: String) {
        issues.append(SettingsIssue(place: path, line: node.mark?.line, message: message))
    }

    mutating func report(line: Int?, _ message: String) {
        issues.append(SettingsIssue(place: path, line: line, message: message))
    }

    /// The keys of a block that are known, in the order of the file; nil when it is no block.
    mutating func block<Key: RawRepresentable<String> & CaseIterable>(
        _ node: Node, _ name: String, form: String, keys: Key.Type
    ) -> [(key: Key, value: Node)]? {
        guard let pairs = pairs(node, name, form: form) else { return nil }
        return pairs.compactMap { keyNode, value in
            let written = keyNode.scalar?.string ?? "this"
            if let key = Key(rawValue: written) { return (key, value) }
            let names = Key.allCases.map(\.rawValue)
            let meant = Suggestion.nearest(to: written, among: names).map { "did you mean \"\($0)\"?" }
            report(
                keyNode,
                "\"\(written)\" is not a key of \(name); "
                    + (meant ?? "the keys are \(names.joined(separator: ", "))"))
            return nil
        }
    }

    /// The pairs of a block whose keys are names of somebody's choosing; nil when it is no block.
    mutating func pairs(_ node: Node, _ name: String, form: String) -> [(key: Node, value: Node)]? {
        if Self.isEmpty(node) { return [] }
        guard case .mapping(let mapping) = node else {
            report(node, "\(name) is a block: \(form)")
            return nil
        }
        return mapping.map { ($0.key, $0.value) }
    }

    /// A single value in a form of its own; nil, and an issue, when it is none.
    mutating func value<Value>(
        _ node: Node, of name: String, form: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let text = node.scalar?.string, node.null == nil else {
            report(node, "\(name) needs one value: \(form)")
            return nil
        }
        guard let value = parse(text) else {
            report(node, "\"\(text)\" is no value of \(name); it is \(form)")
            return nil
        }
        return value
    }

    /// A list of words, or one word alone.
    mutating func words(_ node: Node, of name: String, form: String) -> [String]? {
        if case .sequence(let sequence) = node {
            var words: [String] = []
            for item in sequence {
                guard let word = item.scalar?.string, !word.isEmpty, item.null == nil else {
                    report(item, "\(name) needs \(form)")
                    return nil
                }
                words.append(word)
            }
            return words
        }
        return value(node, of: name, form: form) { $0.isEmpty ? nil : [$0] }
    }

    private static func isEmpty(_ node: Node) -> Bool { node.null != nil || node.scalar?.string.isEmpty == true }
}
