package import Fleet
package import Placement
package import Queueing

/// What the ledger decided about who is served when something happened.
///
/// The journal keeps it beside the event. A replay follows it instead of deciding again, so that a release with other
/// policies, or a faster one, reads the same history alike.
package struct Decision: Hashable, Sendable, Codable {
    package struct Start: Hashable, Sendable, Codable {
        package let lease: LeaseID
        package let placement: Placement

        package init(lease: LeaseID, placement: Placement) {
            self.lease = lease
            self.placement = placement
        }
    }

    /// A lease that is to make room for another.
    package struct Preemption: Hashable, Sendable, Codable {
        package let victim: LeaseID
        package let beneficiary: LeaseID

        package init(victim: LeaseID, beneficiary: LeaseID) {
            self.victim = victim
            self.beneficiary = beneficiary
        }
    }

    /// Room that is kept for a reservation, from a moment on.
    package struct Keeping: Hashable, Sendable, Codable {
        package let placement: PoolPlacement
        package let from: Moment

        package init(placement: PoolPlacement, from: Moment) {
            self.placement = placement
            self.from = from
        }
    }

    /// In the order in which they start.
    package var starts: [Start] = []
    package var preemptions: [Preemption] = []
    /// Leases that were to make room and may stay after all.
    package var spared: [LeaseID] = []
    /// Who goes on waiting, next first; nil when the order is as it was. It is not written down: it can be long, and
    /// the next decision finds it again.
    package var order: [LeaseID]?
    /// What is promised from now on; nil when that is as it was.
    package var promises: [QueuePlan.Promise]?
    package var keeping: Keeping?

    package init() {}
}

extension Decision {
    private enum CodingKeys: String, CodingKey { case starts, preemptions, spared, promises, keeping }
}
