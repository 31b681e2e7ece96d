import Fleet
import Placement
import Queueing

extension Ledger {
    /// Order changes with time where requests age, and who may be stopped with how long leases have run: who waits is
    /// looked at again after so long.
    var reviewAfter: Span { Span(seconds: settings.queueing.preemption == .none ? 60 : 10) }

    var planner: Planner { Planner(tree, settings: settings.queueing, placement: settings.policy) }

    /// What is to be done.
    struct Judgement {
        var decision = Decision()
        /// Why somebody new is not served, on request.
        var explanation: () -> Explanation = { .noNode }
    }

    /// Decides who is served now, with somebody new if there is.
    func decide(adding newcomer: Lease? = nil) -> Judgement {
        if let next = script?.first { return Judgement(decision: next) }
        guard let pool, script == nil else { return Judgement() }
        if let newcomer, queue.isEmpty, reservations.isEmpty, settings.queueing.preemption == .none {
            return decideAlone(newcomer, in: pool)
        }
        let plan = plan(adding: newcomer)
        return Judgement(decision: Decision(plan, in: self, newcomer: newcomer)) {
            explanation(of: newcomer, by: plan)
        }
    }

    /// Nobody waits and nothing is reserved: whether it fits and its bounds allow it is all there is to decide.
    private func decideAlone(_ lease: Lease, in pool: Pool) -> Judgement {
        var judgement = Judgement()
        let request = lease.request
        guard let place = pool.find(request, by: policy(for: lease)) else {
            judgement.explanation = { Explanation(pool.explain(request)) }
            return judgement
        }
        let verdict = use.verdict(
            for: place.amount, tenant: lease.tenant.uid, queue: queuePlace(of: lease),
            capacity: pool.capacity)
        if case .refused(let reason) = verdict {
            judgement.explanation = { explanation(of: reason, lease) }
            return judgement
        }
        if let placement = Placement(place, of: request, in: pool) {
            judgement.decision.starts = [.init(lease: lease.id, placement: placement)]
        }
        return judgement
    }

    /// Counts a request; the pool learns of it now and then, because that takes a while.
    mutating func see(_ request: Request) {
        mix.saw(request)
        if nextNumber.isMultiple(of: 64) || nextNumber < 64 && nextNumber.isMultiple(of: 8) {
            pool?.mix = mix
        }
    }

    func policy(for lease: Lease) -> PolicyName {
        lease.request.placement ?? tree.placement(of: queuePlace(of: lease)) ?? settings.policy
    }

    /// What the planner makes of everybody who waits, and of somebody new.
    ///
    /// Foreseeing also says when everybody starts at the earliest; a decision does without.
    func plan(adding newcomer: Lease? = nil, foreseeing: Bool = false) -> QueuePlan {
        guard let pool else { return QueuePlan() }
        let waiting = queue.compactMap { leasesByNumber[$0.number] } + (newcomer.map { [$0] } ?? [])
        return planner.plan(
            waiting: waiting.map { planned($0) }, running: runningLeases(in: pool),
            reservations: reservations, usage: usage, pool: pool, at: now, promised: promises,
            foreseeing: foreseeing)
    }

    func runningLeases(in pool: Pool) -> [RunningLease] { leasesWithRoom.compactMap { planned($0, in: pool) } }

    func planned(_ lease: Lease) -> WaitingRequest {
        let place = queuePlace(of: lease)
        return WaitingRequest(
            id: lease.id, request: lease.request, tenant: lease.tenant.uid, queue: place,
            priority: lease.request.priority ?? tree.queues[place].priority, asked: lease.asked,
            limit: lease.request.duration ?? tree.longest(of: place),
            reservation: reservation(named: lease.request.reservation, for: lease.tenant)?.number)
    }

    private func planned(_ lease: Lease, in pool: Pool) -> RunningLease? {
        guard let placement = lease.placement, let place = PoolPlacement(placement, in: pool) else { return nil }
        let queue = queuePlace(of: lease)
        let (since, isEnding) =
            switch lease.state {
            case .granted(_, let since): (since, false)
            case .ending(_, let since, _): (since, true)
            case .waiting, .ended: (now, true)
            }
        return RunningLease(
            id: lease.id, request: lease.request, tenant: lease.tenant.uid, queue: queue,
            priority: lease.request.priority ?? tree.queues[queue].priority, placement: place,
            amount: place.amount, since: since, ends: lease.deadline, isEnding: isEnding,
            isAnnounced: lease.announcedEnd != nil,
            reservation: reservation(named: lease.request.reservation, for: lease.tenant)?.number)
    }

    /// Carries out a decision and writes it down for the journal.
    mutating func commit(_ decision: Decision, _ effects: inout [Effect]) {
        decisions.append(decision)
        if script != nil { script = script?.dropFirst() }
        let started = Set(decision.starts.map(\.lease))
        for start in decision.starts {
            guard let lease = leasesByNumber[start.lease.number], lease.isWaiting else { continue }
            grant(lease, start.placement, &effects)
        }
        if !started.isEmpty { queue.removeAll { started.contains($0) } }
        if let order = decision.order { queue = order }
        if let promises = decision.promises { self.promises = promises }
        for id in decision.spared { spare(id, &effects) }
        for preemption in decision.preemptions { announceEnd(preemption, &effects) }
        if !queue.isEmpty { isDue(by: now + reviewAfter) }
    }

    /// Serves whoever can be served now; called whenever room came back or a rule changed.
    mutating func serveQueue(_ effects: inout [Effect]) {
        guard !queue.isEmpty || !announced.isEmpty || script?.isEmpty == false else { return }
        commit(decide().decision, &effects)
    }

    /// Room changes hands in these two, and nowhere else.
    mutating func takeRoom(of lease: Lease, _ placement: Placement) { moveRoom(of: lease, placement, isTaken: true) }

    mutating func giveRoomBack(of lease: Lease, _ placement: Placement) {
        moveRoom(of: lease, placement, isTaken: false)
    }

    private mutating func moveRoom(of lease: Lease, _ placement: Placement, isTaken: Bool) {
        let amount = placement.amount
        let place = queuePlace(of: lease)
        let halfLife = settings.queueing.halfLife
        let path = tree.queues[place].path
        if isTaken {
            running.insert(lease.id.number)
            use.add(amount, tenant: lease.tenant.uid, queue: place)
            usage.change(tenant: lease.tenant.uid, queue: path, by: amount, at: now, halfLife: halfLife)
        } else {
            running.remove(lease.id.number)
            use.remove(amount, tenant: lease.tenant.uid, queue: place)
            usage.change(tenant: lease.tenant.uid, queue: path, by: .zero - amount, at: now, halfLife: halfLife)
        }
        guard let pool, let found = PoolPlacement(placement, in: pool) else { return }
        if isTaken {
            self.pool?.take(found, for: lease.request)
        } else {
            self.pool?.giveBack(found, of: lease.request)
        }
    }
}

extension Placement {
    /// What it takes of the fleet.
    var amount: Amount {
        grants.reduce(.zero) { $0 + Amount(milliGPU: Int64($1.share.milli), memory: $1.memory) }
    }
}

extension Decision {
    /// What a plan comes to for leases that have ids.
    fileprivate init(_ plan: QueuePlan, in ledger: Ledger, newcomer: Lease?) {
        self.init()
        guard let pool = ledger.pool else { return }
        starts = plan.starts.compactMap { start in
            guard let lease = ledger.leasesByNumber[start.id.number] ?? newcomer,
                let placement = Placement(start.placement, of: lease.request, in: pool)
            else { return nil }
            return Start(lease: start.id, placement: placement)
        }
        preemptions = plan.preemptions.filter { wanted in
            ledger.leasesByNumber[wanted.victim.number]?.announcedEnd?.beneficiary != wanted.beneficiary
        }.map { Preemption(victim: $0.victim, beneficiary: $0.beneficiary) }
        let needed = Set(plan.preemptions.map(\.victim))
        spared = ledger.announced.sorted().map(LeaseID.init(number:)).filter { !needed.contains($0) }
        promises = plan.promises == ledger.promises ? nil : plan.promises
        // Whoever is further back than the planner looks keeps the order of before.
        let seen = plan.waiting.map(\.id)
        let accounted = Set(seen).union(plan.starts.map(\.id))
        let before = ledger.queue + (newcomer.map { [$0.id] } ?? [])
        let after = seen + before.filter { !accounted.contains($0) }
        let unchanged = before.filter { id in !plan.starts.contains { $0.id == id } }
        order = after == unchanged ? nil : after
    }
}
