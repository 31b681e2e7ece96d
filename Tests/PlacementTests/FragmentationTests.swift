import Placement
import Testing

@Suite struct `The fragmentation gradient` {
    @Test(arguments: 1...40)
    func `decides as its definition does, node for node and GPU for GPU`(seed: Int) {
        let small = SmallCluster(seed: UInt64(seed))
        var fast = FragmentationPlacer(nodes: small.nodes, kinds: small.kinds, mix: small.mix)
        var naive = NaiveGradient(small.nodes, mix: small.mix)
        for (step, kind) in small.arrivals.enumerated() {
            let expected = naive.choose(small.kinds[kind])
            #expect(fast.place(kind) == expected, "seed \(seed), step \(step)")
            if let expected { naive.take(small.kinds[kind], expected) }
        }
    }

    @Test(arguments: 1...40)
    func `decides as its definition does when requests come and go`(seed: Int) {
        let small = SmallCluster(seed: UInt64(seed) &+ 500, nodes: 8, arrivals: 600)
        var generator = TestGenerator(state: UInt64(seed))
        var fast = FragmentationPlacer(nodes: small.nodes, kinds: small.kinds, mix: small.mix)
        var naive = NaiveGradient(small.nodes, mix: small.mix)
        var held: [(kind: Int, placement: ClusterPlacement)] = []
        for (step, kind) in small.arrivals.enumerated() {
            if !held.isEmpty, generator.below(3) == 0 {
                let leaving = held.remove(at: generator.below(held.count))
                fast.giveBack(leaving.kind, leaving.placement)
                naive.giveBack(small.kinds[leaving.kind], leaving.placement)
            }
            let expected = naive.choose(small.kinds[kind])
            #expect(fast.place(kind) == expected, "seed \(seed), step \(step)")
            guard let expected else { continue }
            naive.take(small.kinds[kind], expected)
            held.append((kind, expected))
        }
    }

    @Test func `the mix keeps the most frequent groups, up to 95 of 100 requests, and forgets memory`() {
        let share = RequestKind(cpuMilli: 1000, memoryMiB: 1, gpuMilli: 500, gpus: 1)
        let sameShare = RequestKind(cpuMilli: 1000, memoryMiB: 2, gpuMilli: 500, gpus: 1)
        let whole = RequestKind(cpuMilli: 4000, memoryMiB: 1, gpuMilli: 1000, gpus: 1)
        let rare = RequestKind(cpuMilli: 9000, memoryMiB: 1, gpuMilli: 1000, gpus: 8)
        let mix = RequestMix(
            Array(repeating: share, count: 30) + Array(repeating: sameShare, count: 30)
                + Array(repeating: whole, count: 37) + Array(repeating: rare, count: 3))
        #expect(mix.groups.map(\.count) == [60, 37])
        #expect(mix.total == 97)
    }
}
