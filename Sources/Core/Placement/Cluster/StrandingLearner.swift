/// Learns what stays idle by filling a cluster with requests of the mix, again and again.
struct StrandingLearner: ~Copyable {
    let nodes: [NodeKind]
    let mix: RequestMix
    let prices: ScarcityPrices
    let tuning: DivvyPolicy.Tuning
    private(set) var table: StrandingTable
    private var sums: [Double]
    private var counts: [Double]

    static let damping = 0.85
    static let sparse = 20.0

    private let kinds: [RequestKind]

    init(nodes: [NodeKind], mix: RequestMix, tuning: DivvyPolicy.Tuning) {
        self.nodes = nodes
        kinds = mix.all.map(\.request)
        self.mix = mix
        self.tuning = tuning
        prices = ScarcityPrices(mix, nodes: nodes, weight: tuning.scarcity)
        // Models that the mix does not tell apart, and whose nodes are built alike, share a table.
        let models = Int(nodes.map(\.model).max() ?? 0) + 1
        var gpus = [Int](repeating: 0, count: models)
        for node in nodes { gpus[Int(node.model)] += Int(node.gpus) }
        var groupOf = [UInt8](repeating: 0, count: models)
        var groups: UInt8 = 1
        let all = gpus.reduce(0, +)
        for model in 0..<models where gpus[model] * 50 >= all {
            groupOf[model] = groups
            groups += 1
        }
        table = StrandingTable(groupOf: groupOf)
        sums = Array(repeating: 0, count: table.values.count)
        counts = sums
        refresh()
    }

    /// One round: fills, then what they taught.
    mutating func round(using generator: inout some RandomNumberGenerator) {
        for index in sums.indices {
            sums[index] *= Self.damping
            counts[index] *= Self.damping
        }
        for _ in 0..<tuning.fills { fill(using: &generator) }
        refresh()
    }

    private mutating func fill(using generator: inout some RandomNumberGenerator) {
        var order = nodes
        for last in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(last, Int(generator.next(upTo: UInt64(last + 1))))
        }
        var ends: [Int64] = []
        var total: Int64 = 0
        for group in mix.all {
            total += group.count
            ends.append(total)
        }
        let cluster = Cluster(nodes: order)
        let policy = DivvyPolicy(mix: mix, table: table, prices: prices, tuning: tuning)
        let scorer = StrandingScorer(mix, cluster: cluster, policy: policy)
        var index = IndexedPlacer(cluster: cluster, kinds: kinds, scorer: scorer)
        let target = Double(index.cluster.capacityMilli) * 1.3
        var demand = 0.0
        var visits: [(gpu: Int32, cell: Int32, weight: Float)] = []
        let knots = Block<Float>(repeating: 0, count: StrandingTable.knots.count)
        for (place, knot) in StrandingTable.knots.enumerated() { knots[place] = knot }
        while demand < target {
            let draw = Int64(generator.next(upTo: UInt64(total)))
            var (low, high) = (0, ends.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] > draw { high = middle } else { low = middle + 1 }
            }
            demand += Double(kinds[low].totalMilli)
            guard let placement = index.choose(low) else { continue }
            index.take(low, placement)
            let node = Int(placement.node)
            let state = index.cluster[node]
            let position = StrandingTable.position(
                cpu: state.cpuLeft, left: state.totalLeft, knots: knots, last: StrandingTable.knots.count - 1)
            for gpu in 0..<Int(state.gpus) where state.left[gpu] > 0 {
                let cell = Int32(self.cell(state.model, state.left[gpu]) + position.knot)
                visits.append((Int32(node * 8 + gpu), cell, position.weight))
            }
        }
        for visit in visits {
            let idle = Double(index.cluster[Int(visit.gpu) / 8].left[Int(visit.gpu) % 8])
            let high = Double(visit.weight)
            sums[Int(visit.cell)] += idle * (1 - high)
            counts[Int(visit.cell)] += 1 - high
            sums[Int(visit.cell) + 1] += idle * high
            counts[Int(visit.cell) + 1] += high
        }
    }

    private func cell(_ model: UInt8, _ left: Int16) -> Int {
        (Int(table.groupOf[Int(model)]) * StrandingTable.lefts + Int(left) / 10) * StrandingTable.knots.count
    }

    /// Values from counts; cells that were seen rarely lean on their row, rows on their neighbours.
    private mutating func refresh() {
        let width = StrandingTable.knots.count
        for group in 0..<table.groups {
            for left in 0..<StrandingTable.lefts {
                let row = (group * StrandingTable.lefts + left) * width
                let rowCount = counts[row..<(row + width)].reduce(0, +)
                let rowSum = sums[row..<(row + width)].reduce(0, +)
                let idle = Double(left) * 10
                let rowValue = (rowSum + idle * 0.5 * Self.sparse) / (rowCount + Self.sparse)
                for knot in 0..<width {
                    let value = (sums[row + knot] + rowValue * Self.sparse) / (counts[row + knot] + Self.sparse)
                    table.values[row + knot] = Float(min(value, idle))
                }
            }
        }
    }
}
