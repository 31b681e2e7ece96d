package import Fleet
package import Queueing

/// Somebody who waits, with everything there is to say about it.
package struct Waiting: Hashable, Sendable {
    package let lease: Lease
    /// The path of its queue.
    package let queue: String
    /// 1 is next.
    package let position: Int
    package let priority: Int
    package let explanation: Explanation
    /// The earliest start by what is known now; nil when nobody can know.
    package let start: Moment?

    package init(
        lease: Lease, queue: String, position: Int, priority: Int, explanation: Explanation, start: Moment?
    ) {
        self.lease = lease
        self.queue = queue
        self.position = position
        self.priority = priority
        self.explanation = explanation
        self.start = start
    }
}

/// A queue as it is now.
package struct QueueState: Hashable, Sendable {
    /// With what was changed by hand already in it.
    package let specification: QueueSpecification
    /// Whether its bounds were changed by hand and differ from the configuration.
    package let isChanged: Bool
    /// What its leases and those of the queues below it have.
    package let used: Amount
    package let running: Int
    package let waiting: Int
    package let tenants: [TenantState]

    package init(
        specification: QueueSpecification, isChanged: Bool, used: Amount, running: Int, waiting: Int,
        tenants: [TenantState]
    ) {
        self.specification = specification
        self.isChanged = isChanged
        self.used = used
        self.running = running
        self.waiting = waiting
        self.tenants = tenants
    }
}

/// What a tenant has and has had in a queue.
package struct TenantState: Hashable, Sendable {
    package let tenant: Tenant
    package let used: Amount
    /// GPU-seconds, halved every half-life.
    package let decayedGPUSeconds: Double
    /// 0 to 1; whoever has the most goes first where the order is `fair`.
    package let fairShare: Double

    package init(tenant: Tenant, used: Amount, decayedGPUSeconds: Double, fairShare: Double) {
        self.tenant = tenant
        self.used = used
        self.decayedGPUSeconds = decayedGPUSeconds
        self.fairShare = fairShare
    }
}

/// All queues and everybody who waits.
package struct QueueReport: Hashable, Sendable {
    /// Parents before children.
    package let queues: [QueueState]
    /// Next first.
    package let waiting: [Waiting]
    package let reservations: [Reservation]
    /// What the fleet has in all.
    package let capacity: Amount
    package let settings: QueueingSettings

    package init(
        queues: [QueueState], waiting: [Waiting], reservations: [Reservation], capacity: Amount,
        settings: QueueingSettings
    ) {
        self.queues = queues
        self.waiting = waiting
        self.reservations = reservations
        self.capacity = capacity
        self.settings = settings
    }
}

/// What a request would get; nothing is changed by asking.
package enum Offer: Hashable, Sendable {
    case now(Placement)
    /// It would wait: at this position, for this reason, and start then at the earliest if anybody can know.
    case later(position: Int, Explanation, start: Moment?)
    case never(Explanation)
}

/// Room that somebody wants kept.
package struct ReservationAsk: Hashable, Sendable, Codable {
    package let name: String
    package let request: Request
    /// nil: as soon as it fits.
    package let from: Moment?
    package let length: Span
    /// Names of the tenants who may use it; empty means whoever makes it.
    package let tenants: [String]
    package let maker: Tenant

    package init(name: String, request: Request, from: Moment?, length: Span, tenants: [String], maker: Tenant) {
        self.name = name
        self.request = request
        self.from = from
        self.length = length
        self.tenants = tenants
        self.maker = maker
    }
}

/// What of a queue's bounds is changed by hand; it outlives restarts, until it is set back to the configuration.
package struct QuotaChange: Hashable, Sendable, Codable {
    package var guaranteed: Quota?
    package var maximum: Quota?
    package var tenantMaximum: Quota?
    package var weight: Int64?

    package init(
        guaranteed: Quota? = nil, maximum: Quota? = nil, tenantMaximum: Quota? = nil, weight: Int64? = nil
    ) {
        self.guaranteed = guaranteed
        self.maximum = maximum
        self.tenantMaximum = tenantMaximum
        self.weight = weight
    }
}
