package import Fleet

/// What one GPU still has to give: plain numbers, so that a search over many of them touches no reference counts.
package struct GPURoom: Hashable, Sendable {
    package let total: Bytes
    /// The total less what the driver keeps.
    package let allocatable: Bytes
    package var isHealthy: Bool
    /// Memory held by processes without a lease.
    package var foreignMemory: Bytes
    package var leasedShare: Share
    package var leasedMemory: Bytes
    package var leases: Int32

    package init(total: Bytes, allocatable: Bytes, isHealthy: Bool, foreignMemory: Bytes) {
        self.total = total
        self.allocatable = allocatable
        self.isHealthy = isHealthy
        self.foreignMemory = foreignMemory
        leasedShare = .zero
        leasedMemory = .zero
        leases = 0
    }

    package var freeShare: Share { isHealthy ? .whole - leasedShare : .zero }

    package var freeMemory: Bytes {
        isHealthy ? max(allocatable - leasedMemory - foreignMemory, .zero) : .zero
    }
}

/// What a node's GPUs still have to give, in the order of the node's GPUs.
package struct NodeRoom: Sendable {
    package let node: Node
    package private(set) var gpus: [GPURoom]
    private let positions: [GPUID: Int]

    package init(_ observation: NodeObservation) {
        node = observation.node
        gpus = zip(observation.node.gpus, observation.conditions).map { gpu, condition in
            GPURoom(
                total: gpu.memory.total, allocatable: gpu.memory.allocatable, isHealthy: condition.health.isHealthy,
                foreignMemory: condition.foreignMemory)
        }
        positions = Dictionary(
            node.gpus.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Where a GPU stands in the node's order; nil when the node does not have it.
    package func position(of gpu: GPUID) -> Int? { positions[gpu] }

    /// Takes what a placement grants out of the room.
    package mutating func take(_ placement: Placement) { change(placement, sign: 1) }

    /// Puts back what a placement granted. GPUs that have gone in the meantime have no room to put it into.
    package mutating func giveBack(_ placement: Placement) { change(placement, sign: -1) }

    private mutating func change(_ placement: Placement, sign: Int32) {
        for grant in placement.grants {
            guard let position = positions[grant.gpu] else { continue }
            gpus[position].leasedShare = gpus[position].leasedShare + Share(milli: sign * grant.share.milli)
            gpus[position].leasedMemory = gpus[position].leasedMemory + Bytes(Int64(sign) * grant.memory.count)
            gpus[position].leases += sign
        }
    }
}
