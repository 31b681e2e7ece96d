package import Fleet
package import Placement

/// What the planner would do now, and what it expects: a value, committed or thrown away by whoever asked for it.
package struct QueuePlan: Hashable, Sendable {
    /// Who starts now and where, in this order.
    package var starts: [Start] = []
    /// Who is to be stopped so that somebody else can start.
    package var preemptions: [Preemption] = []
    /// Everybody who goes on waiting, next first.
    package var waiting: [Outlook] = []
    /// What is promised to those who wait by conservative backfill, next first; the next plan is to keep it.
    package var promises: [Promise] = []

    package struct Start: Hashable, Sendable {
        package let id: LeaseID
        package let placement: PoolPlacement

        package init(id: LeaseID, placement: PoolPlacement) {
            self.id = id
            self.placement = placement
        }
    }

    package struct Preemption: Hashable, Sendable {
        package let victim: LeaseID
        package let beneficiary: LeaseID

        package init(victim: LeaseID, beneficiary: LeaseID) {
            self.victim = victim
            self.beneficiary = beneficiary
        }
    }

    /// A start that is promised to somebody who waits.
    package struct Promise: Hashable, Sendable, Codable {
        package let id: LeaseID
        /// When and where; nil when nobody can know, so that nothing is promised.
        package let spot: Spot?

        package struct Spot: Hashable, Sendable, Codable {
            package let start: Moment
            package let placement: PoolPlacement
        }
    }

    /// What somebody who waits has to expect.
    package struct Outlook: Hashable, Sendable {
        package let id: LeaseID
        package let reason: WaitReason
        /// The earliest start if nobody gives back before and nobody goes ahead; nil when nobody can know.
        package let start: Moment?

        package init(id: LeaseID, reason: WaitReason, start: Moment?) {
            self.id = id
            self.reason = reason
            self.start = start
        }
    }

    package init() {}
}

/// The one reason why somebody waits.
package enum WaitReason: Hashable, Sendable {
    /// Nothing on this fleet could ever serve it.
    case never
    /// There is too little room; `Pool.explain` says what is missing.
    case noRoom
    /// It would fit, but starting it would delay these, who are before it.
    case behind([LeaseID])
    /// A queue's bound is reached: its path, what it has, what it may have.
    case queueMaximum(path: String, used: Amount, bound: Quota)
    /// It would have to borrow, and its queue may not, or nobody lends.
    case noBorrowing(path: String, used: Amount, guaranteed: Quota)
    /// What is free is guaranteed to another queue that does not lend.
    case lentToNobody(path: String)
    /// Its tenant has as much as one tenant may have.
    case tenantMaximum(path: String, used: Amount, bound: Quota)
    /// Room is kept for a reservation, by its name, from the moment given.
    case reservation(name: String, from: Moment)
    /// These are being stopped for it.
    case preempting([LeaseID])
    /// Its own reservation has not begun.
    case notYet(from: Moment)
}
