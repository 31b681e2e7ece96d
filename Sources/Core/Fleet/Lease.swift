/// What keeps a lease alive.
package enum Holder: Hashable, Sendable, Codable {
    /// Nobody in particular: it ends by release, at its deadline or when it is not kept alive.
    case nobody
    /// A process: the lease ends with it.
    case process(ProcessIdentity)
    /// A container engine's command line that is about to start a container labelled with the lease.
    case starting(engine: String, ProcessIdentity)
    /// A container, by engine (`docker`, `podman`) and full id: the lease ends when it has stopped for good.
    case container(engine: String, id: String)
}

/// Why a lease ended.
package enum EndReason: String, Hashable, Sendable, Codable {
    case released
    case deadline
    /// It was not kept alive in time.
    case lapsed
    case holderEnded
    /// The holder ended while no daemon was looking.
    case holderLost
    case cancelled
    /// It waited longer than it was willing to.
    case patienceEnded
    case gpuLost
    case reboot
    /// What the lease needs on the node could not be prepared.
    case preparationFailed
    /// Its room was needed for somebody who comes first.
    case preempted
    /// Its GPUs were idle for longer than its queue allows.
    case idle
}

/// A lease's end that is announced and can still be called off.
package struct AnnouncedEnd: Hashable, Sendable, Codable {
    /// Who is to get the room.
    package let beneficiary: LeaseID
    /// When its holder is stopped, if it is still needed then.
    package let at: Moment

    package init(beneficiary: LeaseID, at: Moment) {
        self.beneficiary = beneficiary
        self.at = at
    }
}

/// How a lease's GPUs are used, where its queue cares.
package struct IdleState: Hashable, Sendable, Codable {
    /// When work was last measured.
    package var lastActive: Moment
    /// When its tenant was told that nothing is; nil while there is no reason to.
    package var warned: Moment?

    package init(lastActive: Moment, warned: Moment? = nil) {
        self.lastActive = lastActive
        self.warned = warned
    }
}

/// A request that was taken in: waiting, granted, or ended. It keeps its id through all of them.
package struct Lease: Hashable, Sendable, Codable {
    package enum State: Hashable, Sendable, Codable {
        case waiting
        case granted(Placement, since: Moment)
        /// Its end is decided, but its holder still runs: what it has is given to nobody else yet.
        case ending(Placement, since: Moment, EndReason)
        /// Ended; the placement and its start are kept for metering, nil if it never got one.
        case ended(EndReason, at: Moment, had: Placement?, since: Moment?)
    }

    package let id: LeaseID
    package let request: Request
    package let tenant: Tenant
    /// A name that the tenant gave, for display.
    package let name: String?
    package let idempotencyKey: String?
    package let asked: Moment
    package var holder: Holder
    package var state: State
    /// When it ends by itself if nobody extends it.
    package var deadline: Moment?
    /// How long it lives without being kept alive; nil when it needs no keeping alive.
    package let keepAlive: Span?
    /// When it lapses if it is not kept alive before.
    package var lapses: Moment?
    /// When it gives up waiting.
    package var patienceEnds: Moment?
    /// nil unless it is to make room for another.
    package var announcedEnd: AnnouncedEnd?
    /// nil where nobody measures.
    package var idle: IdleState?
    /// GPU-seconds until `settledAt`, from before its placement became smaller; nil while it never did.
    package private(set) var settledGPUSeconds: Double?
    package private(set) var settledAt: Moment?

    package init(
        id: LeaseID, request: Request, tenant: Tenant, name: String?, idempotencyKey: String?, asked: Moment,
        holder: Holder, keepAlive: Span?
    ) {
        self.id = id
        self.request = request
        self.tenant = tenant
        self.name = name
        self.idempotencyKey = idempotencyKey
        self.asked = asked
        self.holder = holder
        self.keepAlive = keepAlive
        state = .waiting
    }

    /// The placement while it takes room on GPUs: granted, or ending with a holder that still runs.
    package var placement: Placement? {
        switch state {
        case .granted(let placement, _), .ending(let placement, _, _): placement
        case .waiting, .ended: nil
        }
    }

    package var isWaiting: Bool { state == .waiting }

    package var isLive: Bool {
        if case .ended = state { false } else { true }
    }

    /// The placement that it has or had.
    package var placementEver: Placement? {
        switch state {
        case .waiting: nil
        case .granted(let placement, _), .ending(let placement, _, _): placement
        case .ended(_, _, let had, _): had
        }
    }

    /// When it got its placement and how long it has had it; nil while it waits or if it never got one.
    package func metered(at now: Moment) -> (since: Moment, length: Span)? {
        switch state {
        case .waiting, .ended(_, _, _, nil): nil
        case .granted(_, let since), .ending(_, let since, _): (since, now - since)
        case .ended(_, let end, _, let since?): (since, end - since)
        }
    }

    /// GPU-seconds granted so far: the shares of all its GPUs times the time it has had them, in GPU-seconds.
    package func gpuSeconds(at now: Moment) -> Double {
        guard let (since, length) = metered(at: now), let placement = placementEver else { return 0 }
        let milli = placement.grants.reduce(Int64(0)) { $0 + Int64($1.share.milli) }
        let earlier = settledAt.map { $0 - since } ?? .zero
        return (settledGPUSeconds ?? 0) + Double(milli) / 1000 * (length - earlier).seconds
    }

    /// Counts what it has had until now; its placement changes.
    package mutating func settle(at now: Moment) {
        settledGPUSeconds = gpuSeconds(at: now)
        settledAt = now
    }
}
