package import Fleet
package import Placement

/// Says who is next: a pure function of who waits, who runs, what is reserved and what the settings say.
///
/// A request gets all its room in one step or nothing; nobody holds a part while waiting for the rest. So two gangs
/// that would each hold a half cannot wait for each other: there is no deadlock to resolve.
package struct Planner: Sendable {
    package let settings: QueueingSettings
    package let tree: QueueTree
    /// For requests whose queue names no policy.
    package let placement: PolicyName
    /// Of each queue, how placements are chosen for its requests.
    private let policies: [PolicyName]
    /// Of each queue, how long a lease runs before it may be stopped for another.
    let minimumRuns: [Span]

    package init(_ tree: QueueTree, settings: QueueingSettings, placement: PolicyName) {
        self.tree = tree
        self.settings = settings
        self.placement = placement
        policies = tree.queues.indices.map { tree.placement(of: $0) ?? placement }
        minimumRuns = tree.queues.indices.map { tree.minimumRun(of: $0) }
    }

    /// Plans for one moment. `pool` already holds what `running` have taken, and nothing of `reservations`.
    ///
    /// `promised` is what the plan before promised: with conservative backfill it is kept, so that nobody's promised
    /// start is ever put off by somebody behind, whatever becomes free in between.
    ///
    /// With `foreseeing`, everybody who waits gets an estimated start where anybody can know; without, only those to
    /// whom a start is promised, which is what a decision needs and costs a fraction.
    package func plan(
        waiting: [WaitingRequest], running: [RunningLease], reservations: [Reservation], usage: UsageBook, pool: Pool,
        at now: Moment, promised: [QueuePlan.Promise] = [], foreseeing: Bool = true
    ) -> QueuePlan {
        guard !waiting.isEmpty else { return QueuePlan() }
        var pass = PlannerPass(self, running: running, reservations: reservations, pool: pool, at: now)
        let order = QueueOrder(settings, use: pass.quotas, usage: usage, capacity: pass.capacity, at: now)
        pass.consider(order.sorted(waiting), keeping: promised)
        if foreseeing { pass.foresee() }
        return pass.plan
    }

    /// How a placement is chosen: as the request says, or its queue, or the fleet.
    package func policy(of asked: WaitingRequest) -> PolicyName {
        asked.request.placement ?? policies[asked.queue]
    }
}
