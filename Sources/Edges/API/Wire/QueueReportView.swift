package import Fleet

/// How much of the fleet something has.
package struct AmountView: Hashable, Sendable, Codable {
    /// Thousandths of a GPU's compute.
    package var milliGPU: Int64
    package var memoryBytes: Int64

    package init(milliGPU: Int64, memoryBytes: Int64) {
        self.milliGPU = milliGPU
        self.memoryBytes = memoryBytes
    }
}

/// A bound on an amount; null bounds nothing.
package struct QuotaView: Hashable, Sendable, Codable {
    @Nullable package var milliGPU: Int64?
    @Nullable package var memoryBytes: Int64?

    package init(milliGPU: Int64? = nil, memoryBytes: Int64? = nil) {
        self.milliGPU = milliGPU
        self.memoryBytes = memoryBytes
    }
}

/// A queue as it is now: `divvy.v1/Queue`.
package struct QueueView: Hashable, Sendable, Codable {
    /// What becomes of leases whose GPUs are idle.
    package struct Idle: Hashable, Sendable, Codable {
        package var warnAfterSeconds: Double
        package var graceSeconds: Double
        /// `warn`, `shrink` or `release`.
        package var action: String
        /// What a shrunken lease keeps of each GPU.
        package var keepMilliGPU: Int32

        package init(warnAfterSeconds: Double, graceSeconds: Double, action: String, keepMilliGPU: Int32) {
            self.warnAfterSeconds = warnAfterSeconds
            self.graceSeconds = graceSeconds
            self.action = action
            self.keepMilliGPU = keepMilliGPU
        }
    }

    /// What a tenant has and has had in the queue.
    package struct User: Hashable, Sendable, Codable {
        package var tenant: TenantView
        package var used: AmountView
        /// What it has had, halved every half-life.
        package var decayedGPUSeconds: Double
        /// 0 to 1; whoever has the most goes first where the order is `fair`.
        package var fairShare: Double

        package init(tenant: TenantView, used: AmountView, decayedGPUSeconds: Double, fairShare: Double) {
            self.tenant = tenant
            self.used = used
            self.decayedGPUSeconds = decayedGPUSeconds
            self.fairShare = fairShare
        }
    }

    package private(set) var schema = "divvy.v1/Queue"
    /// `research/vision`: the names from the root.
    package var path: String
    package var weight: Int64
    package var guaranteed: QuotaView
    package var maximum: QuotaView
    /// What the leases of one tenant never exceed.
    package var tenantMaximum: QuotaView
    package var lends: Bool
    package var borrows: Bool
    /// Of requests that name none.
    package var priority: Int
    /// Who may use it; null means everybody.
    @Nullable package var tenants: [String]?
    /// null means as for the whole fleet.
    @Nullable package var placementPolicy: String?
    @Nullable package var longestSeconds: Double?
    package var minimumRunSeconds: Double
    @Nullable package var idle: Idle?
    /// Its bounds were changed by hand and differ from the configuration.
    package var changed: Bool
    /// With the queues below it.
    package var used: AmountView
    package var running: Int
    package var waiting: Int
    /// Tenants with live leases in just this queue, by their user ids.
    package var users: [User]

    package init(
        path: String, weight: Int64, guaranteed: QuotaView, maximum: QuotaView, tenantMaximum: QuotaView, lends: Bool,
        borrows: Bool, priority: Int, tenants: [String]?, placementPolicy: String?, longestSeconds: Double?,
        minimumRunSeconds: Double, idle: Idle?, changed: Bool, used: AmountView, running: Int, waiting: Int,
        users: [User]
    ) {
        self.path = path
        self.weight = weight
        self.guaranteed = guaranteed
        self.maximum = maximum
        self.tenantMaximum = tenantMaximum
        self.lends = lends
        self.borrows = borrows
        self.priority = priority
        self.tenants = tenants
        self.placementPolicy = placementPolicy
        self.longestSeconds = longestSeconds
        self.minimumRunSeconds = minimumRunSeconds
        self.idle = idle
        self.changed = changed
        self.used = used
        self.running = running
        self.waiting = waiting
        self.users = users
    }
}

/// Somebody who waits, with everything there is to say about it.
package struct WaitingView: Hashable, Sendable, Codable {
    package var id: LeaseID
    @Nullable package var name: String?
    package var tenant: TenantView
    /// The path of its queue.
    package var queue: String
    /// 1 is next.
    package var position: Int
    /// With what waiting has added to it.
    package var priority: Int
    /// The request in its canonical words.
    package var request: String
    package var askedAt: Timestamp
    package var waitedSeconds: Double
    package var explanation: ExplanationView
    /// The earliest start by what is known now; null when nobody can know.
    @Nullable package var startsAt: Timestamp?
    @Nullable package var startsInSeconds: Double?

    package init(
        id: LeaseID, name: String?, tenant: TenantView, queue: String, position: Int, priority: Int, request: String,
        askedAt: Timestamp, waitedSeconds: Double, explanation: ExplanationView, startsAt: Timestamp?,
        startsInSeconds: Double?
    ) {
        self.id = id
        self.name = name
        self.tenant = tenant
        self.queue = queue
        self.position = position
        self.priority = priority
        self.request = request
        self.askedAt = askedAt
        self.waitedSeconds = waitedSeconds
        self.explanation = explanation
        self.startsAt = startsAt
        self.startsInSeconds = startsInSeconds
    }
}

/// All queues and everybody who waits: `divvy.v1/QueueReport`.
package struct QueueReportView: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/QueueReport"
    /// What decides between requests of the same priority: `arrival`, `fair` or `classic`.
    package var order: String
    /// `none`, `easy` or `conservative`.
    package var backfill: String
    /// `none`, `reclaim` or `priority`.
    package var preemption: String
    /// What the fleet has in all.
    package var capacity: AmountView
    /// Parents before children.
    package var queues: [QueueView]
    /// Next first.
    package var waiting: [WaitingView]

    package init(
        order: String, backfill: String, preemption: String, capacity: AmountView, queues: [QueueView],
        waiting: [WaitingView]
    ) {
        self.order = order
        self.backfill = backfill
        self.preemption = preemption
        self.capacity = capacity
        self.queues = queues
        self.waiting = waiting
    }
}

/// Why a lease waits, or what it does instead: `divvy.v1/Why`.
package struct WhyView: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/Why"
    /// The one reason a person would give, in a sentence.
    package var answer: String
    package var lease: LeaseView
    /// null when it does not wait.
    @Nullable package var waiting: WaitingView?

    package init(answer: String, lease: LeaseView, waiting: WaitingView?) {
        self.answer = answer
        self.lease = lease
        self.waiting = waiting
    }
}
