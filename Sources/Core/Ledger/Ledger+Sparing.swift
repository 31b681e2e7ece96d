package import Fleet
import Queueing

/// Leases that are to make room, are idle, or are put back.
extension Ledger {
    /// Tells a lease that it will be stopped for another; it is stopped later, if that is still needed.
    mutating func announceEnd(_ preemption: Decision.Preemption, _ effects: inout [Effect]) {
        guard var lease = leasesByNumber[preemption.victim.number], case .granted = lease.state else { return }
        let notice = settings.queueing.preemptionNotice
        // Whoever was told keeps its time, also when its room goes to somebody else now.
        let known = lease.announcedEnd?.at
        lease.announcedEnd = AnnouncedEnd(beneficiary: preemption.beneficiary, at: known ?? now + notice)
        store(lease)
        guard known == nil else { return }
        effects.append(
            .tell(
                Notice(
                    .leasePreempted, lease: lease.id,
                    text: "\(lease.id) will be stopped in \(notice) to make room for \(preemption.beneficiary)")))
    }

    mutating func spare(_ id: LeaseID, _ effects: inout [Effect]) {
        guard var lease = leasesByNumber[id.number], let announced = lease.announcedEnd else { return }
        lease.announcedEnd = nil
        store(lease)
        effects.append(
            .tell(
                Notice(
                    .leaseSpared, lease: id,
                    text: "\(id) may stay: \(announced.beneficiary) does not need its room any more")))
    }

    mutating func markActive(_ ids: [LeaseID]) {
        for id in ids {
            guard var lease = leasesByNumber[id.number], lease.idle != nil else { continue }
            lease.idle = IdleState(lastActive: now)
            store(lease)
        }
    }

    /// Leases whose queue cares and of which nobody has told for a while whether they work.
    package func leasesToMeasure(at moment: Moment) -> [LeaseID] {
        leasesWithRoom.compactMap { lease in
            guard case .granted = lease.state, let idle = lease.idle, let policy = idlePolicy(of: lease) else {
                return nil
            }
            // Every sighting is written down, so there are few of them.
            let pause = Span(nanoseconds: policy.warnAfter.nanoseconds / 8)
            return idle.warned != nil || idle.lastActive + pause <= moment ? lease.id : nil
        }
    }

    func idleMoment(of lease: Lease) -> Moment? {
        guard let idle = lease.idle, let policy = idlePolicy(of: lease) else { return nil }
        let decision = policy.decide(
            lastActive: idle.lastActive, warnedAt: idle.warned, holds: lease.largestShare, now: now)
        return decision.act == .nothing ? decision.look : now
    }

    mutating func judgeIdleness(of lease: Lease, _ effects: inout [Effect]) {
        guard let idle = lease.idle, let policy = idlePolicy(of: lease) else { return }
        let decision = policy.decide(
            lastActive: idle.lastActive, warnedAt: idle.warned, holds: lease.largestShare, now: now
        )
        switch decision.act {
        case .nothing: return
        case .warn:
            var lease = lease
            lease.idle?.warned = now
            store(lease)
            effects.append(
                .tell(
                    Notice(
                        .leaseIdle, lease: lease.id,
                        text: "\(lease.id) has not worked for \(now - idle.lastActive)\(policy.consequence)")))
        case .release: askEnd(of: lease, .idle, &effects)
        case .shrink(let keep): shrink(lease, to: keep, &effects)
        }
    }

    /// Gives back all but a part of each GPU's compute; memory stays, because what is in it cannot be taken.
    private mutating func shrink(_ lease: Lease, to keep: Share, _ effects: inout [Effect]) {
        guard var lease = leasesByNumber[lease.id.number], case .granted(let placement, let since) = lease.state else {
            return
        }
        let smaller = Placement(
            node: placement.node,
            grants: placement.grants.map { grant in
                // A hardware partition has the size that it has.
                let share = grant.slice == nil ? min(grant.share, keep) : grant.share
                return GPUGrant(gpu: grant.gpu, share: share, memory: grant.memory, slice: grant.slice)
            },
            grade: placement.grade == .exclusive ? .unfenced : placement.grade)
        lease.idle = nil
        guard smaller != placement else {
            store(lease)
            return
        }
        // Less than was demanded is not given: whoever insisted on a whole GPU keeps it, and has been told.
        // A fence stands as it was put up.
        let isFenced = placement.grade != .exclusive && placement.grade != .unfenced
        if isFenced || lease.request.minimumGrade == .exclusive || lease.request.sharing == .exclusive {
            store(lease)
            return
        }
        giveRoomBack(of: lease, placement)
        lease.settle(at: now)
        lease.state = .granted(smaller, since: since)
        takeRoom(of: lease, smaller)
        store(lease)
        effects.append(
            .tell(
                Notice(
                    .leaseShrunk, lease: lease.id,
                    text: "\(lease.id) was idle and keeps \(smaller.words(in: observation?.node))")))
        serveQueue(&effects)
    }

    private func idlePolicy(of lease: Lease) -> IdlePolicy? { tree.idle(of: queuePlace(of: lease)) }
}

extension Lease {
    /// The most that it has of one GPU.
    fileprivate var largestShare: Share { placement?.grants.map(\.share).max() ?? .zero }
}

extension IdlePolicy {
    /// What follows if that stays so, for people.
    fileprivate var consequence: String {
        switch action {
        case .warn: ""
        case .shrink: "; if that stays so, it is shrunk to \(keep) of each GPU in \(grace)"
        case .release: "; if that stays so, it is given back in \(grace)"
        }
    }
}
