import Fleet
import Placement

/// One pass over those who wait: what the planner knows while it makes a plan.
struct PlannerPass {
    /// A start that is promised to somebody who waits.
    struct Promise {
        let asked: WaitingRequest
        let start: Moment
        /// The hold that keeps its room and its quota; without room where only the quota is kept.
        var hold: Int
    }

    let planner: Planner
    let now: Moment
    let capacity: Amount
    let running: [RunningLease]
    let reservations: [Reservation]
    /// Whether any queue has a bound at all.
    let hasBounds: Bool
    /// Whether anybody asks what queues have; counting it costs as much as the rest of a pass where nobody waits.
    let countsQuotas: Bool
    let hasTenantBounds: Bool
    /// Of all that runs.
    let lowestPriority: Int
    var quotas: QuotaUse
    var timeline: Timeline
    var shapes = PlannerShapes()
    /// First promised first.
    var promises: [Promise] = []
    /// The next in line, who cannot start for want of room; nobody else keeps room by EASY.
    var head: LeaseID?
    /// Whether everybody in line so far who cannot start has leases stopped for it.
    var everybodyIsServed = true
    /// Queues whose own bound stops somebody, and whom; a tenant where the bound is one tenant's.
    var stopped: [(queue: Int, tenant: UInt32?, by: LeaseID)] = []
    /// What keeps the room that the plan before promised, until its turn comes. Only looked up.
    var keptPromises: [LeaseID: Int] = [:]
    /// Whether holds are only added from now on, so that `floors` hold.
    var hasFloors = false
    /// The last start that was found for equal requests, and how long it was to last; nil when nobody can know.
    var floors: [Likeness: (limit: Span, start: Moment?)] = [:]
    /// Whether the plan before promised anything: then equal requests have different room, each its own.
    var keepsPromises = false
    /// What keeps the rest of each reservation, by its number.
    var reservationHolds: [(reservation: Int, hold: Int)] = []
    /// Those who started in a reservation in this pass.
    var members: [(reservation: Int64, placement: PoolPlacement, end: Moment)] = []
    /// What is free from now on, by how many of the later holds have to be respected.
    var rooms: [Pool?] = []
    /// For how many leases are stopped, and for how many victims were looked for thoroughly.
    var served = 0
    var thoroughSearches = 0
    /// Requests that found no victims, and how long they were to last; longer ones find none either.
    var withoutVictims: [WithoutVictims: Span] = [:]
    /// Running leases, by position, that this plan stops.
    var stopping: Set<Int> = []
    var plan = QueuePlan()
    /// Those who wait, in the order of the plan's outlooks.
    var outlooks: [WaitingRequest] = []

    init(_ planner: Planner, running: [RunningLease], reservations: [Reservation], pool: Pool, at now: Moment) {
        self.planner = planner
        self.now = now
        self.running = running
        self.reservations = reservations.filter { $0.until > now }.sorted {
            ($0.from, $0.number) < ($1.from, $1.number)
        }
        capacity = pool.capacity
        hasBounds = planner.tree.queues.contains {
            $0.maximum != .none || $0.tenantMaximum != .none || $0.guaranteed != .none || !$0.borrows
        }
        var quotas = QuotaUse(planner.tree)
        hasTenantBounds = planner.tree.queues.contains { $0.tenantMaximum != .none }
        lowestPriority = running.lazy.map(\.priority).min() ?? .max
        countsQuotas = hasBounds || planner.settings.preemption != .none
        if countsQuotas {
            for lease in running { quotas.add(lease.amount, tenant: lease.tenant, queue: lease.queue) }
        }
        self.quotas = quotas
        timeline = Timeline(pool: pool, running: running, at: now, notice: planner.settings.preemptionNotice)
        for position in self.reservations.indices { keep(position) }
    }

    /// Decides about everybody, next first.
    mutating func consider(_ order: [WaitingRequest], keeping promised: [QueuePlan.Promise]) {
        let depth = max(planner.settings.depth, 1)
        if planner.settings.backfill == .conservative { keep(promised, of: order.prefix(depth)) }
        hasFloors = planner.settings.backfill == .conservative && !keepsPromises
        for asked in order.prefix(depth) {
            release(asked)
            consider(asked)
        }
        guard order.count > depth else { return }
        for asked in order.dropFirst(depth) { wait(asked, because: .behind([order[depth - 1].id])) }
    }

    private mutating func consider(_ asked: WaitingRequest) {
        if let position = reservation(of: asked) { return considerInside(position, asked) }
        let shape = shapes.number(of: asked.request)
        if let reason = quotaObstacle(to: shapes[shape].least, of: asked) {
            return stop(asked, shape, because: reason)
        }
        if let before = stopper(of: asked) { return wait(asked, because: .behind([before])) }
        if planner.settings.backfill == .none, let head { return line(up: asked, shape, behind: head) }
        let end = self.end(of: asked)
        if let reason = knownFailure(asked, shape, until: end) { return miss(asked, shape, because: reason) }
        let begun = timeline.begun(before: end)
        let policy = planner.policy(of: asked)
        guard let placement = withRoom(begun, until: end, { $0.find(asked.request, by: policy) }) else {
            if let placement = placeAroundHead(asked) { return start(asked, at: placement) }
            let reason = reasonForMiss(asked, shape, begun: begun)
            let isForGood = reason == .noRoom || reason == .never
            if !keepsPromises { shapes[shape].failure = (isForGood ? now : end, reason, plan.starts.count) }
            return miss(asked, shape, because: reason)
        }
        let amount = placement.amount
        if let reason = quotaObstacle(to: amount, of: asked) { return stop(asked, shape, because: reason) }
        if let before = promiseBroken(by: amount, of: asked, until: end) {
            let isPromised = planner.settings.backfill == .conservative
            return wait(
                asked, because: .behind([before]), start: isPromised ? promise(asked, keepingRoom: true) : nil)
        }
        start(asked, at: placement)
    }

    /// Why an equal request did not fit in this pass, if it did not.
    private mutating func knownFailure(_ asked: WaitingRequest, _ shape: Int, until end: Moment) -> WaitReason? {
        guard let failure = shapes[shape].failure, failure.end <= end else { return nil }
        if failure.starts < plan.starts.count, failure.reason != .noRoom, failure.reason != .never {
            // Whatever was in the way then, by now there may be too little room for anybody.
            let fits = timeline.pool.find(asked.request, by: planner.policy(of: asked)) != nil
            shapes[shape].failure =
                fits ? (failure.end, failure.reason, plan.starts.count) : (now, .noRoom, plan.starts.count)
        }
        return shapes[shape].failure?.reason
    }

    // MARK: Starting

    func end(of asked: WaitingRequest) -> Moment { asked.limit.map { now + $0 } ?? .endOfTime }

    mutating func start(_ asked: WaitingRequest, at placement: PoolPlacement) {
        plan.starts.append(QueuePlan.Start(id: asked.id, placement: placement))
        let amount = placement.amount
        let end = end(of: asked)
        if countsQuotas { quotas.add(amount, tenant: asked.tenant, queue: asked.queue) }
        let touchesLater = timeline.future.contains { timeline.placement($0.hold)?.meets(placement) ?? false }
        timeline.add(hold(asked, placement, from: now, until: end))
        if touchesLater {
            rooms = []
        } else {
            for index in rooms.indices { rooms[index]?.take(placement, for: asked.request) }
        }
    }

    func hold(
        _ asked: WaitingRequest, _ placement: PoolPlacement, from: Moment, until: Moment
    ) -> Timeline.Hold {
        Timeline.Hold(
            placement: placement, request: asked.request, amount: placement.amount, tenant: asked.tenant,
            queue: asked.queue, from: from, until: until)
    }

    /// Looks at what is free from now to `end`, before which `begun` of the later holds begin.
    mutating func withRoom<Answer>(_ begun: Int, until end: Moment, _ look: (Pool) -> Answer) -> Answer {
        if begun == 0 { return look(timeline.pool) }
        while rooms.count <= begun { rooms.append(nil) }
        if let room = rooms[begun] { return look(room) }
        let room = timeline.room(from: now, until: end)
        rooms[begun] = room
        return look(room)
    }

    // MARK: Waiting

    mutating func wait(_ asked: WaitingRequest, because reason: WaitReason, start: Moment? = nil) {
        plan.waiting.append(QueuePlan.Outlook(id: asked.id, reason: reason, start: start))
        outlooks.append(asked)
    }

    /// Why a request that has its quota did not fit.
    private mutating func reasonForMiss(_ asked: WaitingRequest, _ shape: Int, begun: Int) -> WaitReason {
        let policy = planner.policy(of: asked)
        guard couldEverFit(shape, asked) else { return .never }
        guard begun > 0 || !promises.isEmpty || !reservationHolds.isEmpty || keepsPromises else { return .noRoom }
        // Without the promises: is it for the reservations?
        var bare = timeline
        for promise in promises { bare.remove(promise.hold) }
        for hold in keptPromises.values.sorted() { bare.remove(hold) }
        let end = end(of: asked)
        if let placement = bare.room(from: now, until: end).find(asked.request, by: policy) {
            return .behind(holders(of: placement, until: end))
        }
        for (index, (position, hold)) in reservationHolds.enumerated() {
            bare.remove(hold)
            if index + 1 < reservationHolds.count, reservationHolds[index + 1].reservation == position { continue }
            guard bare.room(from: now, until: end).find(asked.request, by: policy) != nil else { continue }
            return .reservation(name: reservations[position].name, from: reservations[position].from)
        }
        return .noRoom
    }

    /// Those whose promises take from the GPUs of a placement before `end`; if none does, the first who has one.
    private func holders(of placement: PoolPlacement, until end: Moment) -> [LeaseID] {
        var holders: [LeaseID] = []
        for promise in promises {
            guard promise.start < end else { continue }
            if timeline.placement(promise.hold)?.meets(placement) ?? false { holders.append(promise.asked.id) }
        }
        for (id, hold) in keptPromises.sorted(by: { $0.key < $1.key }) where timeline.from(hold) < end {
            if timeline.placement(hold)?.meets(placement) ?? false { holders.append(id) }
        }
        return holders.isEmpty ? promises.first.map { [$0.asked.id] } ?? [] : holders
    }

    mutating func couldEverFit(_ shape: Int, _ asked: WaitingRequest) -> Bool {
        if let known = shapes[shape].couldEverFit { return known }
        let answer = timeline.pool.couldEverFit(asked.request)
        shapes[shape].couldEverFit = answer
        return answer
    }
}
