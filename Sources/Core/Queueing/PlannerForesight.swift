import Fleet
import Placement

extension PlannerPass {
    /// How many estimates keep room from those that follow.
    private static let kept = 100

    /// Estimates starts for those who wait without a promise, as if everybody before them started as estimated.
    ///
    /// Estimates decide nothing. The first hundred keep room in the timeline; whoever comes later is told the earliest
    /// moment beside those. Where nobody goes before the next in line, nobody's estimate is before anybody's in front.
    mutating func foresee() {
        var left = Self.kept
        // What the many behind are told; nil when nobody can know.
        var answers: [Likeness: Moment?] = [:]
        var line: Moment? = now
        hasFloors = true
        for index in plan.waiting.indices {
            let asked = outlooks[index]
            let outlook = plan.waiting[index]
            if case .never = outlook.reason { continue }
            if case .notYet = outlook.reason { continue }
            let isInLine = planner.settings.backfill == .none && asked.reservation == nil && isForRoom(outlook.reason)
            if let start = outlook.start {
                if isInLine { line = line.map { max($0, start) } }
                continue
            }
            guard let first = isInLine ? line : now else { continue }
            // A quota that is kept for it does not stand in its own way.
            if let own = promises.firstIndex(where: { $0.asked.id == asked.id }) {
                timeline.remove(promises.remove(at: own).hold)
            }
            var start: Moment?
            if left > 0 {
                start = estimate(asked, notBefore: first)
                left -= 1
            } else {
                let likeness = likeness(of: asked)
                let answer = answers[likeness] ?? earliest(asked, notBefore: now)?.start
                answers[likeness] = .some(answer)
                start = answer.map { max($0, first) }
            }
            if isInLine { line = start }
            plan.waiting[index] = QueuePlan.Outlook(id: outlook.id, reason: outlook.reason, start: start)
        }
    }

    /// Estimates one start, and keeps its room.
    private mutating func estimate(_ asked: WaitingRequest, notBefore first: Moment) -> Moment? {
        guard let (start, placement) = earliest(asked, notBefore: first) else { return nil }
        if start > now {
            let end = asked.limit.map { start + $0 } ?? .endOfTime
            timeline.add(hold(asked, placement, from: start, until: end))
        }
        return start
    }

    private func isForRoom(_ reason: WaitReason) -> Bool {
        switch reason {
        case .noRoom, .behind, .preempting, .reservation: true
        default: false
        }
    }
}
