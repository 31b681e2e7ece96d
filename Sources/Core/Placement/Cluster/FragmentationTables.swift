/// The fragmentation measure in closed form.
///
/// As published, the fragmentation of a node is the idle GPU that a request drawn from the mix could not use. With
/// whole-number counts c and their sum C it is
///
///     C * F(node) = C * left(node) - usable(node)
///     usable(node) = sum over GPUs of share[j][left] + gang[j][number of unused GPUs]
///
/// where j is how many of the mix's CPU steps the node's free CPU reaches. A request for one GPU can use every GPU that
/// has enough left: its part of the sum belongs to one GPU (`share`). A request for several needs that many unused
/// ones: its part belongs to their number (`gang`). So a node is one row of sums over j, a placement changes a few terms of
/// it, and nothing is ever summed over the mix again. Which requests count depends on the GPU model: there is one table
/// for each set of models that the mix tells apart.
struct FragmentationTables: ~Copyable {
    static let lefts = 1001

    /// CPU steps, rising; j is the number of steps at or below the free CPU.
    private let steps: Block<Int32>
    /// j for each 256 thousandths of CPU, to begin the search at.
    private let hint: Block<UInt16>
    /// Values of j, rounded up so that rows are whole vectors.
    let levels: Int
    /// Which table a model uses.
    private let tableOf: Block<UInt8>
    private let share: Block<Int32>
    private let gang: Block<Int32>
    let total: Int64

    init(_ mix: RequestMix, models: Int) {
        let asking = mix.groups.filter(\.request.needsGPU)
        let cpus = Set(asking.map(\.request.cpuMilli)).sorted()
        levels = (cpus.count + 1 + 3) / 4 * 4
        total = mix.total
        steps = Block(repeating: .max, count: cpus.count + 1)
        for (index, cpu) in cpus.enumerated() { steps[index] = cpu }
        hint = Block(repeating: 0, count: Int((cpus.last ?? 0) >> 8) + 2)
        for slot in 0..<hint.count { hint[slot] = UInt16(cpus.count { Int($0) <= slot << 8 }) }

        let signatures = (0..<models).map { model in
            asking.map { $0.request.models >> UInt64(model) & 1 == 1 }
        }
        var distinct: [[Bool]] = []
        tableOf = Block(repeating: 0, count: max(models, 1))
        for (model, signature) in signatures.enumerated() {
            let place = distinct.firstIndex(of: signature) ?? distinct.count
            if place == distinct.count { distinct.append(signature) }
            tableOf[model] = UInt8(place)
        }
        share = Block(repeating: 0, count: max(distinct.count, 1) * Self.lefts * levels)
        gang = Block(repeating: 0, count: max(distinct.count, 1) * 16 * levels)
        for (table, signature) in distinct.enumerated() {
            let groups = zip(asking, signature).filter(\.1).map(\.0)
            for level in 0..<levels {
                let reached = level == 0 ? Int32.min : cpus[min(level, cpus.count) - 1]
                fill(table, level, groups.filter { $0.request.cpuMilli <= reached })
            }
        }
    }

    private func fill(_ table: Int, _ level: Int, _ groups: [RequestMix.Group]) {
        var weight: Int64 = 0
        let shares = groups.filter { $0.request.gpus == 1 }.sorted { $0.request.gpuMilli < $1.request.gpuMilli }
        var next = 0
        for left in 0..<Self.lefts {
            while next < shares.count, Int(shares[next].request.gpuMilli) <= left {
                weight += shares[next].count
                next += 1
            }
            share[(table * Self.lefts + left) * levels + level] = Int32(weight * Int64(left))
        }
        for full in 0..<16 {
            let weight = groups.reduce(0) { sum, group in
                group.request.isGang && Int(group.request.gpus) <= full ? sum + group.count : sum
            }
            gang[(table * 16 + full) * levels + level] = Int32(weight * 1000 * Int64(full))
        }
    }

    @inline(__always) func table(of model: UInt8) -> Int { Int(tableOf[Int(model)]) }

    /// j for an amount of free CPU.
    @inline(__always) func level(of cpu: Int32) -> Int {
        let slot = Int(cpu >> 8)
        guard slot < hint.count else { return steps.count - 1 }
        var level = Int(hint[slot])
        while cpu >= steps[level] { level &+= 1 }
        return level
    }

    /// The terms of a GPU with this much left, for all j.
    @inline(__always) func shareRow(_ table: Int, left: Int) -> UnsafeMutablePointer<Int32> {
        share.pointer(at: (table &* Self.lefts &+ left) &* levels)
    }

    /// The terms of a number of unused GPUs, for all j.
    @inline(__always) func gangRow(_ table: Int, full: Int) -> UnsafeMutablePointer<Int32> {
        gang.pointer(at: (table &* 16 &+ full) &* levels)
    }
}
