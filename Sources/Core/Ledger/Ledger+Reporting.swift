package import Fleet
import Placement
import Queueing

extension Ledger {
    /// The same with its clock put forward, for questions between two events.
    package func seen(at moment: Moment) -> Ledger {
        var copy = self
        copy.now = max(now, moment)
        return copy
    }

    /// All queues with what they have, and everybody who waits with the reason and the earliest start; changes nothing.
    package var queueReport: QueueReport {
        QueueReport(
            queues: queueStates, waiting: waiting, reservations: reservations, capacity: pool?.capacity ?? .zero,
            settings: settings.queueing)
    }

    /// Everybody who waits, next first.
    package var waiting: [Waiting] {
        guard !queue.isEmpty else { return [] }
        let plan = plan(foreseeing: true)
        let order = QueueOrder(
            settings.queueing, use: use, usage: usage, capacity: pool?.capacity ?? .zero, at: now)
        var outlooks: [LeaseID: QueuePlan.Outlook] = [:]
        for outlook in plan.waiting { outlooks[outlook.id] = outlook }
        return queue.enumerated().compactMap { index, id -> Waiting? in
            guard let lease = leasesByNumber[id.number] else { return nil }
            let outlook = outlooks[id]
            return Waiting(
                lease: lease, queue: tree.queues[queuePlace(of: lease)].path, position: index + 1,
                priority: order.priority(of: planned(lease)),
                explanation: explanation(of: outlook?.reason ?? .behind(Array(queue.prefix(index).suffix(1))), lease),
                start: outlook?.start)
        }
    }

    /// What a request would get from its tenant's place in line; changes nothing.
    package func offer(_ request: Request, to tenant: Tenant) -> Result<Offer, Refusal> {
        if let refusal = refusal(of: request, tenant: tenant) {
            if case .never(let why) = refusal { return .success(.never(why)) }
            return .failure(refusal)
        }
        let lease = Lease(
            id: LeaseID(number: nextNumber), request: request, tenant: tenant, name: nil, idempotencyKey: nil,
            asked: now, holder: .nobody, keepAlive: nil)
        let plan = plan(adding: lease, foreseeing: true)
        if let start = plan.starts.first(where: { $0.id == lease.id }), let pool,
            let placement = Placement(start.placement, of: request, in: pool)
        {
            return .success(.now(placement))
        }
        let index = plan.waiting.firstIndex { $0.id == lease.id }
        return .success(
            .later(
                position: (index ?? queue.count) + 1, explanation(of: lease, by: plan),
                start: index.flatMap { plan.waiting[$0].start }))
    }

    /// Whether a request would be granted at once; changes nothing.
    package func wouldGrant(_ request: Request, to tenant: Tenant) -> Bool {
        guard refusal(of: request, tenant: tenant) == nil else { return false }
        let lease = Lease(
            id: LeaseID(number: nextNumber), request: request, tenant: tenant, name: nil, idempotencyKey: nil,
            asked: now, holder: .nobody, keepAlive: nil)
        return decide(adding: lease).decision.starts.contains { $0.lease == lease.id }
    }

    func explanation(of newcomer: Lease?, by plan: QueuePlan) -> Explanation {
        guard let newcomer else { return .noNode }
        let reason = plan.waiting.first { $0.id == newcomer.id }?.reason ?? .behind(Array(queue.suffix(1)))
        return explanation(of: reason, newcomer)
    }

    private var queueStates: [QueueState] {
        let capacity = pool?.capacity ?? .zero
        let live = leasesByNumber.keys.sorted().compactMap { leasesByNumber[$0] }.filter(\.isLive)
        let shares = FairShares(
            tree, usage: usage, and: live.map { QueueTenant(queue: queuePlace(of: $0), tenant: $0.tenant.uid) },
            capacity: capacity, at: now, halfLife: settings.queueing.halfLife)
        return tree.queues.indices.dropFirst().map { place in
            let inside = live.filter { tree.isIn(queuePlace(of: $0), place) }
            let own = inside.filter { queuePlace(of: $0) == place }
            let tenants = Dictionary(own.map { ($0.tenant.uid, $0.tenant) }, uniquingKeysWith: { _, last in last })
            return QueueState(
                specification: tree.queues[place], isChanged: quotaChanges[tree.queues[place].path] != nil,
                used: use.used[place], running: inside.count { $0.placement != nil },
                waiting: inside.count(where: \.isWaiting),
                tenants: tenants.keys.sorted().compactMap { uid in
                    tenants[uid].map { tenant in
                        TenantState(
                            tenant: tenant, used: use.used(by: uid, in: place),
                            decayedGPUSeconds: usage.usage(
                                tenant: uid, queue: tree.queues[place].path, at: now,
                                halfLife: settings.queueing.halfLife
                            ).gpuSeconds,
                            fairShare: shares.factor(of: QueueTenant(queue: place, tenant: uid)))
                    }
                })
        }
    }
}
