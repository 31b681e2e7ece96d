package import Fleet
package import Placement

/// One queue as somebody wrote it down.
package struct QueueSpecification: Hashable, Sendable, Codable {
    /// `research/vision`: the names from the root, with slashes; a queue below another shares what that one may have.
    package var path: String
    /// Its part of what siblings share, against their weights; 1 to a million.
    package var weight: Int64 = 1
    /// What it gets back from borrowers when it asks.
    ///
    /// A field that is not stated is what the queues below have guaranteed. Where only one of the two is known, only
    /// that one decides whether the queue borrows; where neither is, nothing is guaranteed and all it has is borrowed.
    package var guaranteed = Quota.none
    /// What all its leases together never exceed; nil fields mean no bound.
    package var maximum = Quota.none
    /// What the leases of one tenant in it and in the queues below it never exceed.
    package var tenantMaximum = Quota.none
    /// Whether others may have what is guaranteed to it and not used; if not, that much is kept free.
    package var lends = true
    /// Whether it may have more than is guaranteed to it.
    package var borrows = true
    /// The priority of requests that name none; a million at most, either way.
    package var priority = 0
    /// The highest priority that a request may name; nil means no more than the queue's own.
    package var highestPriority: Int?
    /// Names of the tenants that may use it; nil means everybody.
    package var tenants: [String]?
    /// How placements are chosen for its requests; nil means as for the whole fleet.
    package var placement: PolicyName?
    /// The longest lease; a request that names no time gets it as its limit. nil means no limit.
    package var longest: Span?
    /// A lease is not preempted before it has run for so long.
    package var minimumRun = Span.zero
    package var idle: IdlePolicy?

    package init(path: String) { self.path = path }
}

/// What happens to leases whose GPUs are measured to be idle.
package struct IdlePolicy: Hashable, Sendable, Codable {
    package enum Action: String, Hashable, Sendable, Codable, CaseIterable { case warn, shrink, release }

    /// Idle for so long, the tenant is told.
    package var warnAfter: Span
    /// So long after being told, the action follows.
    package var grace: Span
    package var action: Action
    /// What a shrunken lease keeps of each GPU.
    package var keep = Share(milli: 100)

    package init(warnAfter: Span, grace: Span, action: Action) {
        self.warnAfter = warnAfter
        self.grace = grace
        self.action = action
    }
}

/// Who is next, and by which rules.
package struct QueueingSettings: Hashable, Sendable, Codable {
    /// What decides between requests of the same priority.
    package enum Order: String, Hashable, Sendable, Codable, CaseIterable {
        /// Whoever asked first.
        case arrival
        /// Whoever is furthest below a fair share (Fair Tree over queues and tenants, dominant resource, decayed usage).
        case fair
        /// The same by the older formula, which weighs all levels in one number (`ClassicFairShare`).
        case classic
    }

    package enum Backfill: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nobody goes before the next in line.
        case none
        /// The next in line has a reservation; others go first where they do not delay it.
        case easy
        /// Everybody has a reservation; others go first where they delay nobody before them.
        case conservative
    }

    package enum Preemption: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nobody is stopped for another.
        case none
        /// Borrowers are stopped for queues that ask for what is guaranteed to them.
        case reclaim
        /// Also leases of lower priority for requests of higher priority.
        case priority
    }

    package var order = Order.arrival
    package var backfill = Backfill.easy
    package var preemption = Preemption.none
    /// Usage counts half after this time.
    package var halfLife = Span(seconds: 7 * 86_400)
    /// Waiting for this time raises a request's priority by one, so that nobody starves; nil for never.
    package var ageing: Span? = Span(seconds: 3600)
    /// Between telling a preempted lease and stopping it.
    package var preemptionNotice = Span(seconds: 30)
    /// How many who wait are looked at in one go; who is behind waits unseen.
    package var depth = 1000
    /// Sorted by path. A queue named `default` is there even if nobody wrote it down.
    package var queues: [QueueSpecification] = []

    package init() {}
}
