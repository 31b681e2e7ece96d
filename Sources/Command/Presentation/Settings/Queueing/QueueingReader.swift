import Fleet
import Placement
import Queueing
import Yams

/// Where in a file the keys of the block `queueing` and its queues stand.
package struct QueueingLines: Hashable, Sendable {
    var keys: [QueueingKey: Int] = [:]
    /// By path.
    var queues: [String: Int] = [:]

    var count: Int { keys.count + queues.count }
}

/// Reads the block `queueing` of a configuration file.
struct QueueingReader {
    private(set) var reader: BlockReader
    private(set) var settings = QueueingSettings()
    private(set) var lines = QueueingLines()

    init(path: String, _ node: Yams.Node) {
        reader = BlockReader(path: path)
        read(node)
        guard reader.issues.isEmpty else { return }
        settings.queues.sort { $0.path < $1.path }
        do throws(QueueTreeError) {
            _ = try settings.tree()
        } catch {
            reader.report(line: lines.queues[error.path] ?? node.mark?.line, error.description)
        }
    }

    private mutating func read(_ node: Yams.Node) {
        let form = "the keys are \(QueueingKey.allCases.map(\.rawValue).joined(separator: ", "))"
        for (key, value) in reader.block(node, "queueing", form: form, keys: QueueingKey.self) ?? [] {
            let name = "queueing.\(key.rawValue)"
            if key != .queues { lines.keys[key] = value.mark?.line }
            switch key {
            case .order: set(\.order, value, name, key.form, QueueingSettings.Order.init)
            case .backfill: set(\.backfill, value, name, key.form, QueueingSettings.Backfill.init)
            case .preemption: set(\.preemption, value, name, key.form, QueueingSettings.Preemption.init)
            case .halfLife: set(\.halfLife, value, name, key.form) { Span(written: $0) }
            case .ageing:
                set(\.ageing, value, name, key.form) { $0 == "never" ? .some(nil) : Span(written: $0).map { $0 } }
            case .preemptionNotice: set(\.preemptionNotice, value, name, key.form, QuantityText.span)
            case .depth:
                set(\.depth, value, name, key.form) { Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil } }
            case .queues: readQueues(value, below: "", of: name)
            }
        }
    }

    private mutating func set<Value>(
        _ property: WritableKeyPath<QueueingSettings, Value>, _ node: Yams.Node, _ name: String, _ form: String,
        _ parse: (String) -> Value?
    ) {
        if let value = reader.value(node, of: name, form: form, parse) { settings[keyPath: property] = value }
    }

    private mutating func readQueues(_ node: Yams.Node, below parent: String, of name: String) {
        for (key, value) in reader.pairs(
            node, name, form: parent.isEmpty ? QueueingKey.queues.form : QueueKey.queues.form) ?? []
        {
            guard let word = key.scalar?.string, !word.isEmpty, !word.contains("/") else {
                let written = key.scalar?.string ?? "this"
                reader.report(key, "\"\(written)\" is not the name of a queue; \(Self.nameForm)")
                continue
            }
            let path = parent.isEmpty ? word : "\(parent)/\(word)"
            // Deeper than any tree may be, and as deep as somebody likes.
            guard path.utf8.count(where: { $0 == UInt8(ascii: "/") }) < QueueTree.deepest else {
                reader.report(key, "queue \"\(path)\" lies too deep; at most \(QueueTree.deepest) names are in a path")
                continue
            }
            lines.queues[path] = key.mark?.line
            readQueue(value, path)
        }
    }

    private static let nameForm =
        "names are letters, digits, \"-\", \"_\" and \".\", and a queue below another stands under its \"queues\""

    private mutating func readQueue(_ node: Yams.Node, _ path: String) {
        var queue = QueueSpecification(path: path)
        let form = "the keys are \(QueueKey.allCases.map(\.rawValue).joined(separator: ", "))"
        for (key, value) in reader.block(node, "queue \"\(path)\"", form: form, keys: QueueKey.self) ?? [] {
            let name = "\(key.rawValue) of queue \"\(path)\""
            let form = key.form
            switch key {
            case .weight: set(&queue.weight, value, name, form) { Self.number($0, 1...1_000_000) }
            case .guaranteed: queue.guaranteed = quota(value, name, form)
            case .max: queue.maximum = quota(value, name, form)
            case .tenantMax: queue.tenantMaximum = quota(value, name, form)
            case .lends: set(&queue.lends, value, name, form, Bool.init)
            case .borrows: set(&queue.borrows, value, name, form, Bool.init)
            case .priority:
                set(&queue.priority, value, name, form) { Self.number($0, -1_000_000...1_000_000).map { Int($0) } }
            case .maxPriority:
                set(&queue.highestPriority, value, name, form) {
                    Self.number($0, -1_000_000...1_000_000).map { Int($0) }
                }
            case .tenants: queue.tenants = reader.words(value, of: name, form: form)
            case .policy: set(&queue.placement, value, name, form) { PolicyName(rawValue: $0).map { $0 } }
            case .longest: set(&queue.longest, value, name, form) { Span(written: $0).map { $0 } }
            case .minimumRun: set(&queue.minimumRun, value, name, form, QuantityText.span)
            case .idle: queue.idle = idle(value, name, form)
            case .queues: readQueues(value, below: path, of: name)
            }
        }
        settings.queues.append(queue)
    }

    private mutating func set<Value>(
        _ property: inout Value, _ node: Yams.Node, _ name: String, _ form: String, _ parse: (String) -> Value?
    ) {
        if let value = reader.value(node, of: name, form: form, parse) { property = value }
    }

    private mutating func quota(_ node: Yams.Node, _ name: String, _ form: String) -> Quota {
        var quota = Quota.none
        for (key, value) in reader.block(node, name, form: form, keys: QuotaKey.self) ?? [] {
            let name = "\(key.rawValue) of \(name)"
            switch key {
            case .gpus: quota.milliGPU = reader.value(value, of: name, form: key.form, QuantityText.milliGPU)
            case .memory: quota.memory = reader.value(value, of: name, form: key.form, QuantityText.bytes)
            }
        }
        return quota
    }

    private mutating func idle(_ node: Yams.Node, _ name: String, _ form: String) -> IdlePolicy? {
        var warnAfter: Span?
        var grace: Span?
        var action: IdlePolicy.Action?
        var keep: Share?
        let before = reader.issues.count
        for (key, value) in reader.block(node, name, form: form, keys: IdleKey.self) ?? [] {
            let name = "\(key.rawValue) of \(name)"
            switch key {
            case .warnAfter: warnAfter = reader.value(value, of: name, form: key.form) { Span(written: $0) }
            case .grace: grace = reader.value(value, of: name, form: key.form, QuantityText.span)
            case .action: action = reader.value(value, of: name, form: key.form, IdlePolicy.Action.init)
            case .keep:
                keep = reader.value(value, of: name, form: key.form) { text in
                    QuantityText.milliGPU(text).flatMap { (1...1000).contains($0) ? Share(milli: Int32($0)) : nil }
                }
            }
        }
        guard reader.issues.count == before else { return nil }
        guard let warnAfter, let grace, let action else {
            reader.report(node, "\(name) needs \(form)")
            return nil
        }
        var policy = IdlePolicy(warnAfter: warnAfter, grace: grace, action: action)
        if let keep { policy.keep = keep }
        return policy
    }

    private static func number(_ text: String, _ range: ClosedRange<Int64>) -> Int64? {
        Int64(text).flatMap { range.contains($0) ? $0 : nil }
    }
}
