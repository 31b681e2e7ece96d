package import Fleet
package import Placement

/// What can be kept for somebody who wants to reserve room.
package enum ReservationOffer: Hashable, Sendable {
    /// As asked.
    case possible(PoolPlacement)
    /// Not then, but as long from this moment on, the earliest after the one that was asked for.
    case later(from: Moment, PoolPlacement)
    /// Not as long as these have no limit, for nobody knows when they end.
    case blocked(by: [LeaseID])
    /// It would not fit if everybody gave everything back.
    case never
}

extension Planner {
    /// Where room for a request can be kept from one moment to another, beside what runs and what is reserved already.
    ///
    /// Whoever waits has no say: a reservation is made by somebody who may. `pool` is as `plan` takes it, and `until`
    /// must be after `from` and after `now`.
    package func offer(
        _ request: Request, from: Moment, until: Moment, running: [RunningLease], reservations: [Reservation],
        pool: Pool, at now: Moment
    ) -> ReservationOffer {
        let begin = max(from, now)
        guard pool.couldEverFit(request) else { return .never }
        let pass = PlannerPass(self, running: running, reservations: reservations, pool: pool, at: now)
        if let placement = pass.timeline.room(from: begin, until: until).find(request, by: placement) {
            return .possible(placement)
        }
        var timeline = pass.timeline
        let length = until - begin
        if let (start, place) = timeline.earliest(request, lasting: length, by: placement, notBefore: begin) {
            return .later(from: start, place)
        }
        let endless = running.indices.filter { timeline.until($0) == .endOfTime }
        let end = reservations.map(\.until).reduce(begin, max)
        guard
            let place = timeline.room(from: end, until: .endOfTime, without: Set(endless)).find(request, by: placement)
        else { return .blocked(by: endless.map { running[$0].id }.sorted()) }
        return .blocked(by: endless.filter { running[$0].placement.meets(place) }.map { running[$0].id }.sorted())
    }
}
