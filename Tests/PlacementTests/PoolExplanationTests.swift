import Fleet
import Placement
import Testing

@Suite struct `A pool's explanation` {
    private static func why(_ text: String, _ pool: Pool) throws -> PoolExplanation {
        pool.explain(try Sample.request(text))
    }

    @Test(arguments: [
        ("--gpus h100:1", "no GPU of box is of model h100: it has NVIDIA A100-SXM4-40GB"),
        ("--gpus 3", "it asks for 3 GPUs, box has 2"),
        ("--gpu-memory 60GiB", "it asks for 60 GiB on a GPU, the largest of box has 39.5 GiB to give"),
        ("--gpus 80GiB", "no GPU of box has memory of that size: they have 40 GiB"),
        ("--gpus device=7", "box has no GPU 7"),
        ("--gpus 1 --nodes 2", "it asks for 2 nodes, there is one, box"),
        ("--gpus 2 --topology nvlink", "box has no 2 GPUs that are joined by NVLink"),
        ("--compute 2xa100", "no GPU of box has the compute of 2 a100"),
        (
            "--slice 1g.5gb",
            "the 2 GPUs of box are not cut into slices (MIG is off); nvidia-smi -i 0 -mig 1 turns it on for a GPU, "
                + "nvidia-smi mig -i 0 -cgi 1g.5gb -C makes a slice"
        ),
        ("--gpus 0.5 --grade enforced", "no GPU of box can fence a part as enforced"),
        ("--gpus 0.5", "it fits"),
    ]) func `of one node speaks of it by its name`(_ text: String, _ sentence: String) throws {
        let why = try Self.why(text, Pool([Sample.room(2)]))
        #expect(why.summary == sentence && !why.couldEverFit == (sentence != "it fits") && why.unblocks == nil)
    }

    @Test(arguments: [
        ("--gpus h100:1", "no GPU on 12 nodes is of model h100: they have NVIDIA A100-SXM4-40GB"),
        ("--gpus 9", "it asks for 9 GPUs of one node, no node has more than 8"),
        ("--gpus 1 --nodes 13", "it asks for 13 nodes, there are 12"),
        ("--gpu-memory 60GiB", "it asks for 60 GiB on a GPU, the largest on 12 nodes has 39.5 GiB to give"),
        ("--gpus device=9", "no node has a GPU 9"),
        ("--gpus 2 --topology nvlink", "no node has 2 GPUs that are joined by NVLink"),
    ]) func `of many nodes speaks of their number`(_ text: String, _ sentence: String) throws {
        let why = try Self.why(text, Sample.pool(nodes: 12, gpus: 8))
        #expect(why.summary == sentence && !why.couldEverFit && why.unblocks == nil && why.nearest == nil)
    }

    @Test func `says what is taken, and what would help`() throws {
        var pool = Sample.pool(nodes: 12, gpus: 8)
        for node in 0..<12 {
            for gpu in 0..<5 { pool.take(Sample.share(node, gpu, 1000, 39), for: Request()) }
        }
        let gang = try Self.why("--gpus 4", pool)
        #expect(
            gang.summary == """
                it needs 4 GPUs of one node and at most 3 fit now: 60 of the 96 GPUs on 12 nodes are taken by leases
                """)
        #expect(gang.unblocks == "1 more GPU that nobody else has a part of")
        #expect(gang.fittingGPUs == 36 && gang.fittingNodes == 0)
        #expect(
            gang.counts == [
                .init(obstacle: .shareTaken, nodes: 12, gpus: 60), .init(obstacle: .tooFewFree, nodes: 12, gpus: 36),
            ])
        let nodes = try Self.why("--gpus 3 --nodes 12", pool)
        #expect(nodes.fits)
        pool.take(Sample.share(4, 6, 500, 10), for: Request())
        let fewer = try Self.why("--gpus 3 --nodes 12", pool)
        #expect(
            fewer.summary == """
                it needs 12 nodes with 3 GPUs each and 11 fit now: 61 of the 96 GPUs on 12 nodes are taken by leases
                """)
        #expect(fewer.nearest?.node == 4 && fewer.nearest?.gpus == 1 && fewer.nearest?.share == Share(milli: 500))
        #expect(fewer.unblocks == "1 more GPU that nobody else has a part of")
        #expect(fewer.counts.contains(.init(obstacle: .tooFewNodesFree, nodes: 11, gpus: 33)))
    }

    @Test func `finds the node that lacks the least`() throws {
        var pool = Sample.pool(nodes: 3, gpus: 1)
        for (node, milli) in [(0, 900), (1, 700), (2, 800)] {
            pool.take(Sample.share(node, 0, Int32(milli), 10), for: Request())
        }
        let why = try Self.why("--gpus 0.5 --gpu-memory 5GiB", pool)
        #expect(why.summary == "the 3 GPUs on 3 nodes are taken by leases")
        #expect(why.nearest?.node == 1 && why.nearest?.share == Share(milli: 200) && why.nearest?.memory == .zero)
        #expect(why.unblocks == "1 more GPU with that much free")
    }

    @Test func `does not speak of GPUs that would never do while others would`() throws {
        var gpus = (0..<6).map { Sample.gpu($0, name: "NVIDIA L40S", gibibytes: 45) }
        gpus += (6..<8).map { Sample.gpu($0) }
        var pool = Pool([Sample.room(gpus)])
        #expect(try Self.why("--gpus a100:3", pool).summary == "it asks for 3 GPUs, box has 2 that will do")
        pool.take(Sample.share(0, 6, 1000, 39), for: Request())
        #expect(
            try Self.why("--gpus a100:2", pool).summary
                == "it needs 2 GPUs and 1 fit now: 1 of the 2 GPUs of box that will do is taken by leases")
        pool.take(Sample.share(0, 7, 1000, 39), for: Request())
        #expect(try Self.why("--gpus a100:1", pool).summary == "the 2 GPUs of box that will do are taken by leases")
    }

    @Test func `of GPUs asked for by name, only these are spoken of`() throws {
        var pool = Pool([Sample.room(4)])
        pool.take(Sample.share(0, 2, 1000, 39), for: Request())
        #expect(try Self.why("--gpus device=2", pool).summary == "GPU 2 is taken by leases")
        #expect(
            try Self.why("--gpus device=1,2", pool).summary
                == "it needs 2 GPUs and 1 fit now: 1 of GPUs 1, 2 is taken by leases")
    }

    @Test func `has the node's own word where there is no GPU`() throws {
        let node = Node(name: "box", driver: nil, gpus: [], links: [], cpuAffinity: [], whyEmpty: "no driver is loaded")
        let empty = Pool([NodeRoom(NodeObservation(node: node, conditions: []))])
        #expect(try Self.why("--gpus 1", empty).summary == "no driver is loaded")
        #expect(try Self.why("--gpus 1", Pool([])).summary == "there is no GPU on 0 nodes")
    }

    @Test func `has words for every obstacle`() {
        for obstacle in Obstacle.allCases {
            #expect(!obstacle.words.isEmpty && obstacle.words != obstacle.wordsForOne || obstacle == .weakGrade)
        }
    }
}
