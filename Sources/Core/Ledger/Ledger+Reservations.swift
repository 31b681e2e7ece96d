import Fleet
import Placement
import Queueing

extension Ledger {
    mutating func reserve(_ ask: ReservationAsk, _ effects: inout [Effect]) {
        if script == nil, reservations.contains(where: { $0.name == ask.name }) {
            effects.append(.answer(.refused(.reservationNameTaken(ask.name))))
            return
        }
        guard let pool else {
            effects.append(.answer(.refused(.never(.noNode))))
            return
        }
        if let kept = script?.first?.keeping { return keep(ask, kept.placement, from: kept.from, &effects) }
        if let from = ask.from, from + Span(seconds: 60) < now {
            return refuse("that was \(now - from) ago", unblocks: "a time that is to come", &effects)
        }
        let wanted = max(ask.from ?? now, now)
        let offer = planner.offer(
            ask.request, from: wanted, until: wanted + ask.length, running: runningLeases(in: pool),
            reservations: reservations, pool: pool, at: now)
        switch offer {
        case .possible(let placement): keep(ask, placement, from: wanted, &effects)
        case .later(let from, let placement) where ask.from == nil: keep(ask, placement, from: from, &effects)
        case .later(let from, _):
            refuse(
                "others have that room then", unblocks: "another time: from \(from - now) from now on it is free",
                &effects)
        case .blocked(let leases):
            refuse(
                "\(leases.words) \(leases.count == 1 ? "has" : "have") that room, and nobody knows until when",
                unblocks: "leases with a time (--for)", &effects)
        case .never: effects.append(.answer(.refused(.never(Explanation(pool.explain(ask.request))))))
        }
    }

    private func refuse(_ summary: String, unblocks: String, _ effects: inout [Effect]) {
        effects.append(.answer(.refused(.notNow(Explanation(summary: summary, counts: [], unblocks: unblocks)))))
    }

    private mutating func keep(
        _ ask: ReservationAsk, _ placement: PoolPlacement, from: Moment, _ effects: inout [Effect]
    ) {
        var decision = Decision()
        decision.keeping = .init(placement: placement, from: from)
        commit(decision, &effects)
        let reservation = Reservation(
            number: nextReservation, name: ask.name, request: ask.request, placement: placement, from: from,
            until: from + ask.length, tenants: ask.tenants, maker: ask.maker)
        reservedPlacements[nextReservation] = pool.flatMap { Placement(placement, of: ask.request, in: $0) }
        nextReservation += 1
        reservations.append(reservation)
        isDue(by: from > now ? from : reservation.until)
        let when = from > now ? "in \(from - now)" : "from now on"
        effects.append(
            .tell(
                Notice(
                    .reservationMade,
                    text: "\(ask.name) is reserved for \(ask.maker.name): \(ask.request.canonical), \(when) "
                        + "for \(ask.length)")))
        effects.append(.answer(.reservation(reservation)))
    }

    mutating func endReservation(_ number: Int64, _ effects: inout [Effect]) {
        guard let place = reservations.firstIndex(where: { $0.number == number }) else {
            effects.append(.answer(.refused(.unknownReservation("\(number)"))))
            return
        }
        close(reservations.remove(at: place), "is given up", &effects)
        serveQueue(&effects)
        effects.removeAll { if case .answer = $0 { true } else { false } }
        effects.append(.answer(.done))
    }

    /// Ends reservations whose time is over.
    mutating func passReservations(_ effects: inout [Effect]) {
        for reservation in reservations where reservation.until <= now { close(reservation, "is over", &effects) }
        reservations.removeAll { $0.until <= now }
    }

    private mutating func close(_ reservation: Reservation, _ how: String, _ effects: inout [Effect]) {
        reservedPlacements[reservation.number] = nil
        effects.append(.tell(Notice(.reservationEnded, text: "the reservation \(reservation.name) \(how)")))
    }

    /// Why a lease may not live until a moment: its queue's longest, or room that is reserved; nil where it may.
    func refusal(of lease: Lease, until end: Moment) -> Refusal? {
        guard let (since, _) = lease.metered(at: now), let placement = lease.placement else { return nil }
        let place = queuePlace(of: lease)
        if let longest = tree.longest(of: place), since + longest < end {
            return .tooLong(path: tree.queues[place].path, asked: end - since, longest: longest)
        }
        let gpus = Set(placement.grants.map(\.gpu))
        let inTheWay = reservations.first { reservation in
            reservation.from < end && now < reservation.until && lease.request.reservation != reservation.name
                && reservedPlacements[reservation.number]?.grants.contains { gpus.contains($0.gpu) } == true
        }
        return inTheWay.map { reservation in
            .notNow(
                Explanation(
                    summary: "room on its GPUs is reserved for \(reservation.name) in "
                        + "\(max(reservation.from - now, .zero))",
                    counts: [], unblocks: "a shorter time"))
        }
    }

    /// The reservation of a name that a tenant may use; nil when there is none.
    func reservation(named name: String?, for tenant: Tenant) -> Reservation? {
        guard let name, let found = reservations.first(where: { $0.name == name }) else { return nil }
        let isTheirs = found.tenants.isEmpty ? found.maker.uid == tenant.uid : found.tenants.contains(tenant.name)
        return isTheirs ? found : nil
    }
}
