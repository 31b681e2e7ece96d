import Fleet
import Placement

extension Ledger: Codable {
    private enum Key: String, CodingKey {
        case settings, anchor, observation, leases, queue, ended, nextNumber, now
    }

    /// What can be derived is not written: the room, the keys and what is due come from the leases.
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
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(settings: try container.decode(LedgerSettings.self, forKey: .settings))
        anchor = try container.decodeIfPresent(ClockAnchor.self, forKey: .anchor)
        observation = try container.decodeIfPresent(NodeObservation.self, forKey: .observation)
        room = observation.map(NodeRoom.init)
        for lease in try container.decode([Lease].self, forKey: .leases) {
            leasesByNumber[lease.id.number] = lease
            if let key = lease.idempotencyKey {
                numbersByKey[TenantKey(uid: lease.tenant.uid, key: key)] = lease.id.number
            }
            if let placement = lease.placement { room?.take(placement) }
        }
        queue = try container.decode([LeaseID].self, forKey: .queue)
        ended = try container.decode([LeaseID].self, forKey: .ended)
        nextNumber = try container.decode(Int64.self, forKey: .nextNumber)
        now = try container.decode(Moment.self, forKey: .now)
        findNextDue()
        if let broken = brokenInvariant() {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "the ledger contradicts itself: \(broken)"))
        }
    }
}
