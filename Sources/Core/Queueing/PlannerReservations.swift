import Fleet
import Placement

extension PlannerPass {
    /// The position of the reservation that a request names, unless it is over.
    func reservation(of asked: WaitingRequest) -> Int? {
        guard let number = asked.reservation else { return nil }
        return reservations.firstIndex { $0.number == number }
    }

    /// Keeps a reservation's room, from its beginning to its end; where a lease has some of it, once that has ended.
    mutating func keep(_ position: Int) {
        let reservation = reservations[position]
        var inside = members.filter { $0.reservation == reservation.number }.map { ($0.placement, $0.end) }
        for (number, lease) in running.enumerated() where lease.reservation == reservation.number {
            inside.append((lease.placement, timeline.until(number)))
        }
        let rest = reservation.placement.subtracting(inside.map(\.0))
        keep(rest, of: position, from: max(reservation.from, now))
        for (placement, end) in inside {
            keep(placement.intersecting(reservation.placement), of: position, from: end)
        }
        reservationHolds.sort { $0 < $1 }
        rooms = []
    }

    private mutating func keep(_ placement: PoolPlacement, of position: Int, from start: Moment) {
        let reservation = reservations[position]
        guard start < reservation.until, !placement.parts.isEmpty else { return }
        let hold = Timeline.Hold(
            placement: placement, request: reservation.request, amount: .zero, tenant: reservation.maker.uid,
            queue: QueueTree.root, from: start, until: reservation.until)
        reservationHolds.append((position, timeline.add(hold)))
    }

    /// Decides about a request that names a reservation: it has that room to itself, and nobody's promise counts there.
    mutating func considerInside(_ position: Int, _ asked: WaitingRequest) {
        let reservation = reservations[position]
        guard reservation.from <= now else {
            return wait(asked, because: .notYet(from: reservation.from), start: reservation.from)
        }
        let shape = shapes.number(of: asked.request)
        if let reason = quotaObstacle(to: shapes[shape].least, of: asked) { return wait(asked, because: reason) }
        for (_, hold) in reservationHolds.filter({ $0.reservation == position }) { timeline.remove(hold) }
        reservationHolds.removeAll { $0.reservation == position }
        rooms = []
        defer { keep(position) }
        let policy = planner.policy(of: asked)
        let room = timeline.room(from: now, until: end(of: asked))
        var inside = room
        inside.take(room.everythingBeside(reservation.placement), for: .filler)
        guard let placement = inside.find(asked.request, by: policy) ?? room.find(asked.request, by: policy) else {
            return wait(asked, because: couldEverFit(shape, asked) ? .noRoom : .never)
        }
        if let reason = quotaObstacle(to: placement.amount, of: asked) { return wait(asked, because: reason) }
        if let before = promiseBroken(by: placement.amount, of: asked, until: end(of: asked)) {
            return wait(asked, because: .behind([before]))
        }
        start(asked, at: placement)
        members.append((reservation.number, placement, end(of: asked)))
    }
}

extension PoolPlacement {
    /// What of this is on the GPUs of another, no more than that one has of each.
    func intersecting(_ other: PoolPlacement) -> PoolPlacement {
        let parts = parts.compactMap { part -> Part? in
            let others = other.parts.filter { $0.node == part.node }.flatMap(\.grants)
            let grants = part.grants.compactMap { grant -> Grant? in
                others.first { $0.gpu == grant.gpu && $0.slice == grant.slice }.map {
                    Grant(
                        gpu: grant.gpu, share: min(grant.share, $0.share), memory: min(grant.memory, $0.memory),
                        slice: grant.slice)
                }
            }
            return grants.isEmpty ? nil : Part(node: part.node, grants: grants)
        }
        return PoolPlacement(parts: parts)
    }

    /// What is left of this without what others take of the same GPUs.
    func subtracting(_ others: [PoolPlacement]) -> PoolPlacement {
        let parts = parts.compactMap { part -> Part? in
            let grants = part.grants.compactMap { grant -> Grant? in
                var (share, memory) = (grant.share, grant.memory)
                var slice = grant.slice
                for other in others {
                    for otherPart in other.parts where otherPart.node == part.node {
                        for taken in otherPart.grants where taken.gpu == grant.gpu {
                            guard (taken.slice == nil) == (grant.slice == nil) || grant.slice == nil else { continue }
                            if let spot = grant.slice, spot != taken.slice { continue }
                            if grant.slice != nil { slice = nil }
                            share = max(share - taken.share, .zero)
                            memory = max(memory - taken.memory, .zero)
                        }
                    }
                }
                guard share > .zero || memory > .zero, (slice == nil) == (grant.slice == nil) else { return nil }
                return Grant(gpu: grant.gpu, share: share, memory: memory, slice: slice)
            }
            return grants.isEmpty ? nil : Part(node: part.node, grants: grants)
        }
        return PoolPlacement(parts: parts)
    }
}

extension Pool {
    /// All that is free on the GPUs that a placement does not touch.
    func everythingBeside(_ placement: PoolPlacement) -> PoolPlacement {
        let parts = nodes.indices.compactMap { node -> PoolPlacement.Part? in
            let kept = placement.parts.filter { $0.node == node }.flatMap(\.grants).map(\.gpu)
            let grants = nodes[node].gpus.indices.compactMap { gpu -> PoolPlacement.Grant? in
                guard !kept.contains(gpu) else { return nil }
                let room = nodes[node].gpus[gpu]
                return PoolPlacement.Grant(gpu: gpu, share: room.freeShare, memory: room.freeMemory)
            }
            return grants.isEmpty ? nil : PoolPlacement.Part(node: node, grants: grants)
        }
        return PoolPlacement(parts: parts)
    }
}
