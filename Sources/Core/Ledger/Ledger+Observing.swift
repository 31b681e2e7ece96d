import Fleet
import Placement
import Queueing

extension Ledger {
    mutating func observe(_ new: NodeObservation, _ effects: inout [Effect]) {
        guard new != observation else { return }
        tellChanges(from: observation, to: new, &effects)
        observation = new
        fillPool()
        let present = Set(
            new.node.gpus.indices.filter { !new.conditions[$0].health.isLost }.map { new.node.gpus[$0].id })
        for lease in leases {
            guard case .granted(let placement, _) = lease.state else { continue }
            if placement.grants.contains(where: { !present.contains($0.gpu) }) {
                askEnd(of: lease, .gpuLost, &effects)
            }
        }
        serveQueue(&effects)
        effects.removeAll { if case .answer = $0 { true } else { false } }
    }

    /// Makes the pool anew from what was seen and what is leased.
    mutating func fillPool() {
        guard let observation else { return }
        let good = observation.conditions.map { _ in GPUCondition.good }
        vacant = Pool([NodeRoom(NodeObservation(node: observation.node, conditions: good))])
        var fresh = Pool([NodeRoom(observation, drained: Set(drained.keys))])
        fresh.mix = mix
        for lease in leasesWithRoom {
            guard let placement = lease.placement, let place = PoolPlacement(placement, in: fresh) else { continue }
            fresh.take(place, for: lease.request)
        }
        // Positions hold for one list of GPUs.
        if let pool, pool.nodes.first?.node.gpus.map(\.id) != fresh.nodes.first?.node.gpus.map(\.id) { promises = [] }
        placeReservations(in: fresh)
        pool = fresh
    }

    /// Finds the GPUs of reservations among those that are there; one that is gone for a moment is kept when it is back.
    private mutating func placeReservations(in fresh: Pool) {
        reservations = reservations.map { reservation in
            let kept = reservedPlacements[reservation.number]
            let place = kept.flatMap { PoolPlacement($0, in: fresh) }
            return reservation.with(placement: place ?? PoolPlacement(parts: []))
        }
    }

    private func tellChanges(from old: NodeObservation?, to new: NodeObservation, _ effects: inout [Effect]) {
        let before = Dictionary(
            (old.map { zip($0.node.gpus, $0.conditions) } ?? zip([], [])).map { ($0.id, ($0, $1)) },
            uniquingKeysWith: { first, _ in first })
        for (gpu, condition) in zip(new.node.gpus, new.conditions) {
            guard let (_, earlier) = before[gpu.id] else {
                effects.append(
                    .tell(
                        Notice(
                            .gpuAdded, gpu: gpu.id,
                            text: "GPU \(gpu.index) \(gpu.name) with \(gpu.memory.allocatable) to give")))
                continue
            }
            if earlier.health != condition.health {
                effects.append(
                    .tell(
                        Notice(
                            .gpuHealthChanged, gpu: gpu.id, text: "GPU \(gpu.index) is \(condition.health.words)")))
            }
            if earlier.foreignMemory != condition.foreignMemory {
                effects.append(
                    .tell(
                        Notice(
                            .foreignMemoryChanged, gpu: gpu.id,
                            text: "processes without a lease hold \(condition.foreignMemory) on GPU \(gpu.index)")))
            }
        }
        let after = Set(new.node.gpus.map(\.id))
        for gpu in old?.node.gpus ?? [] where !after.contains(gpu.id) {
            effects.append(.tell(Notice(.gpuRemoved, gpu: gpu.id, text: "GPU \(gpu.index) \(gpu.name) is gone")))
        }
        if let old, old.node.driver != new.node.driver {
            let version = new.node.driver.map { "driver \($0.version)" } ?? "no driver"
            effects.append(.tell(Notice(.nodeChanged, text: "\(new.node.name) has \(version)")))
        }
    }
}

extension Health {
    /// Whether it is gone for good as far as leases are concerned.
    package var isLost: Bool { if case .lost = self { true } else { false } }

    /// For people: `healthy`, `unhealthy: ...`, `lost: ...`.
    package var words: String {
        switch self {
        case .healthy: "healthy"
        case .unhealthy(let reason): "unhealthy: \(reason)"
        case .lost(let reason): "lost: \(reason)"
        }
    }
}
