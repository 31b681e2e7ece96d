package import Fleet

/// What a node's GPUs still have to give, in the order of the node's GPUs.
package struct NodeRoom: Sendable {
    /// GPUs beyond so many are never given: sets of them are bits of one word.
    package static let mostGPUs = 64

    package var node: Node { description.node }
    private let description: Description
    package internal(set) var gpus: [GPURoom]
    /// An operator wants it empty: none of its GPUs gives anything more.
    package internal(set) var isDrained = false
    /// What shares of its GPUs can be fenced by; said before a pool is made of it.
    package var fence: ShareFence
    /// Who keeps away from whom here; sorted, and empty nearly everywhere.
    var marks: [AffinityMark] = []
    /// The slices that are taken, by GPU; sorted, and empty where no GPU is cut into slices.
    var slices: [SliceMark] = []
    /// Existing slices on which processes without their lease run; sorted by GPU, and empty nearly everywhere.
    var foreignSlices: [SliceMark] = []

    /// What does not change, behind one reference: pools are copied often.
    private final class Description: Sendable {
        let node: Node
        let positions: [GPUID: Int]

        init(_ node: Node) {
            self.node = node
            positions = Dictionary(
                node.gpus.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Makes the room of a node without leases.
    ///
    /// `drained` names GPUs that give nothing more.
    package init(_ observation: NodeObservation, drained: Set<GPUID> = []) {
        description = Description(observation.node)
        fence = observation.node.fence ?? .none
        gpus = zip(observation.node.gpus, observation.conditions).map { gpu, condition in
            var room = GPURoom(
                total: gpu.memory.total, allocatable: gpu.memory.allocatable, isHealthy: condition.health.isHealthy,
                foreignMemory: condition.foreignMemory)
            room.isDrained = drained.contains(gpu.id)
            return room
        }
        for (position, condition) in observation.conditions.enumerated() {
            observe(foreignSlices: condition.foreignSlices ?? [], gpu: position)
        }
    }

    /// Where a GPU stands in the node's order; nil when the node does not have it.
    package func position(of gpu: GPUID) -> Int? { description.positions[gpu] }
}

extension NodeRoom: Equatable {
    package static func == (left: NodeRoom, right: NodeRoom) -> Bool {
        left.gpus == right.gpus && left.isDrained == right.isDrained && left.fence == right.fence
            && left.marks == right.marks && left.slices == right.slices
            && left.foreignSlices == right.foreignSlices
            && (left.description === right.description || left.node == right.node)
    }
}

/// A slice of a GPU that a lease has.
struct SliceMark: Hashable, Sendable {
    let gpu: Int
    let slice: SliceSpot
}

/// That leases with an anti-affinity hold something of a GPU.
struct AffinityMark: Hashable, Sendable {
    let name: String
    let scope: Request.AntiAffinity.Scope
    let gpu: Int
    var count: Int
}

extension NodeRoom {
    /// The GPUs that a request must not have because of others that keep away from it, or it from them.
    ///
    /// If either of two leases of one name wants a node for itself, they are never on one.
    func avoided(by antiAffinity: Request.AntiAffinity?) -> GPUMask {
        guard let antiAffinity, !marks.isEmpty else { return 0 }
        var avoided: GPUMask = 0
        for mark in marks where mark.name == antiAffinity.name {
            if mark.scope == .node || antiAffinity.scope == .node { return .max }
            avoided |= 1 << GPUMask(mark.gpu)
        }
        return avoided
    }

    mutating func mark(_ antiAffinity: Request.AntiAffinity, gpu: Int, sign: Int) {
        let same = marks.firstIndex {
            $0.gpu == gpu && $0.name == antiAffinity.name && $0.scope == antiAffinity.scope
        }
        if let same {
            marks[same].count += sign
            if marks[same].count <= 0 { marks.remove(at: same) }
        } else if sign > 0 {
            marks.append(AffinityMark(name: antiAffinity.name, scope: antiAffinity.scope, gpu: gpu, count: 1))
            marks.sort { ($0.gpu, $0.name, $0.scope.rawValue) < ($1.gpu, $1.name, $1.scope.rawValue) }
        }
    }

    /// The slices of a GPU that are not to be had: those that leases have, and those that others run on.
    func takenSlices(of gpu: Int) -> [SliceSpot] {
        (slices + foreignSlices).filter { $0.gpu == gpu }.map(\.slice)
    }

    /// Takes over on which existing slices of a GPU processes without their lease run, by UUID.
    mutating func observe(foreignSlices uuids: [String], gpu: Int) {
        foreignSlices.removeAll { $0.gpu == gpu }
        guard let existing = node.gpus[gpu].slices, gpu < Self.mostGPUs else { return }
        for slice in existing where uuids.contains(slice.uuid) {
            foreignSlices.append(SliceMark(gpu: gpu, slice: slice.spot))
        }
        foreignSlices.sort { ($0.gpu, $0.slice.start) < ($1.gpu, $1.slice.start) }
        followSlices(of: gpu)
    }

    /// Says which of the existing slices of a GPU are not to be had; all, while a lease from before it was cut has it.
    mutating func followSlices(of gpu: Int) {
        let hasOthers = Int(gpus[gpu].leases) > slices.count { $0.gpu == gpu }
        gpus[gpu].slices = hasOthers ? .full : SliceOccupancy(existing: takenSlices(of: gpu))
    }

    mutating func change(_ slice: SliceMark, sign: Int32) {
        if sign < 0 {
            if let place = slices.firstIndex(of: slice) { slices.remove(at: place) }
            return
        }
        slices.append(slice)
        slices.sort {
            ($0.gpu, $0.slice.start, $0.slice.profile) < ($1.gpu, $1.slice.start, $1.slice.profile)
        }
    }
}
