import Fleet
package import Queueing

/// Ways to choose who is next, by the names that `divvy simulate jobs` takes.
package enum QueuePolicyName: String, Hashable, Sendable, CaseIterable {
    case fifo, easy, conservative, fair
    case fairConservative = "fair-conservative"
    case preempt

    package var summary: String {
        switch self {
        case .fifo: "in the order of arrival, nobody goes ahead"
        case .easy: "in the order of arrival; others go ahead where they do not delay the next in line"
        case .conservative: "in the order of arrival; others go ahead where they delay nobody"
        case .fair: "whoever is furthest below a fair share, with backfill as easy"
        case .fairConservative: "whoever is furthest below a fair share, with backfill as conservative"
        case .preempt: "as easy, and requests of higher priority stop leases of lower priority"
        }
    }

    /// The planner's settings over queues of equal weight. Nobody ages: a priority stays what the trace says.
    package func settings(queues: [String], depth: Int = 100) -> QueueingSettings {
        var settings = QueueingSettings()
        settings.depth = depth
        settings.queues = queues.sorted().map { QueueSpecification(path: $0) }
        settings.ageing = nil
        switch self {
        case .fifo: settings.backfill = .none
        case .easy: settings.backfill = .easy
        case .conservative: settings.backfill = .conservative
        case .fair:
            settings.order = .fair
            settings.backfill = .easy
        case .fairConservative:
            settings.order = .fair
            settings.backfill = .conservative
        case .preempt:
            settings.backfill = .easy
            settings.preemption = .priority
        }
        return settings
    }
}
