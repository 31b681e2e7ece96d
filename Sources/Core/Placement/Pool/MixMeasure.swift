import Fleet

/// The fragmentation measure over a pool's mix of demand, and what it makes of placements.
///
/// The tables and the score are those of `fgd` as published (`FragmentationTables`, `SigmoidScore`), for requests without
/// CPU. `divvy` is here what it is in a cluster where requests come and go: the same gradient, less what a GPU of a
/// scarce model costs others (`ScarcityPrices`); what it learns from filling an empty cluster has no place in a pool,
/// whose requests leave again.
struct MixMeasure: Sendable {
    private let total: Int64
    /// For each kind, which of the tables.
    private let tableOf: [Int]
    /// For each table and each amount left of a GPU, 0 to 1000.
    private let share: [Int32]
    /// For each table and each number of unused GPUs.
    private let gang: [Int32]
    private static let gangs = 16
    /// For each kind what a thousandth of it costs others, in parts of 1/`total`.
    private let prices: [Int64]
    /// The least change for each score.
    private let begins: [Int64]

    /// Nil where nothing of the mix would ever fit on a GPU of the catalog.
    init?(_ mix: DemandMix, catalog: PoolCatalog) {
        let published = mix.published(in: catalog)
        guard !published.groups.isEmpty else { return nil }
        let models = min(catalog.kinds.count, 64)
        let tables = FragmentationTables(published, models: models)
        let level = tables.level(of: 0)
        let places = (0..<models).map { tables.table(of: UInt8($0)) }
        let count = (places.max() ?? 0) + 1
        var share: [Int32] = []
        var gang: [Int32] = []
        for table in 0..<count {
            for left in 0..<FragmentationTables.lefts { share.append(tables.shareRow(table, left: left)[level]) }
            for full in 0..<Self.gangs { gang.append(tables.gangRow(table, full: full)[level]) }
        }
        let total = tables.total
        self.total = total
        self.share = share
        self.gang = gang
        tableOf = catalog.kinds.indices.map { places[min($0, 63)] }
        begins = SigmoidScore.begins(total: total)
        var gpus = [Int32](repeating: 0, count: models)
        for shape in catalog.shapeOf {
            for kind in catalog.shapes[shape].kinds { gpus[min(kind, 63)] += 1 }
        }
        let nodes = gpus.enumerated().map { NodeKind(cpuMilli: 0, memoryMiB: 0, gpus: $1, model: UInt8($0)) }
        let scarcity = ScarcityPrices(published, nodes: nodes, weight: DivvyPolicy.Tuning().scarcity)
        prices = catalog.kinds.indices.map { Int64(scarcity[min($0, 63)] * Double(total)) }
    }

    /// What of a GPU stays usable for the mix when `milli` more of it are taken, less what is usable now.
    private func change(_ kind: Int, left: Int32, taking milli: Int32) -> Int64 {
        let row = tableOf[kind] * FragmentationTables.lefts
        return Int64(share[row + Int(max(left - milli, 0))]) - Int64(share[row + Int(left)])
    }

    private func gangs(_ kind: Int, full: Int) -> Int64 {
        Int64(gang[tableOf[kind] * Self.gangs + min(max(full, 0), Self.gangs - 1)])
    }

    /// The published score of a placement on one GPU, 0 to 100; of equals the first GPU is meant.
    func score(gpu: Int, on node: Int, for demand: Demand, in pool: Pool, prices charged: Bool) -> Int64 {
        score(of: gain(gpu, on: node, for: demand, in: pool, prices: charged))
    }

    /// How much less fragmented a placement on one GPU leaves its node, in thousandths of a GPU times `total`.
    private func gain(_ gpu: Int, on node: Int, for demand: Demand, in pool: Pool, prices charged: Bool) -> Int64 {
        let kind = pool.catalog.shapes[Int(pool.summaries[node].shape)].kinds[gpu]
        let room = pool.nodes[node].gpus[gpu]
        let milli = demand.needs[kind].milli
        var gain =
            (total - (charged ? prices[kind] : 0)) * Int64(milli) + change(kind, left: room.leftMilli, taking: milli)
        if room.leases == 0 {
            let full = Int(pool.summaries[node].full)
            gain += gangs(kind, full: full - 1) - gangs(kind, full: full)
        }
        return gain
    }

    /// The published score of the best placement on a node, 0 to 100.
    func score(
        _ count: Int, of fitting: GPUMask, on node: Int, for demand: Demand, in pool: Pool, prices charged: Bool
    ) -> Int64 {
        var rest = fitting
        guard count == 1 else { return several(count, of: fitting, on: node, for: demand, in: pool, prices: charged) }
        var most = Int64.min
        while rest != 0 {
            most = max(
                most, gain(rest.trailingZeroBitCount, on: node, for: demand, in: pool, prices: charged))
            rest &= rest &- 1
        }
        return score(of: most)
    }

    /// The score of the `count` GPUs that gain most one by one; the gang's part of the measure changes with all of them.
    private func several(
        _ count: Int, of fitting: GPUMask, on node: Int, for demand: Demand, in pool: Pool, prices charged: Bool
    ) -> Int64 {
        let kinds = pool.catalog.shapes[Int(pool.summaries[node].shape)].kinds
        let full = Int(pool.summaries[node].full)
        var gains: [Int64] = []
        var fresh = 0
        var rest = fitting
        while rest != 0 {
            let position = rest.trailingZeroBitCount
            rest &= rest &- 1
            let kind = kinds[position]
            let room = pool.nodes[node].gpus[position]
            let milli = demand.needs[kind].milli
            let value = (total - (charged ? prices[kind] : 0)) * Int64(milli)
            gains.append(value + change(kind, left: room.leftMilli, taking: milli))
            fresh += room.leases == 0 ? 1 : 0
        }
        gains.sort(by: >)
        let kind = kinds[fitting.trailingZeroBitCount]
        let gang = gangs(kind, full: full - min(fresh, count)) - gangs(kind, full: full)
        return score(of: gains.prefix(count).reduce(gang, +))
    }

    private func score(of change: Int64) -> Int64 {
        var (low, high) = (0, 99)
        while low < high {
            let middle = (low + high + 1) / 2
            if begins[middle] <= change { low = middle } else { high = middle - 1 }
        }
        return Int64(low)
    }
}
