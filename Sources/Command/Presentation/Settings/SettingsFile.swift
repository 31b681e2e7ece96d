package import Ledger
package import Queueing
import Yams

/// A configuration file, read: the values that are there, and everything that is wrong with it.
package struct SettingsFile: Sendable {
    package let path: String
    /// In the order of the file, each with its line.
    package private(set) var values: [(key: SettingsKey, text: String, line: Int?)] = []
    /// The block `queueing`; nil when the file has none.
    package private(set) var queueing: (settings: QueueingSettings, lines: QueueingLines)?
    /// The block `watchdog`; nil when the file has none.
    package private(set) var watchdog: (settings: WatchdogSettings, lines: WatchdogLines)?
    package private(set) var issues: [SettingsIssue] = []

    static let queueingKey = "queueing"
    static let watchdogKey = "watchdog"

    /// How many settings are in it; a queue is one.
    package var count: Int {
        values.count + (queueing.map { $0.lines.count } ?? 0) + (watchdog.map { $0.lines.keys.count } ?? 0)
    }

    /// Reads a YAML mapping of keys to single values, and of `queueing` and `watchdog` to blocks; an empty file sets nothing.
    package init(path: String, text: String) {
        self.path = path
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            issues = [Self.issue(of: error, in: path)]
            return
        }
        guard let root, root.null == nil || root.scalar?.string.isEmpty == false else { return }
        guard case .mapping(let mapping) = root else {
            issues = [
                SettingsIssue(
                    path, root, "a configuration is lines of \"key: value\", such as \"placementPolicy: spread\"")
            ]
            return
        }
        for (key, value) in mapping { read(key, value) }
    }

    private mutating func read(_ keyNode: Node, _ valueNode: Node) {
        if keyNode.scalar?.string == Self.queueingKey {
            let block = QueueingReader(path: path, valueNode)
            issues += block.reader.issues
            if block.reader.issues.isEmpty { queueing = (block.settings, block.lines) }
            return
        }
        if keyNode.scalar?.string == Self.watchdogKey {
            let block = WatchdogReader(path: path, valueNode)
            issues += block.reader.issues
            if block.reader.issues.isEmpty { watchdog = (block.settings, block.lines) }
            return
        }
        guard let name = keyNode.scalar?.string, let key = SettingsKey(rawValue: name) else {
            let names = SettingsKey.allCases.map(\.rawValue) + [Self.queueingKey, Self.watchdogKey]
            let written = keyNode.scalar?.string ?? "this"
            let meant = Suggestion.nearest(to: written, among: names)
            issues.append(
                SettingsIssue(
                    path, keyNode,
                    "\"\(written)\" is not a key; "
                        + (meant.map { "did you mean \"\($0)\"?" } ?? "the keys are \(names.joined(separator: ", "))")))
            return
        }
        guard let text = valueNode.scalar?.string, valueNode.null == nil else {
            issues.append(SettingsIssue(path, valueNode, "\(name) needs one value: \(key.form)"))
            return
        }
        var probe = Settings()
        guard probe.set(key, to: text) else {
            issues.append(.badValue(text, of: key, in: path, line: valueNode.mark?.line))
            return
        }
        values.append((key, text, valueNode.mark?.line))
    }

    private static func issue(of error: any Error, in path: String) -> SettingsIssue {
        guard let error = error as? YamlError else { return SettingsIssue(place: path, message: "\(error)") }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return SettingsIssue(place: path, line: mark.line, message: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.joined(separator: ", ")
            return SettingsIssue(place: path, line: context.mark.line, message: "given twice: \(names)")
        default:
            return SettingsIssue(place: path, message: "not YAML: \(error)")
        }
    }
}

extension SettingsIssue {
    fileprivate init(_ path: String, _ node: Node, _ message: String) {
        self.init(place: path, line: node.mark?.line, message: message)
    }
}
