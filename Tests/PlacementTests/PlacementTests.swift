import Fleet
import Placement
import Testing

@Suite struct `Placement policies` {
    @Test func `best-fit fills a GPU up, spread goes to the emptiest`() throws {
        var pool = Pool([Sample.room(3)])
        pool.take(Sample.share(0, 1, 500, 10), for: Request())
        #expect(try Self.positions("--gpus 0.25 --gpu-memory 5GiB", .bestFit, pool) == [1])
        #expect(try Self.positions("--gpus 0.25 --gpu-memory 5GiB", .spread, pool) == [0])
    }

    @Test func `whole GPUs go where nobody is`() throws {
        var pool = Pool([Sample.room(3)])
        pool.take(Sample.share(0, 0, 1, 1), for: Request())
        #expect(try Self.positions("--gpus 2", .bestFit, pool) == [1, 2])
        #expect(try Self.positions("--gpus 1..8", .spread, pool) == [1, 2])
        #expect(try Self.positions("--gpus 3", .bestFit, pool) == [])
        let why = pool.explain(try Sample.request("--gpus 3"))
        #expect(why.couldEverFit && why.fittingGPUs == 2)
        #expect(why.counts.contains(.init(obstacle: .shareTaken, nodes: 1, gpus: 1)))
    }

    @Test func `a named GPU is the one that is given`() throws {
        let pool = Pool([Sample.room(3)])
        #expect(try Self.positions("--gpus device=2", .bestFit, pool) == [2])
        #expect(try Self.positions("--gpus device=GPU-2", .bestFit, pool) == [2])
        // A whole UUID is no beginning of another.
        let many = Pool([Sample.room(12)])
        #expect(try Self.positions("--gpus device=GPU-1", .bestFit, many) == [1])
        // Which of the three is meant, nobody can say.
        #expect(try !pool.couldEverFit(Sample.request("--gpus device=GPU-")))
    }

    @Test(arguments: PolicyName.allCases)
    func `a placement takes no more than there is, whatever the room`(policy: PolicyName) throws {
        let requests = try ["--gpus 0.5", "--gpus 0.3 --gpu-memory 12GiB", "--gpu-memory 7GiB", "--gpus 1"].map(
            Sample.request)
        // Every filling of two GPUs in steps of a quarter, all requests, all policies.
        for first in 0...4 {
            for second in 0...4 {
                var pool = Pool([Sample.room(2)])
                for (gpu, quarters) in [(0, first), (1, second)] where quarters > 0 {
                    pool.take(
                        Sample.share(0, gpu, Int32(quarters * 250), Int64(quarters) * 9), for: Request())
                }
                for request in requests {
                    guard let placement = pool.find(request, by: policy) else { continue }
                    for grant in placement.parts.flatMap(\.grants) {
                        #expect(grant.share <= pool.nodes[0].gpus[grant.gpu].freeShare)
                        #expect(grant.memory <= pool.nodes[0].gpus[grant.gpu].freeMemory)
                    }
                    var after = pool
                    after.take(placement, for: request)
                    #expect(after != pool)
                    after.giveBack(placement, of: request)
                    #expect(after == pool)
                }
            }
        }
    }

    @Test func `a GPU that is cut into slices is not given whole`() throws {
        let pool = Pool([Sample.room(1, mig: .on)])
        let request = try Sample.request("--gpus 1")
        #expect(!pool.couldEverFit(request))
        #expect(pool.explain(request).counts.map(\.obstacle) == [.inSlices])
    }

    private static func positions(_ text: String, _ policy: PolicyName, _ pool: Pool) throws -> [Int] {
        pool.find(try Sample.request(text), by: policy)?.parts.flatMap { $0.grants.map(\.gpu) } ?? []
    }
}
