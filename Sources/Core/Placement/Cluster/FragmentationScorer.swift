/// The fragmentation gradient as published: a node is as good as the fragmentation that a placement takes away there.
struct FragmentationScorer: NodeScorer, ~Copyable {
    private let tables: FragmentationTables
    private let sigmoid: SigmoidScore
    private let levels: Int
    private let scale: Float
    /// What a thousandth of a GPU of a model costs others, in parts of 1/C: see `ScarcityPrices`.
    private let price: Block<Int64>
    /// For each node, its usable GPU at every CPU level: see `FragmentationTables`.
    private let usable: Block<Int32>
    /// The one of them that holds for the node's free CPU.
    private let usableNow: Block<Int32>

    init(_ mix: RequestMix, cluster: borrowing Cluster, prices: ScarcityPrices? = nil) {
        let models = (cluster.kinds.map { Int($0.model) }.max() ?? 0) + 1
        tables = FragmentationTables(mix, models: models)
        sigmoid = SigmoidScore(total: tables.total)
        levels = tables.levels
        price = Block(repeating: 0, count: models)
        if let prices {
            for model in 0..<models { price[model] = Int64(prices[model] * Double(tables.total)) }
        }
        scale = 1 / Float(tables.total)
        usable = Block(repeating: 0, count: cluster.count * levels)
        usableNow = Block(repeating: 0, count: cluster.count)
        for node in 0..<cluster.count { sum(node, cluster[node]) }
    }

    private func sum(_ node: Int, _ state: NodeState) {
        let table = tables.table(of: state.model)
        let row = usable.pointer(at: node * levels)
        for level in 0..<levels {
            row[level] = tables.gangRow(table, full: Int(state.full))[level]
            for gpu in 0..<Int(state.gpus) { row[level] += tables.shareRow(table, left: Int(state.left[gpu]))[level] }
        }
        usableNow[node] = row[tables.level(of: state.cpuLeft)]
    }

    @inline(__always)
    mutating func changed(_ node: Int, from before: NodeState, to after: NodePointer, gpus: UInt8) {
        let table = tables.table(of: after.pointee.model)
        let row = usable.pointer(at: node &* levels)
        var rest = gpus
        while rest != 0 {
            let gpu = rest.trailingZeroBitCount
            rest &= rest &- 1
            add(
                tables.shareRow(table, left: Int(after.left(gpu))),
                tables.shareRow(table, left: Int(before.left[gpu])), to: row)
        }
        if before.full != after.pointee.full {
            add(
                tables.gangRow(table, full: Int(after.pointee.full)),
                tables.gangRow(table, full: Int(before.full)), to: row)
        }
        usableNow[node] = row[tables.level(of: after.pointee.cpuLeft)]
    }

    /// row += plus - minus, four levels at a time.
    @inline(__always)
    private func add(
        _ plus: UnsafeMutablePointer<Int32>, _ minus: UnsafeMutablePointer<Int32>, to row: UnsafeMutablePointer<Int32>
    ) {
        let (plus, minus, row) = (UnsafeRawPointer(plus), UnsafeRawPointer(minus), UnsafeMutableRawPointer(row))
        var offset = 0
        while offset < levels &* 4 {
            let sum =
                row.loadUnaligned(fromByteOffset: offset, as: SIMD4<Int32>.self)
                &+ plus.loadUnaligned(fromByteOffset: offset, as: SIMD4<Int32>.self)
                &- minus.loadUnaligned(fromByteOffset: offset, as: SIMD4<Int32>.self)
            row.storeBytes(of: sum, toByteOffset: offset, as: SIMD4<Int32>.self)
            offset &+= 16
        }
    }

    @inline(__always)
    func score(_ kind: Int, _ request: RequestKind, on node: Int, _ state: NodePointer) -> NodeScore {
        let row = usable.pointer(at: node &* levels)
        let before = usableNow[node]
        let level = tables.level(of: state.pointee.cpuLeft &- request.cpuMilli)
        let same = row[level]
        let asked = (tables.total &- price[Int(state.pointee.model)]) &* request.totalMilli
        guard request.needsGPU else { return NodeScore(score: sigmoid.score(Int64(same &- before)), gpus: 0) }
        let table = tables.table(of: state.pointee.model)
        guard request.isShare else {
            // Unused GPUs become used up: their own terms go, the ones for gangs change.
            let gone = request.gpus &* tables.shareRow(table, left: 1000)[level]
            let gang =
                tables.gangRow(table, full: Int(state.pointee.full))[level]
                &- tables.gangRow(table, full: Int(state.pointee.full) &- Int(request.gpus))[level]
            let after = same &- gone &- gang
            return NodeScore(
                score: sigmoid.score(asked &- Int64(before) &+ Int64(after)),
                gpus: state.pointee.firstFull(request.gpus))
        }
        return share(request, state, table: table, level: level, before: before, same: same, asked: asked)
    }

    /// The best GPU for a share; the first of equal scores.
    @inline(__always)
    private func share(
        _ request: RequestKind, _ state: NodePointer, table: Int, level: Int, before: Int32, same: Int32, asked: Int64
    ) -> NodeScore {
        var best = NodeScore(score: 0, gpus: 0)
        var most = Int32.min
        for gpu in 0..<Int(state.pointee.gpus) {
            let left = state.left(gpu)
            guard Int32(left) >= request.gpuMilli else { continue }
            var after =
                same &- tables.shareRow(table, left: Int(left))[level]
                &+ tables.shareRow(table, left: Int(left) &- Int(request.gpuMilli))[level]
            if left == 1000 {
                after =
                    after &- tables.gangRow(table, full: Int(state.pointee.full))[level]
                    &+ tables.gangRow(table, full: Int(state.pointee.full) &- 1)[level]
            }
            // The score rises with what stays usable: less of it never scores more, and the first of equals stands.
            guard after > most else { continue }
            most = after
            let score = sigmoid.score(asked &- Int64(before) &+ Int64(after))
            if best.gpus == 0 || score > best.score { best = NodeScore(score: score, gpus: 1 << UInt8(gpu)) }
        }
        return best
    }

    /// How much fragmentation a placement takes away, in thousandths of a GPU; `gpu` is where a share goes.
    @inline(__always)
    func gain(_ request: RequestKind, on node: Int, _ state: NodePointer, gpu: Int) -> Float {
        let row = usable.pointer(at: node &* levels)
        let before = usableNow[node]
        let level = tables.level(of: state.pointee.cpuLeft &- request.cpuMilli)
        var after = row[level]
        let table = tables.table(of: state.pointee.model)
        let taken = request.isShare ? 1 : Int(request.gpus)
        if taken > 0 {
            let left = request.isShare ? Int(state.left(gpu)) : 1000
            let gone =
                tables.shareRow(table, left: left)[level]
                &- tables.shareRow(table, left: left &- Int(request.gpuMilli))[level]
            after &-= Int32(taken) &* gone
            if left == 1000 {
                after =
                    after &- tables.gangRow(table, full: Int(state.pointee.full))[level]
                    &+ tables.gangRow(table, full: Int(state.pointee.full) &- taken)[level]
            }
        }
        let asked = (tables.total &- price[Int(state.pointee.model)]) &* request.totalMilli
        return Float(asked &- Int64(before) &+ Int64(after)) * scale
    }
}
