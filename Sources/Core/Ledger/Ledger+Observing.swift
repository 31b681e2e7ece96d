import Fleet
import Placement
import Queueing

extension Ledger {
    mutating func observe(_ new: NodeObservation, _ effects: inout [Effect]) {
        guard new != observation else { return }
        tellChanges(from: observation, to: new, &effects)
        observation = new
        fillPool()
        let present = Dictionary(
            zip(new.node.gpus, new.conditions).filter { !$1.health.isLost }.map { ($0.0.id, $0.0) },
            uniquingKeysWith: { first, _ in first })
        for lease in leases {
            guard case .granted(let placement, _) = lease.state else { continue }
            // A slice that is gone, and a GPU that was cut or put together again, is as good as lost.
            if placement.grants.contains(where: { present[$0.gpu]?.stillHas($0) != true }) {
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
            guard let (known, earlier) = before[gpu.id] else {
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
            if known.slices != gpu.slices {
                effects.append(.tell(Notice(.nodeChanged, gpu: gpu.id, text: "GPU \(gpu.index) \(gpu.sliceWords)")))
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

extension GPU {
    /// What it is cut into, as the end of "GPU 0 ...": `is cut into 2 slices: 3g.20gb, 1g.5gb`.
    fileprivate var sliceWords: String {
        guard let slices else { return "is not cut into slices" }
        let names = slices.map(\.profile).joined(separator: ", ")
        switch slices.count {
        case 0: return "is to be cut into slices, and there are none yet"
        case 1: return "is cut into 1 slice: \(names)"
        default: return "is cut into \(slices.count) slices: \(names)"
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
