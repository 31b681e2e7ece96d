import Fleet
import Placement

extension PlannerPass {
    /// Lets a request wait that does not fit now, and promises it a start where the settings say so.
    ///
    /// EASY (Lifka 1995) promises only the next in line its earliest start as running leases end by their limits;
    /// conservative promises one to everybody. What is promised is a hold of the timeline, so whoever is looked at
    /// later fits only where it ends before the promised start or fits beside it.
    mutating func miss(_ asked: WaitingRequest, _ shape: Int, because reason: WaitReason) {
        if reason == .never { return wait(asked, because: reason) }
        if let served = preempt(for: asked, shape) {
            if planner.settings.backfill == .none { head = head ?? asked.id }
            return wait(asked, because: .preempting(served.victims), start: served.start)
        }
        everybodyIsServed = false
        switch planner.settings.backfill {
        case .none:
            head = head ?? asked.id
            wait(asked, because: reason)
        case .easy:
            guard head == nil else { return wait(asked, because: reason) }
            promiseHead(asked, because: reason)
        case .conservative:
            guard head == nil else { return wait(asked, because: reason, start: promise(asked, keepingRoom: true)) }
            promiseHead(asked, because: reason)
        }
    }

    /// Promises the next in line its start; if nobody can know one and it has waited for long, gathers its room.
    private mutating func promiseHead(_ asked: WaitingRequest, because reason: WaitReason) {
        head = asked.id
        let start = promise(asked, keepingRoom: true)
        if start == nil { gather(for: asked) }
        wait(asked, because: reason, start: start)
    }

    /// Keeps what is free of the room that the next in line would have if the oldest leases without a limit ended, so
    /// that smaller requests do not take turns there for ever. Only for whoever has waited for a whole `ageing`: until
    /// then what is free is better used than kept for a start that nobody knows.
    private mutating func gather(for asked: WaitingRequest) {
        guard let ageing = planner.settings.ageing, now - asked.asked >= ageing else { return }
        let endless = running.indices.filter { timeline.until($0) == .endOfTime }.sorted {
            (running[$0].since, running[$0].id) < (running[$1].since, running[$1].id)
        }
        let policy = planner.policy(of: asked)
        var room = timeline.endsInOrder.last.map { timeline.freed(by: $0.until) } ?? timeline.pool
        for number in endless {
            timeline.giveBack(number, to: &room)
            guard let placement = room.find(asked.request, by: policy) else { continue }
            let free = timeline.pool.free(of: placement)
            guard !free.parts.isEmpty else { return }
            let hold = Timeline.Hold(
                placement: free, request: asked.request, amount: .zero, tenant: asked.tenant, queue: asked.queue,
                from: now, until: .endOfTime)
            promises.append(Promise(asked: asked, start: now, hold: timeline.add(hold)))
            rooms = []
            return
        }
    }

    /// Keeps what the plan before promised, to everybody in front of the first who was not there then.
    mutating func keep(_ promised: [QueuePlan.Promise], of order: some Sequence<WaitingRequest>) {
        guard !promised.isEmpty else { return }
        keepsPromises = true
        let spots = Dictionary(promised.map { ($0.id, $0.spot) }, uniquingKeysWith: { first, _ in first })
        for asked in order {
            guard let known = spots[asked.id] else { return }
            guard let spot = known else { continue }
            let start = max(spot.start, now)
            let end = asked.limit.map { start + $0 } ?? .endOfTime
            guard timeline.room(from: start, until: end).has(spot.placement) else { continue }
            let hold = hold(asked, spot.placement, from: start, until: end)
            if start == now { quotas.add(hold.amount, tenant: hold.tenant, queue: hold.queue) }
            keptPromises[asked.id] = timeline.add(hold)
        }
    }

    /// Gives back the room that was kept for a request, since its turn has come.
    mutating func release(_ asked: WaitingRequest) {
        guard let hold = keptPromises.removeValue(forKey: asked.id) else { return }
        if timeline.from(hold) <= now, let charge = timeline.charge(hold) {
            quotas.remove(charge.amount, tenant: charge.tenant, queue: charge.queue)
        }
        timeline.remove(hold)
        rooms = []
    }

    /// Lets a request wait behind the next in line, where nobody goes before that one. It may have leases stopped for
    /// it as long as everybody before it has.
    mutating func line(up asked: WaitingRequest, _ shape: Int, behind head: LeaseID) {
        guard couldEverFit(shape, asked) else { return wait(asked, because: .never) }
        if everybodyIsServed, let served = preempt(for: asked, shape) {
            return wait(asked, because: .preempting(served.victims), start: served.start)
        }
        everybodyIsServed = false
        wait(asked, because: .behind([head]))
    }

    /// How many are promised a start by conservative backfill; whoever is further behind starts where it delays none
    /// of them. The cost of a plan grows with the cube of this.
    private static let mostPromises = 100

    /// Promises a request its earliest start; nil when nobody can know one.
    mutating func promise(_ asked: WaitingRequest, keepingRoom: Bool) -> Moment? {
        let isConservative = planner.settings.backfill == .conservative
        if isConservative, plan.promises.count >= Self.mostPromises { return nil }
        // Whoever could start now has started.
        let found = earliest(asked, notBefore: now + Span(nanoseconds: 1))
        if isConservative {
            let spot = found.map { QueuePlan.Promise.Spot(start: $0.start, placement: $0.placement) }
            plan.promises.append(QueuePlan.Promise(id: asked.id, spot: spot))
        }
        guard let (start, placement) = found else { return nil }
        let end = asked.limit.map { start + $0 } ?? .endOfTime
        var hold = hold(asked, placement, from: start, until: end)
        if !keepingRoom { hold.placement = PoolPlacement(parts: []) }
        let promise = Promise(asked: asked, start: start, hold: timeline.add(hold))
        if keepingRoom { rooms = [] }
        promises.append(promise)
        return start
    }

    mutating func likeness(of asked: WaitingRequest) -> Likeness {
        return Likeness(
            shape: shapes.number(of: asked.request), queue: asked.queue, tenant: hasBounds ? asked.tenant : 0)
    }

    /// The earliest start of a request as far as anybody knows, and where.
    ///
    /// Where holds are only added, an equal request that lasts as long or longer starts no earlier than the last one.
    mutating func earliest(
        _ asked: WaitingRequest, notBefore first: Moment
    ) -> (start: Moment, placement: PoolPlacement)? {
        guard hasFloors else { return search(asked, notBefore: first) }
        let likeness = likeness(of: asked)
        var first = first
        if let floor = floors[likeness], floor.limit <= asked.limit ?? .endless {
            guard let start = floor.start else { return nil }
            first = max(first, start)
        }
        let found = search(asked, notBefore: first)
        floors[likeness] = (asked.limit ?? .endless, found?.start)
        return found
    }

    private mutating func search(
        _ asked: WaitingRequest, notBefore first: Moment
    ) -> (start: Moment, placement: PoolPlacement)? {
        let policy = planner.policy(of: asked)
        guard hasBounds else {
            return timeline.earliest(asked.request, lasting: asked.limit, by: policy, notBefore: first)
        }
        let least = asked.request.leastAmount
        let (quotas, capacity) = (quotas, capacity)
        return timeline.earliest(
            asked.request, lasting: asked.limit, by: policy, notBefore: first
        ) { timeline, start in
            let end = asked.limit.map { start + $0 } ?? .endOfTime
            return timeline.refusal(
                of: least, tenant: asked.tenant, queue: asked.queue, from: start, until: end, quotas: quotas,
                capacity: capacity) == nil
        }
    }

    /// A place for a request that does not fit beside the place promised to the next in line, where that one would
    /// still fit at its promised start in another place; it is promised that one then.
    ///
    /// Only EASY asks: there a single promise can move without any other being in its way.
    mutating func placeAroundHead(_ asked: WaitingRequest) -> PoolPlacement? {
        guard planner.settings.backfill == .easy,
            let index = promises.firstIndex(where: { $0.asked.id == head }),
            promises[index].start < end(of: asked)
        else { return nil }
        let promise = promises[index]
        var trial = timeline
        trial.remove(promise.hold)
        let end = end(of: asked)
        guard
            let placement = trial.room(from: now, until: end).find(
                asked.request, by: planner.policy(of: asked)),
            quotaObstacle(to: placement.amount, of: asked) == nil,
            promiseBroken(by: placement.amount, of: asked, until: end) == nil
        else { return nil }
        let added = trial.add(hold(asked, placement, from: now, until: end))
        let headEnd = promise.asked.limit.map { promise.start + $0 } ?? .endOfTime
        guard
            let other = trial.room(from: promise.start, until: headEnd).find(
                promise.asked.request, by: planner.policy(of: promise.asked))
        else { return nil }
        trial.remove(added)
        promises[index].hold = trial.add(hold(promise.asked, other, from: promise.start, until: headEnd))
        timeline = trial
        rooms = []
        return placement
    }
}

extension Pool {
    /// What of a placement is free.
    func free(of placement: PoolPlacement) -> PoolPlacement {
        let parts = placement.parts.compactMap { part -> PoolPlacement.Part? in
            let grants = part.grants.compactMap { grant -> PoolPlacement.Grant? in
                guard nodes.indices.contains(part.node), nodes[part.node].gpus.indices.contains(grant.gpu) else {
                    return nil
                }
                let room = nodes[part.node].gpus[grant.gpu]
                let (share, memory) = (min(grant.share, room.freeShare), min(grant.memory, room.freeMemory))
                guard share > .zero || memory > .zero || grant.slice != nil else { return nil }
                return PoolPlacement.Grant(
                    gpu: grant.gpu, share: max(share, .zero), memory: max(memory, .zero), slice: grant.slice)
            }
            return grants.isEmpty ? nil : PoolPlacement.Part(node: part.node, grants: grants)
        }
        return PoolPlacement(parts: parts)
    }

    /// Whether all of a placement is free.
    func has(_ placement: PoolPlacement) -> Bool {
        placement.parts.allSatisfy { part in
            nodes.indices.contains(part.node)
                && part.grants.allSatisfy { grant in
                    guard nodes[part.node].gpus.indices.contains(grant.gpu) else { return false }
                    let room = nodes[part.node].gpus[grant.gpu]
                    return grant.share <= room.freeShare && grant.memory <= room.freeMemory
                }
        }
    }
}

/// Requests that are equal but for their times.
struct Likeness: Hashable {
    let shape: Int
    let queue: Int
    /// 0 where it does not matter.
    let tenant: UInt32
}

extension Span {
    /// Longer than anything that ends.
    static let endless = Span(nanoseconds: .max)
}
