import Fleet
import Placement
import Queueing

/// A key of the block `queueing`.
enum QueueingKey: String, CaseIterable {
    case order, backfill, preemption, halfLife, ageing, preemptionNotice, depth, queues

    /// What a value looks like.
    var form: String {
        switch self {
        case .order: Self.words(QueueingSettings.Order.self)
        case .backfill: Self.words(QueueingSettings.Backfill.self)
        case .preemption: Self.words(QueueingSettings.Preemption.self)
        case .halfLife: "\(QuantityText.spanForm), above 0"
        case .ageing: "\(QuantityText.spanForm), above 0, or never"
        case .preemptionNotice: "\(QuantityText.spanForm), or 0s"
        case .depth: "a whole number from 1 to 1000000"
        case .queues: "queues by name, each with its keys below it"
        }
    }

    static func words<Word: RawRepresentable<String> & CaseIterable>(_: Word.Type) -> String {
        let words = Word.allCases.map(\.rawValue)
        return words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    }
}

/// A key of a queue.
enum QueueKey: String, CaseIterable {
    case weight, guaranteed, max, tenantMax, lends, borrows, priority, maxPriority, tenants, policy, longest
    case minimumRun, idle
    case queues

    var form: String {
        switch self {
        case .weight: "a whole number from 1 to 1000000"
        case .guaranteed, .max, .tenantMax: "gpus and memory, such as {gpus: 2, memory: 80GiB}"
        case .lends, .borrows: "true or false"
        case .priority, .maxPriority: "a whole number from -1000000 to 1000000"
        case .tenants: "a list of users, such as [ada, bob]"
        case .policy: QueueingKey.words(PolicyName.self)
        case .longest: "\(QuantityText.spanForm), above 0"
        case .minimumRun: "\(QuantityText.spanForm), or 0s"
        case .idle: "warnAfter, grace and action, such as {warnAfter: 30m, grace: 10m, action: release}"
        case .queues: "the queues below it, by name"
        }
    }
}

/// A key of `guaranteed`, `max` and `tenantMax`.
enum QuotaKey: String, CaseIterable {
    case gpus, memory

    var form: String {
        switch self {
        case .gpus: QuantityText.gpusForm
        case .memory: QuantityText.memoryForm
        }
    }
}

/// A key of `idle`.
enum IdleKey: String, CaseIterable {
    case warnAfter, grace, action, keep

    var form: String {
        switch self {
        case .warnAfter: "\(QuantityText.spanForm), above 0"
        case .grace: "\(QuantityText.spanForm), or 0s"
        case .action: QueueingKey.words(IdlePolicy.Action.self)
        case .keep: "a share of a GPU from 0.001 to 1"
        }
    }
}
