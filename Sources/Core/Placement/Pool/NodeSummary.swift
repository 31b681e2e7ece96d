import Fleet

/// What a search sees of a node before it looks at the GPUs: numbers that say at once that nothing fits there, and what
/// the policies go by.
struct NodeSummary: Hashable, Sendable {
    /// Its place in `PoolCatalog.shapes`.
    let shape: Int32
    /// Thousandths left of all its GPUs together, and of the one that has the most left.
    private(set) var totalLeft: Int32 = 0
    private(set) var largest: Int16 = 0
    /// The most compute that is left of any GPU, in thousandths, and the most memory, in bytes; of two perhaps.
    private(set) var mostShare: Int32 = 0
    private(set) var mostMemory: Int64 = 0
    /// Usable GPUs that no lease has anything of.
    private(set) var full: UInt8 = 0
    let gpus: UInt8
    /// How many leases it holds of each affinity group; see `RequestKind.affinityGroup`.
    var groups = SIMD8<Int32>.zero

    init(_ room: NodeRoom, shape: Int) {
        self.shape = Int32(shape)
        gpus = UInt8(min(room.gpus.count, NodeRoom.mostGPUs))
        follow(room)
    }

    /// Takes over what changed on the node.
    mutating func follow(_ room: NodeRoom) {
        (totalLeft, largest, full) = (0, 0, 0)
        (mostShare, mostMemory) = (0, 0)
        guard !room.isDrained else { return }
        for position in 0..<Int(gpus) {
            let left = room.gpus[position].leftMilli
            totalLeft += left
            largest = max(largest, Int16(left))
            mostShare = max(mostShare, room.gpus[position].freeMilli)
            mostMemory = max(mostMemory, room.gpus[position].freeBytes)
            if room.gpus[position].isUsable, room.gpus[position].leases == 0 { full += 1 }
        }
    }
}

/// A node of a pool as the baselines see it: without CPU, which a pool knows nothing of.
struct PoolNodeView: NodeView {
    let summary: NodeSummary
    let rooms: [GPURoom]

    var cpuLeft: Int32 { 0 }
    var totalLeft: Int32 { summary.totalLeft }
    var largest: Int16 { summary.largest }
    var full: UInt8 { summary.full }
    var gpus: UInt8 { summary.gpus }

    func tightestLeft(_ milli: Int32) -> Int32 {
        var least = Int32.max
        for room in rooms {
            let left = room.leftMilli
            if left >= milli, left < least { least = left }
        }
        return least == .max ? Int32(largest) : least
    }
}
