import Placement
import Testing

/// Keeps account of a cluster by itself, and finds every rule that a placement breaks.
struct Bookkeeper {
    private var nodes: [NaiveGradient.Node]
    private(set) var broken: [String] = []

    init(_ kinds: [NodeKind]) {
        nodes = NaiveGradient(kinds, mix: RequestMix([])).nodes
    }

    mutating func take(_ request: RequestKind, _ placement: ClusterPlacement) {
        let node = Int(placement.node)
        guard nodes.indices.contains(node) else {
            broken.append("no node \(node)")
            return
        }
        nodes[node].cpu -= Int64(request.cpuMilli)
        nodes[node].memory -= Int64(request.memoryMiB)
        if nodes[node].cpu < 0 { broken.append("CPU of node \(node)") }
        if nodes[node].memory < 0 { broken.append("memory of node \(node)") }
        if placement.gpus.nonzeroBitCount != Int(request.gpus) { broken.append("number of GPUs") }
        if request.needsGPU, request.models >> UInt64(nodes[node].model) & 1 == 0 { broken.append("model") }
        for gpu in 0..<8 where placement.gpus >> UInt8(gpu) & 1 == 1 {
            guard gpu < nodes[node].left.count else {
                broken.append("node \(node) has no GPU \(gpu)")
                continue
            }
            nodes[node].left[gpu] -= Int64(request.gpuMilli)
            if nodes[node].left[gpu] < 0 { broken.append("GPU \(gpu) of node \(node)") }
        }
    }

    mutating func giveBack(_ request: RequestKind, _ placement: ClusterPlacement) {
        let node = Int(placement.node)
        nodes[node].cpu += Int64(request.cpuMilli)
        nodes[node].memory += Int64(request.memoryMiB)
        for gpu in nodes[node].left.indices where placement.gpus >> UInt8(gpu) & 1 == 1 {
            nodes[node].left[gpu] += Int64(request.gpuMilli)
        }
    }

    func fitsSomewhere(_ request: RequestKind) -> Bool {
        let naive = NaiveGradient([], mix: RequestMix([]))
        return nodes.contains { naive.fits(request, $0) }
    }
}

@Suite struct `Placers of a cluster` {
    private static let scans: [ScanPolicy] = [
        .random, .roundRobin, .leastLoaded, .spread, .bestFit, .dotProduct, .gpuPacking, .gpuClustering,
    ]

    /// Places and gives back, and checks each step: a placement breaks no rule, and none is refused that fits.
    private func check(
        _ small: SmallCluster, seed: UInt64, _ placer: inout some ClusterPlacer & ~Copyable, _ name: String
    ) {
        var generator = TestGenerator(state: seed)
        var books = Bookkeeper(small.nodes)
        var held: [(kind: Int, placement: ClusterPlacement)] = []
        for (step, kind) in small.arrivals.enumerated() {
            // First it fills up, then requests come and go.
            if step > small.arrivals.count / 4, !held.isEmpty, generator.below(2) == 0 {
                let leaving = held.remove(at: generator.below(held.count))
                placer.giveBack(leaving.kind, leaving.placement)
                books.giveBack(small.kinds[leaving.kind], leaving.placement)
            }
            let couldFit = books.fitsSomewhere(small.kinds[kind])
            let placement = placer.place(kind)
            #expect((placement != nil) == couldFit, "\(name), seed \(seed), step \(step)")
            guard let placement else { continue }
            books.take(small.kinds[kind], placement)
            held.append((kind, placement))
        }
        #expect(books.broken == [], "\(name), seed \(seed)")
        let allocated = held.reduce(0) { $0 + small.kinds[$1.kind].totalMilli }
        #expect(placer.allocatedMilli == allocated, "\(name), seed \(seed)")
    }

    @Test(arguments: 1...4)
    func `a baseline breaks no rule and refuses nothing that fits`(seed: Int) {
        let small = SmallCluster(seed: UInt64(seed) &+ 900)
        for policy in Self.scans {
            var placer = ScanPlacer(
                policy, nodes: small.nodes, kinds: small.kinds, generator: TestGenerator(state: 3))
            check(small, seed: UInt64(seed), &placer, "\(policy)")
        }
    }

    @Test(arguments: 1...6)
    func `fgd and divvy break no rule and refuse nothing that fits, in any regime`(seed: Int) {
        let small = SmallCluster(seed: UInt64(seed) &+ 300, nodes: 30, arrivals: 4000)
        var fragmentation = FragmentationPlacer(nodes: small.nodes, kinds: small.kinds, mix: small.mix)
        check(small, seed: UInt64(seed), &fragmentation, "fgd")
        var generator = TestGenerator(state: 11)
        var tuning = DivvyPolicy.Tuning()
        (tuning.rounds, tuning.fills) = (2, 1)
        let policy = DivvyPolicy.learned(nodes: small.nodes, mix: small.mix, tuning: tuning, using: &generator)
        var divvy = DivvyPlacer(nodes: small.nodes, kinds: small.kinds, policy: policy)
        check(small, seed: UInt64(seed), &divvy, "divvy")
        #expect(divvy.regime != .filling)
    }

    @Test func `what is learned and decided depends on the seed alone`() {
        let small = SmallCluster(seed: 77, nodes: 20, arrivals: 500)
        func decisions() -> [ClusterPlacement?] {
            var generator = TestGenerator(state: 5)
            var tuning = DivvyPolicy.Tuning()
            (tuning.rounds, tuning.fills) = (2, 1)
            let policy = DivvyPolicy.learned(nodes: small.nodes, mix: small.mix, tuning: tuning, using: &generator)
            var placer = DivvyPlacer(nodes: small.nodes, kinds: small.kinds, policy: policy)
            return small.arrivals.map { placer.place($0) }
        }
        #expect(decisions() == decisions())
    }
}
