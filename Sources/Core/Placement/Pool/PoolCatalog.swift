import Fleet

/// GPUs that are alike: whatever a request asks for in words, all of a kind give the same answer.
struct GPUKind: Sendable {
    /// One of them.
    let gpu: GPU
    /// What a share of it can be fenced by.
    let fence: ShareFence

    var total: Bytes { gpu.memory.total }
    var allocatable: Bytes { gpu.memory.allocatable }
    var isInSlices: Bool { gpu.mig == .on }
    /// Whether its slices are known, and no others are cut.
    let slicesExist: Bool
    /// Where slices are cut as needed: what fits beside what, and where a slice does the least harm to an even demand.
    let slices: SliceGradient?

    init(gpu: GPU, fence: ShareFence) {
        self.gpu = gpu
        self.fence = fence
        // Where they exist already, nobody chooses where to cut.
        slicesExist = gpu.slices != nil
        let isCut = gpu.mig == .on && !slicesExist
        slices = isCut ? MIGGeometry.of(gpu).map { SliceGradient(SliceTables($0), for: .even($0)) } : nil
    }
}

/// Nodes that are alike: the same kinds of GPUs in the same order, joined in the same way.
struct NodeShape: Sendable {
    /// The kind of each GPU, by its place in `PoolCatalog.kinds`; at most `NodeRoom.mostGPUs`.
    let kinds: [Int]
    /// How its GPUs are joined; nil where there is nothing to join.
    let topology: TopologyTables?
    /// One bit for each GPU.
    let all: GPUMask
}

extension NodeShape {
    /// How many GPUs of a set it gives, as many as there are up to `most`; nil where that is fewer than `fewest`, or
    /// where they are not joined as required.
    func most(_ most: Int, atLeast fewest: Int, of set: GPUMask, requiring requirement: TopologyRequirement?) -> Int? {
        let there = set.nonzeroBitCount
        guard there >= fewest else { return nil }
        var count = min(most, there)
        guard let requirement, count > 1 else { return count }
        guard let topology else { return fewest <= 1 ? 1 : nil }
        while count > 1, topology.best(count, in: set, requiring: requirement) == nil { count -= 1 }
        return count >= fewest ? count : nil
    }
}

/// What of a pool's nodes does not change: told apart once, so that a search never compares words.
struct PoolCatalog: Sendable {
    private(set) var kinds: [GPUKind] = []
    private(set) var shapes: [NodeShape] = []
    /// The shape of each node.
    private(set) var shapeOf: [Int] = []

    private struct KindKey: Hashable {
        let name: String
        let memory: GPU.Memory
        let mig: GPU.MIGMode
        let slices: [ExistingSlice]?
        let fence: ShareFence
    }

    private static func topology(of node: Node) -> TopologyTables? {
        let count = node.gpus.count
        guard count > 1, count <= NodeRoom.mostGPUs else { return nil }
        return TopologyTables(node)
    }

    private struct ShapeKey: Hashable {
        let kinds: [Int]
        let links: [[Link]]
        let numa: [Int?]
    }

    init(_ nodes: [NodeRoom]) {
        var kindPlaces: [KindKey: Int] = [:]
        var shapePlaces: [ShapeKey: Int] = [:]
        for room in nodes {
            let gpus = room.node.gpus.prefix(NodeRoom.mostGPUs)
            let places = gpus.map { gpu in
                let key = KindKey(
                    name: gpu.name, memory: gpu.memory, mig: gpu.mig, slices: gpu.slices, fence: room.fence)
                if let place = kindPlaces[key] { return place }
                kindPlaces[key] = kinds.count
                kinds.append(GPUKind(gpu: gpu, fence: room.fence))
                return kinds.count - 1
            }
            let key = ShapeKey(kinds: places, links: room.node.links, numa: gpus.map(\.numaNode))
            if let place = shapePlaces[key] {
                shapeOf.append(place)
                continue
            }
            shapePlaces[key] = shapes.count
            shapeOf.append(shapes.count)
            shapes.append(
                NodeShape(
                    kinds: places, topology: Self.topology(of: room.node),
                    all: places.count == NodeRoom.mostGPUs ? .max : (1 << GPUMask(places.count)) - 1))
        }
    }
}
