package import Fleet

/// Says in which order those who wait are looked at: a total order, the same in every run.
package struct QueueOrder: Sendable {
    private let settings: QueueingSettings
    private let use: QuotaUse
    private let usage: UsageBook
    private let capacity: Amount
    private let now: Moment

    /// For one moment: what everybody has, `use`, and has had, `usage`, of a fleet that has `capacity`.
    package init(
        _ settings: QueueingSettings, use: QuotaUse, usage: UsageBook, capacity: Amount, at now: Moment
    ) {
        self.settings = settings
        self.use = use
        self.usage = usage
        self.capacity = capacity
        self.now = now
    }

    /// The priority that counts: the request's own, raised by one for every full `ageing` that it has waited.
    ///
    /// So nobody starves: whatever is asked more than `d + 1` ageings after a request, with a priority of `d` more, is
    /// behind it for good, and only the finitely many that came before can be ahead of it.
    package func priority(of waiting: WaitingRequest) -> Int {
        guard let ageing = settings.ageing, ageing > .zero, now > waiting.asked else { return waiting.priority }
        let steps = Int((now - waiting.asked).nanoseconds / ageing.nanoseconds)
        let (priority, overflow) = waiting.priority.addingReportingOverflow(steps)
        return overflow ? .max : priority
    }

    /// Next first: by priority; then as the settings say; then by when they asked and by id.
    ///
    /// Where shares decide, requests in queues that have less than is guaranteed to them go first among equals in
    /// priority. Where guarantees are taken back from borrowers they go first of all: a borrower that was served before
    /// them would be stopped for them at once.
    package func sorted(_ waiting: [WaitingRequest]) -> [WaitingRequest] {
        let standings = standings(of: waiting)
        let keys = zip(waiting, standings).map { request, standing in
            Key(
                takesBack: settings.preemption != .none && standing.isBelowGuarantee,
                priority: priority(of: request), isBelowGuarantee: standing.isBelowGuarantee, share: standing.share,
                asked: request.asked, id: request.id)
        }
        return waiting.indices.sorted { keys[$0] < keys[$1] }.map { waiting[$0] }
    }

    private func standings(of waiting: [WaitingRequest]) -> [(isBelowGuarantee: Bool, share: Double)] {
        if settings.order == .arrival {
            return waiting.map { (settings.preemption != .none && use.isBelowGuarantee($0.queue), 0) }
        }
        let shares = FairShares(
            use.tree, usage: usage, and: waiting.map { QueueTenant(queue: $0.queue, tenant: $0.tenant) },
            capacity: capacity, at: now, halfLife: settings.halfLife)
        return waiting.map { request in
            let tenant = QueueTenant(queue: request.queue, tenant: request.tenant)
            let share = settings.order == .fair ? shares.factor(of: tenant) : shares.classicFactor(of: tenant)
            return (use.isBelowGuarantee(request.queue), share)
        }
    }

    private struct Key {
        /// Where guarantees are taken back from borrowers: whoever would have others stopped for it comes before them.
        let takesBack: Bool
        let priority: Int
        let isBelowGuarantee: Bool
        /// More is better.
        let share: Double
        let asked: Moment
        let id: LeaseID

        static func < (left: Key, right: Key) -> Bool {
            if left.takesBack != right.takesBack { return left.takesBack }
            if left.priority != right.priority { return left.priority > right.priority }
            if left.isBelowGuarantee != right.isBelowGuarantee { return left.isBelowGuarantee }
            if left.share != right.share { return left.share > right.share }
            return (left.asked, left.id) < (right.asked, right.id)
        }
    }
}
