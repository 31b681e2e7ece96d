import Fleet
import Placement
import Testing

/// A pool and a cluster of the same nodes, asked the same: the policies are the same code, so they choose the same.
@Suite struct `A pool and a cluster` {
    private static let names = ["NVIDIA A100-SXM4-40GB", "NVIDIA L40S"]
    private static let words = ["a100", "l40s"]

    /// A request for GPUs, in both forms.
    private struct Twin {
        let request: Request
        let kind: RequestKind

        init(milli: Int32, gpus: Int32, model: Int?) {
            var request = Request()
            request.count = CountRange(exactly: Int(gpus))
            if milli < 1000 { request.portion = .share(Share(milli: milli)) }
            if let model { request.models = [words[model]] }
            self.request = request
            kind = RequestKind(
                cpuMilli: 0, memoryMiB: 0, gpuMilli: milli, gpus: gpus,
                models: model.map { 1 << UInt64($0) } ?? RequestKind.anyModel)
        }
    }

    private struct Fixture {
        var nodes: [NodeKind] = []
        var pool: Pool
        let twins: [Twin]
        var arrivals: [Int] = []
        var generator: TestGenerator

        init(seed: UInt64) {
            var generator = TestGenerator(state: seed)
            for node in 0..<12 {
                // Both models are there, in the order in which the pool meets them.
                let model = node < 2 ? node : generator.below(2)
                let gpus: Int32 = generator.pick([1, 2, 4, 8])
                nodes.append(NodeKind(cpuMilli: 0, memoryMiB: 0, gpus: gpus, model: UInt8(model)))
            }
            pool = Pool(
                nodes.enumerated().map { index, node in
                    // Thousands of mebibytes, so that a share's memory is exactly its part.
                    let gpus = (0..<Int(node.gpus)).map { gpu in
                        GPU(
                            id: GPUID("GPU-\(index)-\(gpu)"), index: gpu, minor: gpu, name: names[Int(node.model)],
                            memory: .init(total: .mebibytes(40_000), reserved: .zero), computeCapability: nil,
                            multiprocessors: nil, pciAddress: "", numaNode: nil, mig: .off)
                    }
                    return Sample.room(gpus, name: "n\(index)")
                })
            twins =
                [100, 230, 500, 810].flatMap { milli in
                    [nil, 0, 1].map { Twin(milli: milli, gpus: 1, model: $0) }
                }
                + [1, 2, 4, 8].flatMap { gpus in [nil, 1].map { Twin(milli: 1000, gpus: gpus, model: $0) } }
            let count = twins.count
            arrivals = (0..<160).map { _ in min(generator.below(count), generator.below(count)) }
            self.generator = generator
            pool.mix = DemandMix(arrivals.map { twins[$0].request })
        }

        var mix: RequestMix { RequestMix(arrivals.map { twins[$0].kind }) }

        /// Asks both the same, and gives back the same.
        mutating func compare(_ policy: PolicyName, with placer: inout some ClusterPlacer & ~Copyable) throws {
            var held: [(twin: Int, inPool: PoolPlacement, inCluster: ClusterPlacement)] = []
            var placed = 0
            for (step, twin) in arrivals.enumerated() {
                if step > 60, !held.isEmpty, generator.below(2) == 0 {
                    let gone = held.remove(at: generator.below(held.count))
                    pool.giveBack(gone.inPool, of: twins[gone.twin].request)
                    placer.giveBack(gone.twin, gone.inCluster)
                }
                let inPool = pool.find(twins[twin].request, by: policy)
                let inCluster = placer.place(twin)
                let spots = inCluster.map { placement in
                    (0..<8).filter { placement.gpus >> UInt8($0) & 1 == 1 }.map { "\(placement.node)/\($0)" }
                }
                try #require(inPool?.spots == spots, "\(policy.rawValue), step \(step)")
                guard let inPool, let inCluster else { continue }
                pool.take(inPool, for: twins[twin].request)
                held.append((twin, inPool, inCluster))
                placed += 1
            }
            #expect(placed > 40 && placed < arrivals.count)
        }
    }

    @Test(
        arguments: [
            .roundRobin, .leastLoaded, .spread, .bestFit, .dotProduct, .gpuPacking, .gpuClustering,
        ] as [PolicyName], 1...4)
    func `choose the same by the published baselines`(policy: PolicyName, seed: Int) throws {
        var fixture = Fixture(seed: UInt64(seed))
        var placer = ScanPlacer(
            try #require(policy.scan), nodes: fixture.nodes, kinds: fixture.twins.map(\.kind),
            generator: TestGenerator(state: 1))
        try fixture.compare(policy, with: &placer)
    }

    @Test(arguments: 1...6)
    func `choose the same by fgd`(seed: Int) throws {
        var fixture = Fixture(seed: UInt64(seed))
        var placer = FragmentationPlacer(
            nodes: fixture.nodes, kinds: fixture.twins.map(\.kind), mix: fixture.mix)
        try fixture.compare(.fgd, with: &placer)
    }

    @Test(arguments: 1...6)
    func `choose the same by divvy while requests come and go`(seed: Int) throws {
        var fixture = Fixture(seed: UInt64(seed))
        var generator = TestGenerator(state: 11)
        var tuning = DivvyPolicy.Tuning()
        (tuning.rounds, tuning.fills) = (1, 1)
        let policy = DivvyPolicy.learned(nodes: fixture.nodes, mix: fixture.mix, tuning: tuning, using: &generator)
        // It judges after 256 placements and returns; before, it takes requests to come and go.
        var placer = DivvyPlacer(nodes: fixture.nodes, kinds: fixture.twins.map(\.kind), policy: policy)
        try fixture.compare(.divvy, with: &placer)
    }

    @Test func `without a mix of demand fgd and divvy choose as best-fit does`() throws {
        var fixture = Fixture(seed: 9)
        fixture.pool.mix = DemandMix()
        for twin in fixture.arrivals {
            let request = fixture.twins[twin].request
            let best = fixture.pool.find(request, by: .bestFit)
            #expect(fixture.pool.find(request, by: .fgd) == best && fixture.pool.find(request, by: .divvy) == best)
            if let best { fixture.pool.take(best, for: request) }
        }
    }
}
