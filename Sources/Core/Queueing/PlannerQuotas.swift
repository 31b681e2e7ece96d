import Fleet
import Placement

extension PlannerPass {
    /// Why quotas do not let a request have so much now; nil where they do.
    func quotaObstacle(to amount: Amount, of asked: WaitingRequest) -> WaitReason? {
        guard hasBounds else { return nil }
        guard
            case .refused(let reason) = quotas.verdict(
                for: amount, tenant: asked.tenant, queue: asked.queue, capacity: capacity)
        else { return nil }
        return reason
    }

    /// Lets a request wait for its quota. It stops those who would take the same quota first, but no other queue.
    mutating func stop(_ asked: WaitingRequest, _ shape: Int, because reason: WaitReason) {
        guard couldEverFit(shape, asked) else { return wait(asked, because: .never) }
        if let served = preempt(for: asked, shape) {
            return wait(asked, because: .preempting(served.victims), start: served.start)
        }
        switch planner.settings.backfill {
        case .none:
            let (queue, tenant) = bound(of: reason, asked)
            stopped.append((queue, tenant, asked.id))
            wait(asked, because: reason)
        case .easy:
            let (queue, tenant) = bound(of: reason, asked)
            let isFirst = !stopped.contains { $0.queue == queue && $0.tenant == tenant }
            stopped.append((queue, tenant, asked.id))
            // The quota is kept for it and no room, so this is no promised start.
            if isFirst { _ = promise(asked, keepingRoom: false) }
            wait(asked, because: reason)
        case .conservative:
            wait(asked, because: reason, start: promise(asked, keepingRoom: true))
        }
    }

    /// Which queue's bound a reason speaks of, and whose if it is one tenant's.
    private func bound(of reason: WaitReason, _ asked: WaitingRequest) -> (queue: Int, tenant: UInt32?) {
        switch reason {
        case .queueMaximum(let path, _, _), .noBorrowing(let path, _, _):
            (planner.tree.position(of: path) ?? asked.queue, nil)
        case .tenantMaximum(let path, _, _): (planner.tree.position(of: path) ?? asked.queue, asked.tenant)
        default: (asked.queue, nil)
        }
    }

    /// Whoever waits for a quota that this request would take first; only where nobody goes before the next in line.
    func stopper(of asked: WaitingRequest) -> LeaseID? {
        guard planner.settings.backfill == .none else { return nil }
        return stopped.first { queue, tenant, _ in
            planner.tree.isIn(asked.queue, queue) && (tenant == nil || tenant == asked.tenant)
        }?.by
    }

    /// What is taken of all quotas at a moment, as far as anybody knows.
    func quotas(at moment: Moment) -> QuotaUse { timeline.quotas(quotas, at: moment) }

    /// Somebody whose promised start would be too late if this request took so much of a common quota until `end`.
    func promiseBroken(by amount: Amount, of asked: WaitingRequest, until end: Moment) -> LeaseID? {
        guard hasBounds, !timeline.future.isEmpty else { return nil }
        let refusal = timeline.refusal(
            of: amount, tenant: asked.tenant, queue: asked.queue, from: now, until: end, quotas: quotas,
            capacity: capacity)
        guard let hold = refusal else { return nil }
        return promises.first { $0.hold == hold }?.asked.id ?? keptPromises.first { $0.value == hold }?.key
    }
}

extension Timeline {
    /// What will be taken of all quotas at a moment, from what is taken now.
    func quotas(_ quotas: QuotaUse, at moment: Moment) -> QuotaUse {
        var quotas = quotas
        for (until, hold) in endsInOrder {
            guard until <= moment else { break }
            count(hold, sign: -1, in: &quotas)
        }
        for (from, hold) in future {
            guard from <= moment else { break }
            if until(hold) > moment { count(hold, sign: 1, in: &quotas) }
        }
        return quotas
    }

    private func count(_ hold: Int, sign: Int, in quotas: inout QuotaUse) {
        guard let (amount, queue, tenant) = charge(hold), amount != .zero else { return }
        if sign < 0 {
            quotas.remove(amount, tenant: tenant, queue: queue)
        } else {
            quotas.add(amount, tenant: tenant, queue: queue)
        }
    }

    /// The hold at whose beginning quotas would no longer let somebody have so much who has it from one moment to
    /// another; -1 where they do not let it begin, nil where they always do. `quotas` are those of now.
    func refusal(
        of amount: Amount, tenant: UInt32, queue: Int, from start: Moment, until end: Moment, quotas: QuotaUse,
        capacity: Amount
    ) -> Int? {
        func isRefused(_ quotas: QuotaUse) -> Bool {
            if case .refused = quotas.verdict(for: amount, tenant: tenant, queue: queue, capacity: capacity) {
                return true
            }
            return false
        }
        var quotas = self.quotas(quotas, at: start)
        if isRefused(quotas) { return -1 }
        // Room comes back before it is taken at the same moment.
        var changes: [(moment: Moment, sign: Int, hold: Int)] = []
        for (until, hold) in endsInOrder where until > start && until < end { changes.append((until, -1, hold)) }
        for (from, hold) in future where from < end && until(hold) > start {
            if from > start { changes.append((from, 1, hold)) }
            if until(hold) < end { changes.append((until(hold), -1, hold)) }
        }
        guard changes.contains(where: { $0.sign > 0 }) else { return nil }
        changes.sort { ($0.moment, $0.sign, $0.hold) < ($1.moment, $1.sign, $1.hold) }
        for change in changes {
            count(change.hold, sign: change.sign, in: &quotas)
            if change.sign > 0, charge(change.hold)?.amount != .zero, isRefused(quotas) { return change.hold }
        }
        return nil
    }
}
