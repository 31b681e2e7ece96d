import Fleet
import Placement

extension Timeline {
    /// The earliest moment, not before `first`, from which a request fits for as long as it lasts, and where; nil when
    /// nobody can know, because it needs room of somebody without a known end.
    ///
    /// Room changes only when a hold begins or ends, so the candidates are `first` and the ends after it. Without
    /// regard to what begins later, room only grows, so a binary search finds the first candidate worth a look; if
    /// nothing begins later, it is the answer. `allows` may object to a moment, for a quota's sake; it must not object
    /// to a later moment when it allows an earlier one, as long as nothing begins later.
    mutating func earliest(
        _ request: Request, lasting limit: Span?, by policy: PolicyName, notBefore first: Moment,
        allows: (Timeline, Moment) -> Bool = { _, _ in true }
    ) -> (start: Moment, placement: PoolPlacement)? {
        sortEnds()
        let ends = endsInOrder
        // Candidates: `first`, then the ends after it, each moment once, with how many ends there are by then.
        var moments = [(moment: first, ended: ends.firstIndex { $0.until > first } ?? ends.count)]
        for (index, end) in ends.enumerated() where end.until > first {
            if end.until > moments[moments.count - 1].moment { moments.append((end.until, index)) }
            moments[moments.count - 1].ended = index + 1
        }
        // What begins later may make quotas object to a later moment only, so they have no say in the search then.
        func place(_ candidate: Int, in room: Pool) -> PoolPlacement? {
            guard !future.isEmpty || allows(self, moments[candidate].moment) else { return nil }
            return room.find(request, by: policy)
        }
        var (low, high) = (0, 0)
        var room = freed(by: first)
        var found = place(0, in: room)
        // First in growing steps, for it is mostly soon; then between the last that did not do and the first that did.
        while found == nil {
            guard high < moments.count - 1 else { return nil }
            let next = min(high + max(high - low, 1) * 2, moments.count - 1)
            if high > low { giveBack(moments[low].ended..<moments[high].ended, to: &room) }
            (low, high) = (high, next)
            var trial = room
            giveBack(moments[low].ended..<moments[high].ended, to: &trial)
            found = place(high, in: trial)
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            var trial = room
            giveBack(moments[low].ended..<moments[middle].ended, to: &trial)
            if let earlier = place(middle, in: trial) {
                (high, found) = (middle, earlier)
            } else {
                (low, room) = (middle, trial)
            }
        }
        let start = moments[high].moment
        if future.isEmpty { return found.map { (start, $0) } }
        // From there on, wherever something ends.
        var changes: [(moment: Moment, hold: Int)] = []
        for (until, hold) in ends where until > start { changes.append((until, hold)) }
        for (_, hold) in future where until(hold) > start && until(hold) < .endOfTime {
            changes.append((until(hold), hold))
        }
        changes.sort { ($0.moment, $0.hold) < ($1.moment, $1.hold) }
        var sweep = TimelineSweep(&self, lasting: limit, from: start)
        var (moment, next) = (start, 0)
        while true {
            if let placement = sweep.find(request, by: policy, from: moment), allows(self, moment) {
                return (moment, placement)
            }
            guard next < changes.count else { return nil }
            moment = changes[next].moment
            while next < changes.count, changes[next].moment == moment {
                for part in placement(changes[next].hold)?.parts ?? [] { sweep.look(at: part.node, from: moment) }
                next += 1
            }
        }
    }

    /// Gives back what some of the ends in order give back.
    private func giveBack(_ some: Range<Int>, to room: inout Pool) {
        for index in some { giveBack(endsInOrder[index].hold, to: &room) }
    }
}
