package import Fleet
package import Placement
package import Queueing

/// What the ledger decides by.
package struct LedgerSettings: Hashable, Sendable, Codable {
    package var policy: PolicyName
    /// Who is next, and the queues there are.
    package var queueing: QueueingSettings
    /// How long an ended lease and its idempotency key are remembered.
    package var memory: Span
    /// How many ended leases are remembered at most.
    package var endedLimit: Int
    /// How many may wait.
    package var queueLimit: Int

    package init(
        policy: PolicyName = .bestFit, queueing: QueueingSettings = QueueingSettings(),
        memory: Span = Span(seconds: 86_400), endedLimit: Int = 20_000, queueLimit: Int = 10_000
    ) {
        self.policy = policy
        self.queueing = queueing
        self.memory = memory
        self.endedLimit = endedLimit
        self.queueLimit = queueLimit
    }
}

extension LedgerSettings {
    private enum Key: String, CodingKey { case policy, queueing, memory, endedLimit, queueLimit }

    /// Settings that were written down before there were queues have none.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            policy: try container.decode(PolicyName.self, forKey: .policy),
            queueing: try container.decodeIfPresent(QueueingSettings.self, forKey: .queueing) ?? QueueingSettings(),
            memory: try container.decode(Span.self, forKey: .memory),
            endedLimit: try container.decode(Int.self, forKey: .endedLimit),
            queueLimit: try container.decode(Int.self, forKey: .queueLimit))
    }
}

/// How the ledger's clock hangs on a machine's.
package struct ClockAnchor: Hashable, Sendable, Codable {
    package let boot: String
    /// Nanoseconds that are added to the time since boot.
    package let offset: Int64

    package init(boot: String, offset: Int64) {
        self.boot = boot
        self.offset = offset
    }
}
