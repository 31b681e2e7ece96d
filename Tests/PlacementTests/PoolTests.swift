import Fleet
import Placement
import Testing

@Suite struct `A pool` {
    // MARK: Gangs over nodes

    @Test func `gives a gang all its nodes or none`() throws {
        var pool = Sample.pool(nodes: 3, gpus: 2)
        #expect(try pool.place("--gpus 2 --nodes 2") == ["0/0", "0/1", "1/0", "1/1"])
        #expect(try pool.place("--gpus 2 --nodes 2") == nil)
        #expect(try pool.place("--gpus 2") == ["2/0", "2/1"])
        #expect(try !pool.couldEverFit(Sample.request("--gpus 2 --nodes 4")))
        #expect(try !pool.couldEverFit(Sample.request("--gpus 3 --nodes 1")))
    }

    @Test func `gives a gang of shares one share on each node`() throws {
        var pool = Sample.pool(nodes: 3, gpus: 2)
        #expect(try pool.place("--gpus 0.5 --nodes 3") == ["0/0", "1/0", "2/0"])
        #expect(try pool.place("--gpus 0.5 --nodes 3") == ["0/0", "1/0", "2/0"])
        #expect(try pool.place("--gpus 2x0.6 --nodes 2") == nil)
    }

    @Test func `gives a range of GPUs where there are most`() throws {
        var pool = Pool([Sample.room(2, name: "small"), Sample.room(4, name: "large")])
        #expect(try pool.place("--gpus 1..3") == ["1/0", "1/1", "1/2"])
        #expect(try pool.place("--gpus 1..3") == ["0/0", "0/1"])
        #expect(try pool.place("--gpus 1..3") == ["1/3"])
    }

    @Test func `gives all GPUs of a node and no fewer`() throws {
        var pool = Pool([Sample.room(2, name: "a"), Sample.room(3, name: "b")])
        #expect(try pool.place("--gpus 1") == ["0/0"])
        #expect(try pool.place("--gpus all") == ["1/0", "1/1", "1/2"])
        #expect(try pool.place("--gpus all") == nil)
    }

    // MARK: Who keeps away from whom

    @Test func `keeps leases of one name off each other's GPUs, or nodes`() throws {
        var pool = Sample.pool(nodes: 2, gpus: 2)
        #expect(try pool.place("--gpus 0.1 --anti-affinity db") == ["0/0"])
        #expect(try pool.place("--gpus 0.1 --anti-affinity db") == ["0/1"])
        #expect(try pool.place("--gpus 0.1 --anti-affinity other") == ["0/0"])
        #expect(try pool.place("--gpus 0.1 --anti-affinity node:db") == ["1/0"])
        // One that wants a node for itself is not joined by others of its name either.
        #expect(try pool.place("--gpus 0.1 --anti-affinity db") == nil)
        #expect(try pool.explain(Sample.request("--gpus 0.1 --anti-affinity db")).obstacle == .antiAffinity)
    }

    // MARK: Compute

    @Test func `gives as large a share as the compute asked for is of each GPU`() throws {
        let pool = Pool([
            Sample.room([
                Sample.gpu(0, name: "Tesla T4", gibibytes: 15), Sample.gpu(1, name: "Some Card", gibibytes: 24),
                Sample.gpu(2),
            ])
        ])
        let request = try Sample.request("--compute 31.2tflops")
        let onT4 = try #require(pool.find(request, by: .bestFit)?.parts.first?.grants.first)
        #expect(onT4.gpu == 0 && onT4.share == Share(milli: 480))
        #expect(onT4.memory == (Bytes.gibibytes(15) - .mebibytes(512)).part(Share(milli: 480)))
        let onA100 = try #require(pool.find(request, by: .spread)?.parts.first?.grants.first)
        #expect(onA100.gpu == 2 && onA100.share == Share(milli: 100))
        let why = try pool.explain(Sample.request("--compute 0.5xa100 --gpus 2"))
        #expect(why.counts.contains(.init(obstacle: .unknownCompute, nodes: 1, gpus: 1)))
        #expect(why.counts.contains(.init(obstacle: .tooWeak, nodes: 1, gpus: 1)))
    }

    // MARK: Slices

    @Test func `places slices where the hardware can begin them`() throws {
        var pool = Sample.pool(nodes: 1, gpus: 1, mig: .on)
        let request = try Sample.request("--slice 3g.20gb")
        var starts: [Int] = []
        for _ in 0..<2 {
            let placement = try #require(pool.find(request, by: .bestFit))
            let grant = try #require(placement.parts.first?.grants.first)
            #expect(grant.share == Share(milli: 428) && grant.memory == .mebibytes(19_968))
            starts.append(try #require(grant.slice).start)
            pool.take(placement, for: request)
        }
        #expect(starts.sorted() == [0, 4])
        #expect(pool.find(request, by: .bestFit) == nil)
        #expect(pool.explain(request).obstacle == .slotsTaken)
        #expect(try pool.explain(Sample.request("--slice 9g.99gb")).obstacle == .noSuchProfile)
        #expect(Sample.pool(nodes: 1, gpus: 1).explain(request).obstacle == .notInSlices)
        #expect(try pool.explain(Sample.request("--gpus 0.5")).obstacle == .inSlices)
    }

    @Test func `gives several slices of one GPU together`() throws {
        var pool = Sample.pool(nodes: 1, gpus: 2, mig: .on)
        let spots = try pool.place("--slice 3g.20gb,2g.10gb,1g.5gb")
        #expect(spots == ["0/0", "0/0", "0/0"])
        #expect(try pool.place("--slice 4g.20gb", by: .bestFit) == ["0/1"])
    }

    // MARK: How GPUs are joined

    /// Two pairs by NVLink, 0 with 2 and 1 with 3; NUMA nodes 0 with 1 and 2 with 3.
    private static func pairs() -> Pool {
        let gpus = (0..<4).map { Sample.gpu($0, numa: $0 / 2) }
        let links = (0..<4).map { row in
            (0..<4).map { column in
                let isPair = row != column && row % 2 == column % 2
                return Link(
                    path: row / 2 == column / 2 ? .hostBridge : .acrossNUMANodes, nvlinks: isPair ? 4 : 0)
            }
        }
        return Pool([Sample.room(gpus, links: links)])
    }

    @Test func `gives GPUs that are joined where nothing else is asked`() throws {
        var pool = Self.pairs()
        #expect(try pool.place("--gpus 2") == ["0/0", "0/2"])
        #expect(try pool.place("--gpus 2") == ["0/1", "0/3"])
    }

    @Test func `takes a single GPU where it parts nobody`() throws {
        var pool = Self.pairs()
        pool.take(Sample.share(0, 2, 1000, 10), for: Request())
        #expect(try pool.place("--gpus 1") == ["0/0"])
    }

    @Test func `holds to the topology that is asked for`() throws {
        var pool = Self.pairs()
        #expect(try pool.place("--gpus 2 --topology same-numa") == ["0/0", "0/1"])
        let request = try Sample.request("--gpus 2 --topology nvlink")
        #expect(pool.find(request, by: .bestFit) == nil)
        let why = pool.explain(request)
        #expect(why.couldEverFit && why.counts.contains(.init(obstacle: .linkedTaken, nodes: 1, gpus: 2)))
        #expect(why.summary == "2 GPUs are free on box, but no 2 of them are joined by NVLink")
        #expect(try pool.explain(Sample.request("--gpus 3 --topology nvlink")).obstacle == .notLinked)
        #expect(try !pool.couldEverFit(Sample.request("--gpus 3 --topology nvlink")))
        // A range gives as many as are joined.
        var fresh = Self.pairs()
        #expect(try fresh.place("--gpus 1..4 --topology nvlink") == ["0/0", "0/2"])
    }

    // MARK: What operators and drivers say

    @Test func `gives nothing of what is drained, and keeps what is leased there`() throws {
        var pool = Sample.pool(nodes: 2, gpus: 1)
        #expect(try pool.place("--gpus 0.5") == ["0/0"])
        pool.setDrained(true, node: 0)
        #expect(try pool.place("--gpus 0.5") == ["1/0"])
        pool.setDrained(true, gpu: 0, on: 1)
        #expect(try pool.place("--gpus 0.1") == nil)
        #expect(try pool.explain(Sample.request("--gpus 0.1")).obstacle == .drained)
        pool.setDrained(false, node: 0)
        #expect(pool.nodes[0].gpus[0].freeShare == Share(milli: 500))
        pool.observe(
            GPUCondition(health: .unhealthy(reason: "no"), foreignMemory: .zero), gpu: 0, on: 0)
        #expect(try pool.explain(Sample.request("--gpus 0.1")).counts.map(\.obstacle) == [.drained, .unhealthy])
    }

    @Test func `has a fence for shares only where a node has one`() throws {
        var fenced = Sample.room(1, name: "fenced")
        fenced.fence = ShareFence(.cooperative)
        var pool = Pool([Sample.room(1, name: "open"), fenced])
        #expect(try pool.place("--gpus 0.5 --grade cooperative") == ["1/0"])
        #expect(try pool.explain(Sample.request("--gpus 0.5 --grade enforced")).obstacle == .weakGrade)
        #expect(try !pool.couldEverFit(Sample.request("--gpus 0.5 --grade enforced")))
    }

    @Test func `has multi-process service on a GPU of its own, beside others that are shared by turns`() throws {
        var room = Sample.room(2)
        room.fence = ShareFence(.enforced, hasLimiter: true)
        var pool = Pool([room])
        #expect(try pool.place("--gpus 0.5") == ["0/0"])
        let (served, turns) = (try Sample.request("--gpus 0.3"), try Sample.request("--gpus 0.3 --share limiter"))
        #expect(try pool.place("--gpus 0.3 --share limiter") == ["0/1"])
        #expect(try pool.place("--gpus 0.3 --share time") == ["0/1"])
        #expect(try pool.place("--gpus 0.3 --grade enforced") == ["0/0"])
        #expect(try pool.place("--gpus 0.3 --share mps") == nil)
        #expect(pool.explain(served).counts.map(\.obstacle).contains(.otherMeans))
        #expect(pool.find(turns, by: .bestFit) != nil)
        let first = Sample.share(0, 0, 500, 20)
        pool.giveBack(first, of: try Sample.request("--gpus 0.5"))
        pool.giveBack(Sample.share(0, 0, 300, 12), of: served)
        #expect(pool.nodes[0].gpus[0].served == 0)
    }

    @Test func `keeps multi-process service off a GPU that processes without a lease use`() throws {
        var room = Sample.room(1)
        room.fence = ShareFence(.enforced, hasLimiter: true)
        var pool = Pool([room])
        pool.observe(GPUCondition(health: .healthy, foreignMemory: .mebibytes(64)), gpu: 0, on: 0)
        #expect(try pool.explain(Sample.request("--gpus 0.1")).obstacle == .foreignProcesses)
        #expect(try pool.place("--gpus 0.1 --share limiter") == ["0/0"])
    }

    // MARK: To the last byte

    @Test func `finds what fits to the last byte`() throws {
        var pool = Sample.pool(nodes: 1, gpus: 1)
        let rest = Bytes.gibibytes(40) - .mebibytes(512) - .gibibytes(10)
        let held = PoolPlacement(parts: [
            .init(node: 0, grants: [.init(gpu: 0, share: Share(milli: 100), memory: rest)])
        ])
        pool.take(held, for: Request())
        #expect(try pool.place("--gpus 0.1 --gpu-memory 10GiB") == ["0/0"])
        // Nothing of the memory is left: a part of it is not to be had, however small.
        #expect(try pool.place("--gpus 1xmemory --gpu-memory ..8GiB") == nil)
    }

    @Test(arguments: PolicyName.allCases)
    func `bears leases that hold more than there is`(policy: PolicyName) throws {
        var pool = Sample.pool(nodes: 2, gpus: 1)
        pool.mix = DemandMix(try ["--gpus 0.5", "--gpus 1"].map(Sample.request))
        for _ in 0..<3 { pool.take(Sample.share(0, 0, 900, 30), for: Request()) }
        #expect(try pool.place("--gpus 0.5", by: policy) == ["1/0"])
        #expect(try pool.place("--gpus 0.6", by: policy) == nil)
        #expect(try pool.explain(Sample.request("--gpus 0.6")).nearest?.node == 1)
    }

    // MARK: Choosing

    @Test func `draws nodes at random by its seed, and takes turns`() throws {
        func draws(seed: UInt64, _ policy: PolicyName) throws -> [String] {
            var pool = Sample.pool(nodes: 8, gpus: 2)
            pool.seed = seed
            return try (0..<12).map { _ in try #require(try pool.place("--gpus 0.5", by: policy)?.first) }
        }
        #expect(try draws(seed: 1, .random) == draws(seed: 1, .random))
        #expect(try draws(seed: 1, .random) != draws(seed: 2, .random))
        #expect(try Set(draws(seed: 1, .random).map { $0.prefix(1) }).count > 4)
        let inTurn = try draws(seed: 1, .roundRobin).map { $0.prefix(1) }
        #expect(inTurn == ["0", "1", "2", "3", "4", "5", "6", "7", "0", "1", "2", "3"])
    }

    @Test func `a mix of demand forgets slowly`() throws {
        var mix = DemandMix()
        let (old, new) = (try Sample.request("--gpus 0.5"), try Sample.request("--gpus 2"))
        for _ in 0..<60_000 { mix.saw(old) }
        for _ in 0..<60_000 { mix.saw(new) }
        #expect(mix.count(of: new) > mix.count(of: old) && mix.count(of: old) > 0)
        #expect(mix.count(of: new) + mix.count(of: old) <= 100_000)
    }
}
