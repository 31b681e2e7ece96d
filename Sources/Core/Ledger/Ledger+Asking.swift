import Fleet
import Placement
import Queueing

extension Ledger {
    mutating func take(_ ask: Ask, _ effects: inout [Effect]) {
        let tenantKey = ask.idempotencyKey.map { TenantKey(uid: ask.tenant.uid, key: $0) }
        if let tenantKey, let number = numbersByKey[tenantKey], let earlier = leasesByNumber[number] {
            let isSame = earlier.request == ask.request
            effects.append(.answer(isSame ? .lease(earlier) : .refused(.keyReused(key: tenantKey.key, earlier.id))))
            return
        }
        // What is replayed was accepted once, by the rules of then.
        if script == nil, let refusal = refusal(of: ask.request, tenant: ask.tenant) {
            effects.append(.answer(.refused(refusal)))
            return
        }
        var lease = Lease(
            id: LeaseID(number: nextNumber), request: ask.request, tenant: ask.tenant, name: ask.name,
            idempotencyKey: ask.idempotencyKey, asked: now, holder: ask.holder, keepAlive: ask.keepAlive)
        let judgement = decide(adding: lease)
        let decision = judgement.decision
        let isStarted = decision.starts.contains { $0.lease == lease.id }
        if !isStarted, script == nil, let refusal = refusalToWait(ask.request, judgement.explanation) {
            effects.append(.answer(.refused(refusal)))
            return
        }
        nextNumber += 1
        see(ask.request)
        if let tenantKey { numbersByKey[tenantKey] = lease.id.number }
        if !isStarted, case .wait(let limit?) = ask.request.patience { lease.patienceEnds = now + limit }
        store(lease)
        queue.append(lease.id)
        commit(decision, &effects)
        if let position = position(of: lease.id) {
            effects.append(
                .tell(
                    Notice(
                        .leaseWaiting, lease: lease.id,
                        text: "\(lease.id) waits for \(lease.request.canonical), number \(position) in the queue")))
        }
        effects.append(.answer(.lease(leasesByNumber[lease.id.number] ?? lease)))
    }

    /// Why a request is refused whatever is free; nil when it may be served or wait.
    func refusal(of request: Request, tenant: Tenant) -> Refusal? {
        if let refusal = request.unsupportedToday() { return .notYet(refusal.description) }
        if request.wantsExclusive, request.portion != .whole { return .never(.partIsNotExclusive) }
        let place: Int
        do throws(QueueTreeError) {
            place = try tree.leaf(named: request.queue)
        } catch {
            return .unknownQueue(error.description)
        }
        let path = tree.queues[place].path
        guard tree.admits(tenant, to: place) else { return .notInQueue(path: path, tenant: tenant.name) }
        if let longest = tree.longest(of: place), let asked = request.duration, asked > longest {
            return .tooLong(path: path, asked: asked, longest: longest)
        }
        // Root's word is law on its machine; anybody else could have everybody else stopped.
        let highest = tree.highestPriority(of: place)
        if let priority = request.priority, priority > highest, tenant.uid != 0 {
            return .tooUrgent(path: path, asked: priority, highest: highest)
        }
        if let name = request.reservation, reservation(named: name, for: tenant) == nil {
            return .unknownReservation(name)
        }
        guard let pool else { return .never(.noNode) }
        if let obstacle = observation?.node.obstacle(toGradeOf: request) {
            return .never(Explanation(summary: obstacle, counts: [], unblocks: nil))
        }
        guard pool.couldEverFit(request) else { return .never(Explanation(pool.explain(request))) }
        if let bound = bound(beyondReachOf: request, tenant: tenant, queue: place) { return .never(bound) }
        return nil
    }

    /// The bound of its queue or tenant that a request is above all by itself; nil where there is none.
    private func bound(beyondReachOf request: Request, tenant: Tenant, queue: Int) -> Explanation? {
        let hasBounds = tree.queues.contains {
            $0.maximum != .none || $0.tenantMaximum != .none || !$0.borrows || !$0.lends
        }
        let policy = request.placement ?? tree.placement(of: queue) ?? settings.policy
        guard hasBounds, let vacant, let amount = vacant.find(request, by: policy)?.amount else { return nil }
        let verdict = QuotaUse(tree).verdict(
            for: amount, tenant: tenant.uid, queue: queue, capacity: vacant.capacity)
        guard case .refused(let bound) = verdict else { return nil }
        return explanation(of: bound, beyondReachOf: amount)
    }

    /// Why a request that cannot be served now is not put into the queue; nil when it is.
    private func refusalToWait(_ request: Request, _ explanation: () -> Explanation) -> Refusal? {
        if request.patience == .refuse { return .notNow(explanation()) }
        return queue.count < settings.queueLimit ? nil : .queueFull(settings.queueLimit)
    }

    mutating func grant(_ lease: Lease, _ placement: Placement, _ effects: inout [Effect]) {
        var lease = lease
        lease.state = .granted(placement, since: now)
        let place = queuePlace(of: lease)
        let longest = tree.longest(of: place)
        lease.deadline = (lease.request.duration ?? longest).map { now + $0 }
        lease.lapses = lease.keepAlive.map { now + $0 }
        lease.patienceEnds = nil
        lease.idle = tree.idle(of: place).map { _ in IdleState(lastActive: now) }
        takeRoom(of: lease, placement)
        store(lease)
        effects.append(.prepare(lease))
        effects.append(
            .tell(
                Notice(
                    .leaseGranted, lease: lease.id,
                    text:
                        "\(lease.id) granted to \(lease.tenant.name): \(placement.words(in: observation?.node)), \(placement.grade.rawValue)"
                )))
    }

    /// The position of a lease's queue; a queue that is no longer there is `default`.
    func queuePlace(of lease: Lease) -> Int {
        tree.position(of: lease.request.queue ?? QueueTree.defaultPath) ?? tree.defaultQueue
    }
}

extension Request {
    fileprivate var wantsExclusive: Bool { minimumGrade == .exclusive || sharing == .exclusive }
}

extension Explanation {
    fileprivate static let partIsNotExclusive = Explanation(
        summary: "a part of a GPU is never exclusive: ask for whole GPUs, or leave the grade away", counts: [],
        unblocks: nil)

    static let noNode = Explanation(
        summary: "the daemon has not looked at this machine's GPUs yet", counts: [], unblocks: nil)
}

extension Placement {
    /// `0.5 of GPU 0 with 10 GiB`, in the node's numbering where it is known.
    func words(in node: Node?) -> String {
        grants.map { grant in
            let index = node?.gpus.first { $0.id == grant.gpu }.map { "GPU \($0.index)" }
            let part = grant.share == .whole ? "" : "\(grant.share) of "
            return "\(part)\(index ?? grant.gpu.rawValue) with \(grant.memory)"
        }.joined(separator: ", ")
    }
}
