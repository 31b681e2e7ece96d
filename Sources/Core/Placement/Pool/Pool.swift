package import Fleet

/// Nodes with what is left on them: where placements are looked for. A value: copy it to ask "what if".
///
/// A search reads one `NodeSummary` for each node, all in one array, and looks at the GPUs of a node only where the
/// summary does not say that nothing fits, and where the node would be better than the best so far. What a request says
/// in words is compared once for each kind of GPU (`PoolCatalog`), not for each GPU.
package struct Pool: Sendable {
    /// In the order that breaks ties.
    package private(set) var nodes: [NodeRoom]
    private(set) var summaries: [NodeSummary]
    let catalog: PoolCatalog

    /// The demand that `fgd` and `divvy` look ahead to; without any they choose as `best-fit` does.
    ///
    /// Setting it makes tables, which takes about a millisecond: do it now and then, not for every request.
    package var mix = DemandMix() {
        didSet {
            measure = MixMeasure(mix, catalog: catalog)
            gradients = catalog.kinds.map { $0.gradient(for: mix) }
        }
    }
    private(set) var measure: MixMeasure?
    /// For each kind of GPU that is cut into slices, where a slice does the least harm to the mix.
    private(set) var gradients: [SliceGradient?]

    /// The best sets of nodes that are too large for tables of all answers.
    private(set) var memory = TopologyMemory()

    /// What `random` draws from: the same seed and the same placements before give the same choice.
    package var seed: UInt64 = 0
    /// How many placements were taken; it does not go back when they are given back.
    private(set) var draws: UInt64 = 0
    /// The node at which `round-robin` goes on: the one after the last that was taken.
    private(set) var turn = 0

    package init(_ nodes: [NodeRoom]) {
        self.nodes = nodes
        let catalog = PoolCatalog(nodes)
        self.catalog = catalog
        gradients = catalog.kinds.map { $0.gradient(for: DemandMix()) }
        summaries = nodes.indices.map { NodeSummary(nodes[$0], shape: catalog.shapeOf[$0]) }
    }

    /// Takes what a placement grants to a request out of the pool.
    ///
    /// The placement need not fit: leases that were granted before a GPU failed are taken all the same.
    package mutating func take(_ placement: PoolPlacement, for request: Request) {
        change(placement, request, sign: 1)
        draws &+= 1
        if let last = placement.parts.last { turn = nodes.isEmpty ? 0 : (last.node + 1) % nodes.count }
    }

    /// Puts back what `take` took; with the same arguments it leaves the rooms as they were.
    package mutating func giveBack(_ placement: PoolPlacement, of request: Request) {
        change(placement, request, sign: -1)
    }

    private mutating func change(_ placement: PoolPlacement, _ request: Request, sign: Int32) {
        for part in placement.parts where nodes.indices.contains(part.node) {
            for grant in part.grants where nodes[part.node].gpus.indices.contains(grant.gpu) {
                change(grant, on: part.node, request, sign: sign)
            }
            if let group = part.affinityGroup { summaries[part.node].groups[group] += sign }
            summaries[part.node].follow(nodes[part.node])
            learnSets(of: part.node)
        }
    }

    private mutating func learnSets(of node: Int) {
        let shape = catalog.shapeOf[node]
        guard let tables = catalog.shapes[shape].topology, tables.answersAreSearched else { return }
        var free: GPUMask = 0
        for (position, room) in nodes[node].gpus.enumerated()
        where room.isUsable && room.leases == 0 && room.foreignMemory == .zero { free |= 1 << GPUMask(position) }
        memory.learn(free, of: tables, shape: shape)
    }

    private mutating func change(_ grant: PoolPlacement.Grant, on node: Int, _ request: Request, sign: Int32) {
        nodes[node].gpus[grant.gpu].change(grant, sign: sign)
        // Most nodes have no such fence, and then nothing of the request is looked at.
        if nodes[node].fence.grade == .enforced, request.isOfShares,
            nodes[node].fence.grade(for: request) == .enforced
        {
            nodes[node].gpus[grant.gpu].served += sign
        }
        if grant.gpu < NodeRoom.mostGPUs {
            if let slice = grant.slice { nodes[node].change(SliceMark(gpu: grant.gpu, slice: slice), sign: sign) }
            if catalog.kinds[catalog.shapes[catalog.shapeOf[node]].kinds[grant.gpu]].slicesExist {
                nodes[node].followSlices(of: grant.gpu)
            } else if grant.slice != nil {
                nodes[node].gpus[grant.gpu].slices = kind(of: grant.gpu, on: node).occupancy(
                    of: nodes[node].takenSlices(of: grant.gpu))
            }
        }
        if let antiAffinity = request.antiAffinity {
            nodes[node].mark(antiAffinity, gpu: grant.gpu, sign: Int(sign))
        }
    }

    func kind(of gpu: Int, on node: Int) -> GPUKind {
        catalog.kinds[catalog.shapes[catalog.shapeOf[node]].kinds[gpu]]
    }

    /// Says whether a node gives anything more; what is leased there stays.
    package mutating func setDrained(_ isDrained: Bool, node: Int) {
        nodes[node].isDrained = isDrained
        summaries[node].follow(nodes[node])
    }

    /// Says whether a GPU gives anything more; what is leased of it stays.
    package mutating func setDrained(_ isDrained: Bool, gpu: Int, on node: Int) {
        nodes[node].gpus[gpu].isDrained = isDrained
        summaries[node].follow(nodes[node])
    }

    /// Takes over what a look at a node found: health, and memory that nobody leased.
    package mutating func observe(_ condition: GPUCondition, gpu: Int, on node: Int) {
        nodes[node].gpus[gpu].isHealthy = condition.health.isHealthy
        nodes[node].gpus[gpu].foreignMemory = condition.foreignMemory
        nodes[node].observe(foreignSlices: condition.foreignSlices ?? [], gpu: gpu)
        summaries[node].follow(nodes[node])
    }
}

extension Pool: Equatable {
    /// Whether the same is left on the same nodes.
    package static func == (left: Pool, right: Pool) -> Bool {
        left.nodes == right.nodes && left.summaries == right.summaries
    }
}

extension GPURoom {
    mutating func change(_ grant: PoolPlacement.Grant, sign: Int32) {
        leasedShare = leasedShare + Share(milli: sign * grant.share.milli)
        leasedMemory = leasedMemory + Bytes(Int64(sign) * grant.memory.count)
        leases += sign
    }
}

extension PoolPlacement.Part {
    /// Which requests this one is alike to for `gpu-clustering`.
    var affinityGroup: Int? {
        guard let first = grants.first else { return nil }
        let gpus = Set(grants.map(\.gpu)).count
        return RequestKind(cpuMilli: 0, memoryMiB: 0, gpuMilli: first.share.milli, gpus: Int32(gpus)).affinityGroup
    }
}
