import Fleet
import Placement
package import Queueing

extension QueueingSettings {
    /// The block `queueing` as lines of a configuration file, which read back to equal settings.
    ///
    /// Every key but those of queues is there; of a queue those that are not as they would be without.
    package var yaml: [String] {
        let keys = QueueingKey.allCases.filter { $0 != .queues }.map { "  \($0.rawValue): \(text(of: $0))" }
        let written = Self.yaml(queues, below: "", indent: "    ")
        return ["queueing:"] + keys + (written.isEmpty ? [] : ["  queues:"] + written)
    }

    /// A key's value as it would be written; empty for the queues.
    func text(of key: QueueingKey) -> String {
        switch key {
        case .order: order.rawValue
        case .backfill: backfill.rawValue
        case .preemption: preemption.rawValue
        case .halfLife: QuantityText.text(halfLife)
        case .ageing: ageing.map(QuantityText.text) ?? "never"
        case .preemptionNotice: QuantityText.text(preemptionNotice)
        case .depth: "\(depth)"
        case .queues: ""
        }
    }

    /// The queues right below a path, each with those below it.
    private static func yaml(_ queues: [QueueSpecification], below parent: String, indent: String) -> [String] {
        let prefix = parent.isEmpty ? "" : "\(parent)/"
        let own = queues.filter { $0.path.hasPrefix(prefix) && !$0.path.dropFirst(prefix.count).contains("/") }
        return own.flatMap { queue -> [String] in
            let below = yaml(queues, below: queue.path, indent: indent + "    ")
            let name = indent + queue.path.dropFirst(prefix.count) + ":"
            let keys = queue.settings.map { "\(indent)  \($0.key.rawValue): \($0.text)" }
            guard !keys.isEmpty || !below.isEmpty else { return ["\(name) {}"] }
            return [name] + keys + (below.isEmpty ? [] : ["\(indent)  queues:"] + below)
        }
    }
}

extension QueueSpecification {
    /// What is set of it and differs from a queue of which nothing is, as it would be written.
    var settings: [(key: QueueKey, text: String)] {
        let plain = QueueSpecification(path: path)
        func written(_ isSet: Bool, _ text: @autoclosure () -> String) -> String? { isSet ? text() : nil }
        let all: [(QueueKey, String?)] = [
            (.weight, written(weight != plain.weight, "\(weight)")),
            (.guaranteed, guaranteed.settingText), (.max, maximum.settingText), (.tenantMax, tenantMaximum.settingText),
            (.lends, written(lends != plain.lends, "\(lends)")),
            (.borrows, written(borrows != plain.borrows, "\(borrows)")),
            (.priority, written(priority != plain.priority, "\(priority)")),
            (.maxPriority, highestPriority.map { "\($0)" }),
            (.tenants, tenants.map { "[\($0.map(JSONValue.quoted).joined(separator: ", "))]" }),
            (.policy, placement?.rawValue), (.longest, longest.map(QuantityText.text)),
            (.minimumRun, written(minimumRun != plain.minimumRun, QuantityText.text(minimumRun))),
            (.idle, idle.map(\.settingText)),
        ]
        return all.compactMap { key, text in text.map { (key, $0) } }
    }
}

extension Quota {
    /// `{gpus: 2, memory: 80GiB}`; nil when it bounds nothing.
    fileprivate var settingText: String? {
        let parts = [
            milliGPU.map { "gpus: \(QuantityText.text(milliGPU: $0))" },
            memory.map { "memory: \(QuantityText.text($0))" },
        ].compactMap { $0 }
        return parts.isEmpty ? nil : "{\(parts.joined(separator: ", "))}"
    }
}

extension IdlePolicy {
    fileprivate var settingText: String {
        "{warnAfter: \(QuantityText.text(warnAfter)), grace: \(QuantityText.text(grace)), "
            + "action: \(action.rawValue), keep: \(QuantityText.text(milliGPU: Int64(keep.milli)))}"
    }
}
