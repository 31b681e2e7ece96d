import Fleet
import Placement
import Queueing

extension Ledger {
    mutating func hold(_ lease: Lease, by holder: Holder, _ effects: inout [Effect]) {
        var lease = lease
        guard lease.placement != nil else {
            effects.append(.answer(.refused(.notGranted(lease.id))))
            return
        }
        lease.holder = holder
        store(lease)
        effects.append(.tell(Notice(.leaseHeld, lease: lease.id, text: "\(lease.id) is held by \(holder.words)")))
        if case .ending = lease.state { effects.append(.stop(lease)) }
        effects.append(.answer(.lease(lease)))
    }

    mutating func keepAlive(_ lease: Lease, _ effects: inout [Effect]) {
        var lease = lease
        guard case .granted = lease.state else {
            effects.append(.answer(.refused(.notGranted(lease.id))))
            return
        }
        if let span = lease.keepAlive {
            lease.lapses = now + span
            store(lease)
        }
        effects.append(.answer(.lease(lease)))
    }

    mutating func extend(_ lease: Lease, by span: Span, _ effects: inout [Effect]) {
        var lease = lease
        guard case .granted = lease.state else {
            effects.append(.answer(.refused(.notGranted(lease.id))))
            return
        }
        guard let deadline = lease.deadline else {
            effects.append(.answer(.refused(.noDeadline(lease.id, isKeptAlive: lease.keepAlive != nil))))
            return
        }
        if script == nil, let refusal = refusal(of: lease, until: deadline + span) {
            effects.append(.answer(.refused(refusal)))
            return
        }
        lease.deadline = deadline + span
        store(lease)
        effects.append(.tell(Notice(.leaseExtended, lease: lease.id, text: "\(lease.id) extended by \(span)")))
        effects.append(.answer(.lease(lease)))
    }

    /// Decides a lease's end: at once when nothing holds it, else once its holder has been stopped.
    mutating func askEnd(of lease: Lease, _ reason: EndReason, _ effects: inout [Effect]) {
        switch lease.state {
        case .granted(let placement, let since) where lease.holder != .nobody:
            var lease = lease
            lease.state = .ending(placement, since: since, reason)
            lease.deadline = nil
            lease.lapses = nil
            lease.announcedEnd = nil
            store(lease)
            effects.append(
                .tell(
                    Notice(
                        .leaseEnding, lease: lease.id,
                        text: "\(lease.id) is ending (\(reason.words)), its holder is stopped")))
            effects.append(.stop(lease))
            effects.append(.answer(.lease(lease)))
        case .ending: effects.append(.answer(.lease(lease)))
        case .waiting: end(lease, reason == .released ? .cancelled : reason, &effects)
        case .granted, .ended: end(lease, reason, &effects)
        }
    }

    /// Ends a live lease and gives what it had to those who wait.
    mutating func end(_ lease: Lease, _ reason: EndReason, _ effects: inout [Effect]) {
        close(lease, reason, &effects)
        serveQueue(&effects)
    }

    /// Ends a live lease and gives its room back, the only place where that happens.
    private mutating func close(_ lease: Lease, _ reason: EndReason, _ effects: inout [Effect]) {
        // Whoever goes through several leases may hold one as it was before the queue was served.
        guard var lease = leasesByNumber[lease.id.number] else { return }
        switch lease.state {
        case .waiting:
            queue.removeAll { $0 == lease.id }
            lease.state = .ended(reason == .holderEnded ? .cancelled : reason, at: now, had: nil, since: nil)
        case .granted(let placement, let since):
            giveRoomBack(of: lease, placement)
            lease.state = .ended(reason, at: now, had: placement, since: since)
        case .ending(let placement, let since, let decided):
            giveRoomBack(of: lease, placement)
            lease.state = .ended(decided, at: now, had: placement, since: since)
        case .ended: return
        }
        lease.deadline = nil
        lease.lapses = nil
        lease.patienceEnds = nil
        lease.announcedEnd = nil
        lease.idle = nil
        store(lease)
        remember(lease)
        if case .ended(let final, _, let had, _) = lease.state {
            if had != nil { effects.append(.dismiss(lease)) }
            effects.append(.tell(Notice(.leaseEnded, lease: lease.id, text: "\(lease.id) ended: \(final.words)")))
        }
        effects.append(.answer(.lease(lease)))
    }

    mutating func passTime(_ effects: inout [Effect]) {
        // What is replayed was due when it happened.
        guard isDue(at: now) || script != nil else { return }
        for lease in leases {
            switch lease.state {
            case .waiting:
                if let end = lease.patienceEnds, end <= now { giveUpWaiting(lease, &effects) }
            case .granted: passTime(of: lease.id, &effects)
            case .ending: break
            case .ended(_, let at, _, _): if at + settings.memory <= now { forget(lease) }
            }
        }
        ended.removeAll { leasesByNumber[$0.number] == nil }
        passReservations(&effects)
        // Whoever turns out not to be needed is spared before anybody is stopped.
        serveQueue(&effects)
        for number in announced.sorted() {
            guard let lease = leasesByNumber[number], case .granted = lease.state, let end = lease.announcedEnd,
                end.at <= now
            else { continue }
            askEnd(of: lease, .preempted, &effects)
        }
        effects.removeAll { if case .answer = $0 { true } else { false } }
        findNextDue()
    }

    /// An end just before may have changed the lease meanwhile.
    private mutating func passTime(of id: LeaseID, _ effects: inout [Effect]) {
        guard let lease = leasesByNumber[id.number], case .granted = lease.state else { return }
        if let deadline = lease.deadline, deadline <= now {
            askEnd(of: lease, .deadline, &effects)
        } else if let lapses = lease.lapses, lapses <= now {
            askEnd(of: lease, .lapsed, &effects)
        } else {
            judgeIdleness(of: lease, &effects)
        }
    }

    /// Hangs the clock on a boot. A new boot ends what was granted before it: nothing of it can still run.
    mutating func anchor(on boot: String, offset: Int64, _ effects: inout [Effect]) {
        let isReboot = anchor.map { $0.boot != boot } ?? false
        anchor = ClockAnchor(boot: boot, offset: offset)
        guard isReboot else { return }
        // Nothing of what was found is there any more, nor of what was done about it.
        findings = []
        for lease in leases where lease.isLive { close(lease, .reboot, &effects) }
        effects.removeAll { if case .answer = $0 { true } else { false } }
    }

    /// An end just before may have served the lease meanwhile.
    private mutating func giveUpWaiting(_ lease: Lease, _ effects: inout [Effect]) {
        guard let current = leasesByNumber[lease.id.number], current.isWaiting else { return }
        end(current, .patienceEnded, &effects)
    }

    /// Keeps an ended lease for as long as there is room for it.
    private mutating func remember(_ lease: Lease) {
        ended.append(lease.id)
        guard ended.count > settings.endedLimit + settings.endedLimit / 8 else { return }
        let surplus = ended.count - settings.endedLimit
        for id in ended.prefix(surplus) {
            if let oldest = leasesByNumber[id.number] { forget(oldest) }
        }
        ended.removeFirst(surplus)
    }

    private mutating func forget(_ lease: Lease) {
        leasesByNumber[lease.id.number] = nil
        if let key = lease.idempotencyKey { numbersByKey[TenantKey(uid: lease.tenant.uid, key: key)] = nil }
    }

    /// Writes a lease down and keeps `nextDue` no later than what it needs.
    mutating func store(_ lease: Lease) {
        leasesByNumber[lease.id.number] = lease
        if lease.announcedEnd == nil { announced.remove(lease.id.number) } else { announced.insert(lease.id.number) }
        if let due = dueMoment(of: lease) { isDue(by: due) }
    }

    private func dueMoment(of lease: Lease) -> Moment? {
        switch lease.state {
        case .waiting: lease.patienceEnds
        case .ending: nil
        case .granted:
            [lease.deadline, lease.lapses, lease.announcedEnd?.at, idleMoment(of: lease)].compactMap { $0 }.min()
        case .ended(_, let at, _, _): at + settings.memory
        }
    }

    /// Something is due at `moment`, if nothing is before it.
    mutating func isDue(by moment: Moment) { nextDue = min(nextDue ?? moment, moment) }

    mutating func findNextDue() {
        nextDue = nil
        for lease in leasesByNumber.values {
            if let due = dueMoment(of: lease) { isDue(by: due) }
        }
        for reservation in reservations { isDue(by: reservation.from > now ? reservation.from : reservation.until) }
        if !queue.isEmpty { isDue(by: now + reviewAfter) }
    }
}

extension Holder {
    var words: String {
        switch self {
        case .nobody: "nobody"
        case .process(let process): "process \(process.pid)"
        case .starting(let engine, let process): "\(engine), process \(process.pid)"
        case .container(let engine, let id): "\(engine) container \(id.prefix(12))"
        }
    }
}

extension EndReason {
    /// For people, as the end of "lease-17 ended: ...".
    package var words: String {
        switch self {
        case .released: "released"
        case .deadline: "its time was up"
        case .lapsed: "it was not kept alive"
        case .holderEnded: "its holder ended"
        case .holderLost: "its holder ended while no daemon was running"
        case .cancelled: "cancelled while waiting"
        case .patienceEnded: "it waited as long as it wanted to"
        case .gpuLost: "its GPU, or its slice of one, was lost"
        case .reboot: "the machine was restarted"
        case .preparationFailed: "it could not be made ready"
        case .preempted: "its room was needed for somebody who comes first"
        case .idle: "its GPUs were idle"
        }
    }
}
