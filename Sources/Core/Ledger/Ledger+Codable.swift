import Fleet
import Placement
import Queueing

extension Ledger: Codable {
    private enum Key: String, CodingKey {
        case settings, anchor, observation, leases, queue, ended, nextNumber, now
        case promises, usage, reservations, reservedPlacements, nextReservation, quotaChanges, drained, nextDue
        case findings
    }

    /// What can be derived is not written: the pool, the keys and what is due come from the leases.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(settings, forKey: .settings)
        try container.encodeIfPresent(anchor, forKey: .anchor)
        try container.encodeIfPresent(observation, forKey: .observation)
        try container.encode(leases, forKey: .leases)
        try container.encode(queue, forKey: .queue)
        try container.encode(ended, forKey: .ended)
        try container.encode(nextNumber, forKey: .nextNumber)
        try container.encode(now, forKey: .now)
        try container.encode(promises, forKey: .promises)
        try container.encode(usage, forKey: .usage)
        try container.encode(reservations, forKey: .reservations)
        try container.encode(reservedPlacements, forKey: .reservedPlacements)
        try container.encodeIfPresent(nextDue, forKey: .nextDue)
        if !findings.isEmpty { try container.encode(findings, forKey: .findings) }
        try container.encode(nextReservation, forKey: .nextReservation)
        try container.encode(quotaChanges, forKey: .quotaChanges)
        try container.encode(drained.keys.sorted().map { [$0.rawValue, drained[$0] ?? ""] }, forKey: .drained)
    }

    /// Reads also what was written before there were queues.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(settings: try container.decode(LedgerSettings.self, forKey: .settings))
        anchor = try container.decodeIfPresent(ClockAnchor.self, forKey: .anchor)
        observation = try container.decodeIfPresent(NodeObservation.self, forKey: .observation)
        quotaChanges = try container.decodeIfPresent([String: QuotaChange].self, forKey: .quotaChanges) ?? [:]
        for pair in try container.decodeIfPresent([[String]].self, forKey: .drained) ?? [] where pair.count == 2 {
            drained[GPUID(pair[0])] = pair[1]
        }
        findings = try container.decodeIfPresent([OpenFinding].self, forKey: .findings) ?? []
        promises = try container.decodeIfPresent([QueuePlan.Promise].self, forKey: .promises) ?? []
        reservations = try container.decodeIfPresent([Reservation].self, forKey: .reservations) ?? []
        reservedPlacements =
            try container.decodeIfPresent([Int64: Placement].self, forKey: .reservedPlacements) ?? [:]
        nextReservation = try container.decodeIfPresent(Int64.self, forKey: .nextReservation) ?? 1
        for lease in try container.decode([Lease].self, forKey: .leases) {
            leasesByNumber[lease.id.number] = lease
            if let key = lease.idempotencyKey {
                numbersByKey[TenantKey(uid: lease.tenant.uid, key: key)] = lease.id.number
            }
            if lease.placement != nil { running.insert(lease.id.number) }
            if lease.announcedEnd != nil { announced.insert(lease.id.number) }
        }
        queue = try container.decode([LeaseID].self, forKey: .queue)
        ended = try container.decode([LeaseID].self, forKey: .ended)
        nextNumber = try container.decode(Int64.self, forKey: .nextNumber)
        now = try container.decode(Moment.self, forKey: .now)
        mix = DemandMix(leases.map(\.request))
        plantTree()
        fillPool()
        usage = try container.decodeIfPresent(UsageBook.self, forKey: .usage) ?? usageOfRunning()
        findNextDue()
        if let due = try container.decodeIfPresent(Moment.self, forKey: .nextDue) { isDue(by: due) }
        if let broken = brokenInvariant() {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "the ledger contradicts itself: \(broken)"))
        }
    }

    /// A book in which nobody has used anything and those who have room begin to.
    private func usageOfRunning() -> UsageBook {
        var book = UsageBook()
        for lease in leasesWithRoom {
            guard let placement = lease.placement else { continue }
            book.change(
                tenant: lease.tenant.uid, queue: tree.queues[queuePlace(of: lease)].path, by: placement.amount,
                at: now, halfLife: settings.queueing.halfLife)
        }
        return book
    }
}
