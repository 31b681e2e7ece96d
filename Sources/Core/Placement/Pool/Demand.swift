import Fleet

/// A request seen against a pool: its words turned into numbers for each kind of GPU and each shape of node.
struct Demand: Sendable {
    struct OnShape: Sendable {
        /// GPUs that will do when nobody uses them; those named one by one are told apart for each node.
        let eligible: GPUMask
        /// The least that it takes of the compute of any of them, in thousandths, and of the memory, in bytes.
        let share: Int32
        let memory: Int64
        /// It cannot fit on such nodes even when nobody uses them.
        let isHopeless: Bool
        /// The request as the published policies see it.
        let kind: RequestKind
    }

    let request: Request
    /// For each of the catalog's kinds.
    let needs: [Need]
    /// For each of the catalog's kinds, where slices are asked for; empty where none are.
    let slices: [SliceNeed?]
    /// For each of the catalog's shapes.
    let onShape: [OnShape]
    /// For each node the GPUs that were named; empty when none were.
    let named: [GPUMask]
    /// How the GPUs of a node must be joined.
    let requirement: TopologyRequirement?
    /// The most GPUs that it takes of a node.
    let most: Int
    /// Whether it takes more where there is more.
    let isRanged: Bool
    /// Whether it names MIG devices one by one.
    let namesSlices: Bool

    init(_ request: Request, in pool: Pool) {
        self.request = request
        let catalog = pool.catalog
        let wish = request.sliceWish
        let slices = wish == nil ? [] : catalog.kinds.map { SliceNeed(request, of: $0) }
        let ofOneGPU = request.ofOneGPU
        let needs = catalog.kinds.indices.map { kind in
            Need(ofOneGPU, of: catalog.kinds[kind], slices: slices.isEmpty ? nil : slices[kind])
        }
        namesSlices = if case .devices = wish { true } else { false }
        self.slices = slices
        let requirement = TopologyRequirement(request.topology)
        self.requirement = requirement
        let lower = namesSlices ? 1 : max(request.count.lower, request.devices.count)
        most = request.count.isAll ? .max : namesSlices ? 1 : max(request.count.upper ?? .max, lower)
        isRanged = !request.count.isAll && most > lower
        self.needs = needs
        guard !namesSlices else {
            // The slices that it names are all on one node, on as many GPUs as they are on.
            onShape = catalog.shapes.map { shape in
                let found = shape.kinds.reduce(0) { $0 + (slices[$1]?.named ?? 0) }
                let eligible = shape.kinds.count { needs[$0].obstacle == nil }
                let isThere = found == request.devices.count && eligible > 0
                return Demand.look(at: shape, request, needs: needs, lower: isThere ? eligible : .max)
            }
            named = []
            return
        }
        onShape = catalog.shapes.map { Demand.look(at: $0, request, needs: needs, lower: lower) }
        named = request.devices.isEmpty ? [] : Demand.named(request.devices, in: pool.nodes)
    }

    private static func look(
        at shape: NodeShape, _ request: Request, needs: [Need], lower: Int
    ) -> OnShape {
        var eligible: GPUMask = 0
        var (least, share, memory) = (Int32.max, Int32.max, Int64.max)
        for (position, kind) in shape.kinds.enumerated() where needs[kind].obstacle == nil {
            eligible |= 1 << GPUMask(position)
            least = min(least, needs[kind].milli)
            share = min(share, needs[kind].leastShare)
            memory = min(memory, needs[kind].least.count)
        }
        // Of all those that were named, a node may have any number.
        let all = request.devices.isEmpty ? max(eligible.nonzeroBitCount, 1) : 1
        let count = request.count.isAll ? all : lower
        let isHopeless =
            shape.most(count, atLeast: count, of: eligible, requiring: TopologyRequirement(request.topology)) == nil
        let gpus = Int32(min(count, NodeRoom.mostGPUs))
        return OnShape(
            eligible: eligible, share: share, memory: memory, isHopeless: isHopeless,
            kind: RequestKind(cpuMilli: 0, memoryMiB: 0, gpuMilli: eligible == 0 ? 0 : least, gpus: gpus))
    }

    /// GPUs meant by names: a UUID, the beginning of one that is not ambiguous, or an index in the driver's order.
    private static func named(_ names: [String], in nodes: [NodeRoom]) -> [GPUMask] {
        var sets = [GPUMask](repeating: 0, count: nodes.count)
        for name in names {
            let wanted = name.lowercased()
            var matches: [(node: Int, gpu: Int)] = []
            var isExact = false
            for (place, room) in nodes.enumerated() {
                for (position, gpu) in room.node.gpus.prefix(NodeRoom.mostGPUs).enumerated() {
                    if let index = Int(name) {
                        if gpu.index == index { sets[place] |= 1 << GPUMask(position) }
                        continue
                    }
                    let id = gpu.id.rawValue.lowercased()
                    if id == wanted, !isExact { (matches, isExact) = ([], true) }
                    if isExact ? id == wanted : id.hasPrefix(wanted) { matches.append((place, position)) }
                }
            }
            if matches.count == 1, let match = matches.first { sets[match.node] |= 1 << GPUMask(match.gpu) }
        }
        return sets
    }

    var isForSlices: Bool { !slices.isEmpty }

    /// Why a GPU of a kind cannot give its piece now; nil where it can.
    @inline(__always)
    func obstacle(_ kind: Int, in room: GPURoom) -> Obstacle? {
        if let obstacle = needs[kind].obstacle(in: room) { return obstacle }
        if slices.isEmpty { return nil }
        return slices[kind]?.fits(room.slices) == true ? nil : .slotsTaken
    }

    /// GPUs of a node that will do when nobody uses them.
    @inline(__always)
    func eligible(on node: Int, _ shape: Int) -> GPUMask {
        named.isEmpty ? onShape[shape].eligible : onShape[shape].eligible & named[node]
    }

    /// The fewest GPUs that it takes of a node.
    @inline(__always)
    func fewest(on node: Int, _ shape: Int) -> Int {
        if request.count.isAll || namesSlices { return max(eligible(on: node, shape).nonzeroBitCount, 1) }
        return max(request.count.lower, request.devices.count)
    }
}

extension Request {
    /// The same as seen from one GPU: however slices were asked for, they are slices.
    var ofOneGPU: Request {
        guard sliceWish != nil else { return self }
        var request = self
        request.portion = .slice(profiles: [])
        return request
    }
}
