import Placement
import Testing

@Suite struct `Explanations for a cluster` {
    private static let box = NodeKind(cpuMilli: 16_000, memoryMiB: 65_536, gpus: 2, model: 0)
    private static let large = NodeKind(cpuMilli: 96_000, memoryMiB: 393_216, gpus: 8, model: 1)

    private static func request(
        cpu: Int32 = 1000, memory: Int32 = 1024, milli: Int32 = 1000, gpus: Int32 = 1, models: UInt64 = .max
    ) -> RequestKind {
        RequestKind(cpuMilli: cpu, memoryMiB: memory, gpuMilli: milli, gpus: gpus, models: models)
    }

    @Test func `every node is counted once, with its GPUs`() {
        var cluster = Cluster(nodes: [Self.box, Self.box, Self.large])
        cluster.take(Self.request(gpus: 2), ClusterPlacement(node: 0, gpus: 0b11))
        cluster.take(Self.request(milli: 500), ClusterPlacement(node: 1, gpus: 0b1))
        let answer = cluster.explain(Self.request(gpus: 2, models: 1))
        #expect(answer.fitting == 0)
        #expect(answer.obstacles == [.gpuTaken: 2, .otherModel: 1])
        #expect(answer.gpus == [.gpuTaken: 4, .otherModel: 8])
        #expect(answer.couldEverFit)
        #expect(answer.nearest?.node == 1)
        #expect(answer.nearest?.missingGPUMilli == 500)
    }

    @Test func `what fits nowhere is told from what fits later`() {
        let cluster = Cluster(nodes: [Self.box, Self.large])
        let tooMany = cluster.explain(Self.request(gpus: 4, models: 1))
        #expect(tooMany.obstacles == [.tooFewGPUs: 1, .otherModel: 1])
        #expect(!tooMany.couldEverFit)
        #expect(tooMany.nearest == nil)
        let tooLarge = cluster.explain(Self.request(cpu: 100_000))
        #expect(tooLarge.obstacles == [.tooSmall: 2])
    }

    @Test func `the nearest miss lacks CPU, and says how much`() {
        var cluster = Cluster(nodes: [Self.box])
        cluster.take(Self.request(cpu: 12_000), ClusterPlacement(node: 0, gpus: 0b1))
        let answer = cluster.explain(Self.request(cpu: 6000))
        #expect(answer.nearest?.obstacle == .cpuTaken)
        #expect(answer.nearest?.missingCPUMilli == 2000)
        #expect(answer.nearest?.missingGPUMilli == 0)
    }

    @Test(arguments: 1...10)
    func `explanations agree with decisions`(seed: Int) {
        let small = SmallCluster(seed: UInt64(seed) &+ 40)
        var mirror = Cluster(nodes: small.nodes)
        var placer = FragmentationPlacer(nodes: small.nodes, kinds: small.kinds, mix: small.mix)
        for kind in small.arrivals {
            let answer = mirror.explain(small.kinds[kind])
            #expect(answer.fitting + answer.obstacles.values.reduce(0, +) == small.nodes.count)
            let placement = placer.place(kind)
            #expect((placement != nil) == (answer.fitting > 0))
            if let placement { mirror.take(small.kinds[kind], placement) }
        }
    }
}
