import Fleet
import Placement

/// Requests for which nobody was found to be stopped; equal ones need not look again.
struct WithoutVictims: Hashable {
    let shape: Int
    let queue: Int
    let tenant: UInt32
    let priority: Int
}

extension PlannerPass {
    /// A running lease that may be stopped, with what it costs to stop it.
    private struct Candidate {
        let number: Int
        /// It knows already; to tell another instead would trouble two.
        let isAnnounced: Bool
        let priority: Int
        let excess: Amount
        /// Thousandths of a GPU x milliseconds.
        let workLost: Int64
        let since: Moment
        let id: LeaseID

        /// Whether it is cheaper to stop than another: told already, lower priority, a queue further above its guarantee, less work
        /// lost, younger, first.
        static func isCheaper(_ left: Candidate, _ right: Candidate) -> Bool {
            if left.isAnnounced != right.isAnnounced { return left.isAnnounced }
            let (leftExcess, rightExcess) = (left.excess, right.excess)
            return (left.priority, -leftExcess.milliGPU, -leftExcess.memory.count, left.workLost, right.since, left.id)
                < (
                    right.priority, -rightExcess.milliGPU, -rightExcess.memory.count, right.workLost, left.since,
                    right.id
                )
        }
    }

    /// For how many one plan has leases stopped, and for how many it looks beyond the cheapest: whoever comes later has
    /// its turn in a later plan.
    private static let (mostServed, mostThorough) = (16, 4)

    /// Sees to it that a request can start once others have been stopped, and promises it that start; nil where nobody
    /// may be stopped for it, where it would not help, or where it is not needed.
    ///
    /// Leases that are ending already serve first. Then the fewest of the cheapest: candidates are added, cheapest
    /// first, until it fits; then each that turns out not to be needed is put back, dearest first. So no proper subset
    /// of the victims suffices, and a single victim is the cheapest that suffices alone.
    mutating func preempt(for asked: WaitingRequest, _ shape: Int) -> (victims: [LeaseID], start: Moment)? {
        let key = WithoutVictims(
            shape: shape, queue: asked.queue, tenant: hasTenantBounds ? asked.tenant : 0, priority: asked.priority)
        let limit = asked.limit ?? .endless
        if let known = withoutVictims[key], known <= limit { return nil }
        guard mayPreempt(asked) else { return nil }
        timeline.sortEnds()
        if let placement = placement(of: asked, without: []) {
            let ending = running.indices.filter { isEnding($0) && running[$0].placement.meets(placement) }
            guard !ending.isEmpty, let start = promise(asked, keepingRoom: true) else { return nil }
            return (ending.map { running[$0].id }, start)
        }
        guard served < Self.mostServed else { return nil }
        let candidates = candidates(for: asked, shapes[shape].least)
        guard let chosen = victims(for: asked, shapes[shape].least, from: candidates), !chosen.isEmpty,
            let placement = placement(of: asked, without: Set(chosen)),
            areAllowed(chosen, for: asked, placement.amount)
        else {
            withoutVictims[key] = limit
            return nil
        }
        for number in chosen {
            timeline.setEnding(true, running: number)
            stopping.insert(number)
            plan.preemptions.append(QueuePlan.Preemption(victim: running[number].id, beneficiary: asked.id))
        }
        served += 1
        timeline.sortEnds()
        rooms = []
        // With earlier ends there may be room for what was refused before.
        shapes.forgetFailures()
        guard let start = promise(asked, keepingRoom: true) else { return nil }
        return (chosen.map { running[$0].id }, start)
    }

    private func isEnding(_ number: Int) -> Bool { running[number].isEnding || stopping.contains(number) }

    /// Whether anybody may be stopped for a request at all.
    private func mayPreempt(_ asked: WaitingRequest) -> Bool {
        switch planner.settings.preemption {
        case .none: false
        case .reclaim: quotas.isBelowGuarantee(asked.queue)
        case .priority:
            quotas.isBelowGuarantee(asked.queue) || lowestPriority < asked.priority
        }
    }

    /// Where a request would go when those told to end, and `without`, have gone; nil where it does not fit then or
    /// its quota does not let it.
    private func placement(of asked: WaitingRequest, without: Set<Int>) -> PoolPlacement? {
        let start = timeline.endingUntil
        let end = asked.limit.map { start + $0 } ?? .endOfTime
        guard
            let placement = timeline.room(from: start, until: end, without: without).find(
                asked.request, by: planner.policy(of: asked))
        else { return nil }
        guard hasBounds else { return placement }
        let quotas = quotas(without: without)
        let verdict = quotas.verdict(
            for: placement.amount, tenant: asked.tenant, queue: asked.queue, capacity: capacity)
        if case .refused = verdict { return nil }
        return placement
    }

    /// What is taken of all quotas when those told to end, and `without`, have gone.
    private func quotas(without: Set<Int>) -> QuotaUse {
        let start = timeline.endingUntil
        var quotas = quotas(at: start)
        for number in without.sorted() where timeline.until(number) > start {
            quotas.remove(running[number].amount, tenant: running[number].tenant, queue: running[number].queue)
        }
        return quotas
    }

    /// Those who could be stopped, cheapest first. Whoever runs in a reservation is left alone.
    private func candidates(for asked: WaitingRequest, _ amount: Amount) -> [Candidate] {
        var candidates: [Candidate] = []
        for (number, lease) in running.enumerated() {
            guard !isEnding(number), lease.reservation == nil,
                now - lease.since >= planner.minimumRuns[lease.queue],
                timeline.until(number) > timeline.endingUntil
            else { continue }
            let length = max(now - lease.since, .zero).nanoseconds / 1_000_000
            let (work, overflow) = lease.amount.milliGPU.multipliedReportingOverflow(by: length)
            candidates.append(
                Candidate(
                    number: number, isAnnounced: lease.isAnnounced, priority: lease.priority,
                    excess: quotas.excess(of: lease.queue),
                    workLost: overflow ? .max : work, since: lease.since, id: lease.id))
        }
        candidates.sort(by: Candidate.isCheaper)
        return candidates
    }

    /// Whether a lease may be stopped for a request while so much is taken of all quotas.
    private func isAllowed(_ number: Int, for asked: WaitingRequest, _ amount: Amount, _ quotas: QuotaUse) -> Bool {
        let lease = running[number]
        if quotas.mayReclaim(lease.amount, from: lease.queue, for: amount, in: asked.queue) { return true }
        guard planner.settings.preemption == .priority, lease.priority < asked.priority else { return false }
        if lease.queue == asked.queue { return true }
        // A higher priority does not take what is guaranteed to another queue.
        var after = quotas
        after.remove(lease.amount, tenant: lease.tenant, queue: lease.queue)
        return !after.isBelowGuarantee(lease.queue)
    }

    private func areAllowed(_ numbers: [Int], for asked: WaitingRequest, _ amount: Amount) -> Bool {
        var quotas = quotas(without: [])
        for number in numbers {
            guard isAllowed(number, for: asked, amount, quotas) else { return false }
            quotas.remove(running[number].amount, tenant: running[number].tenant, queue: running[number].queue)
        }
        return true
    }

    /// The victims among the candidates; nil where they do not suffice.
    private mutating func victims(for asked: WaitingRequest, _ amount: Amount, from candidates: [Candidate]) -> [Int]? {
        let (all, isComplete) = allowed(candidates, for: asked, amount)
        if let victims = fewest(of: all, for: asked) { return victims }
        guard !isComplete, placement(of: asked, without: Set(candidates.map(\.number))) != nil else { return nil }
        guard thoroughSearches < Self.mostThorough else { return nil }
        thoroughSearches += 1
        // A queue gives back only so much: somebody that was added took the place of somebody who would have helped.
        return cheapestOfNodes(for: asked, amount, from: candidates) ?? pair(for: asked, amount, from: candidates)
    }

    /// The cheapest victims that are all on one node: the lowest priority, then the fewest, then the least work lost.
    private func cheapestOfNodes(
        for asked: WaitingRequest, _ amount: Amount, from candidates: [Candidate]
    ) -> [Int]? {
        var best: (cost: [Int64], victims: [Int])?
        for node in timeline.pool.nodes.indices {
            let here = candidates.filter { running[$0.number].placement.parts.contains { $0.node == node } }
            guard !here.isEmpty, let victims = fewest(of: allowed(here, for: asked, amount).numbers, for: asked)
            else { continue }
            let chosen = here.filter { victims.contains($0.number) }
            let work = chosen.reduce(Int64(0)) { $0.addingReportingOverflow($1.workLost).partialValue }
            let cost = [Int64(chosen.map(\.priority).max() ?? 0), Int64(chosen.count), work]
            if best.map({ cost.lexicographicallyPrecedes($0.cost) }) ?? true { best = (cost, victims) }
        }
        return best?.victims
    }

    /// Any two victims, wherever they are, tried in order of what they cost; only where there are few candidates.
    private func pair(for asked: WaitingRequest, _ amount: Amount, from candidates: [Candidate]) -> [Int]? {
        let numbers = candidates.prefix(16).map(\.number)
        for (place, second) in numbers.enumerated() {
            for first in numbers[..<place] {
                for pair in [[first, second], [second, first]] where areAllowed(pair, for: asked, amount) {
                    if placement(of: asked, without: Set(pair)) != nil { return pair }
                }
            }
        }
        return nil
    }

    /// Those of the candidates who may all be stopped together, and whether that is everybody.
    private func allowed(
        _ candidates: [Candidate], for asked: WaitingRequest, _ amount: Amount
    ) -> (numbers: [Int], isComplete: Bool) {
        var quotas = quotas(without: [])
        var numbers: [Int] = []
        var isComplete = true
        for candidate in candidates {
            guard isAllowed(candidate.number, for: asked, amount, quotas) else {
                isComplete = false
                continue
            }
            let lease = running[candidate.number]
            quotas.remove(lease.amount, tenant: lease.tenant, queue: lease.queue)
            numbers.append(candidate.number)
        }
        return (numbers, isComplete)
    }

    /// The shortest beginning of the list that suffices, without those that are not needed; nil where all together do
    /// not suffice.
    private func fewest(of numbers: [Int], for asked: WaitingRequest) -> [Int]? {
        func suffices(_ numbers: some Collection<Int>) -> Bool { placement(of: asked, without: Set(numbers)) != nil }
        guard !numbers.isEmpty, suffices(numbers) else { return nil }
        var (low, high) = (0, numbers.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if suffices(numbers[..<middle]) { high = middle } else { low = middle }
        }
        var chosen = Array(numbers[..<high])
        for number in numbers[..<(high - 1)].reversed() {
            let fewer = chosen.filter { $0 != number }
            if suffices(fewer) { chosen = fewer }
        }
        return chosen
    }
}
