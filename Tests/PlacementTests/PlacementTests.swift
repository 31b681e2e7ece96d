import Fleet
import Placement
import Testing

@Suite struct `Placement policies` {
    @Test func `best-fit fills a GPU up, spread goes to the emptiest`() throws {
        var room = try Self.room(3)
        room.take(Placement(node: "box", grants: [Self.grant(1, 500, 10)], grade: .unfenced))
        #expect(try Self.position("--gpus 0.25 --gpu-memory 5GiB", .bestFit, room) == [1])
        #expect(try Self.position("--gpus 0.25 --gpu-memory 5GiB", .spread, room) == [0])
    }

    @Test func `whole GPUs go where nobody is`() throws {
        var room = try Self.room(3)
        room.take(Placement(node: "box", grants: [Self.grant(0, 1, 1)], grade: .unfenced))
        #expect(try Self.position("--gpus 2", .bestFit, room) == [1, 2])
        #expect(try Self.position("--gpus 1..8", .spread, room) == [1, 2])
        guard case .notNow(let obstacles) = PolicyName.bestFit.place(try Self.request("--gpus 3"), in: room) else {
            Issue.record("three are not free")
            return
        }
        #expect(obstacles == [.shareTaken, nil, nil])
    }

    @Test func `a named GPU is the one that is given`() throws {
        let room = try Self.room(3)
        #expect(try Self.position("--gpus device=2", .bestFit, room) == [2])
        #expect(try Self.position("--gpus device=GPU-2", .bestFit, room) == [2])
        guard case .never = PolicyName.bestFit.place(try Self.request("--gpus device=GPU-"), in: room) else {
            Issue.record("an ambiguous beginning names nobody")
            return
        }
    }

    @Test(arguments: PolicyName.allCases)
    func `a placement takes no more than there is, whatever the room`(policy: PolicyName) throws {
        let requests = try ["--gpus 0.5", "--gpus 0.3 --gpu-memory 12GiB", "--gpu-memory 7GiB", "--gpus 1"].map(
            Self.request)
        // Every filling of two GPUs in steps of a quarter, all requests, both policies.
        for first in 0...4 {
            for second in 0...4 {
                var room = try Self.room(2)
                for (gpu, quarters) in [(0, first), (1, second)] where quarters > 0 {
                    let grant = Self.grant(gpu, Int32(quarters * 250), Int64(quarters) * 9)
                    room.take(Placement(node: "box", grants: [grant], grade: .unfenced))
                }
                for request in requests {
                    guard case .placed(let placement) = policy.place(request, in: room) else { continue }
                    for grant in placement.grants {
                        let position = try #require(room.position(of: grant.gpu))
                        #expect(grant.share <= room.gpus[position].freeShare)
                        #expect(grant.memory <= room.gpus[position].freeMemory)
                    }
                    var after = room
                    after.take(placement)
                    after.giveBack(placement)
                    #expect(after.gpus == room.gpus)
                }
            }
        }
    }

    @Test func `a GPU that is cut into slices is not given whole`() throws {
        let room = try Self.room(1, mig: .on)
        guard case .never(let obstacles) = PolicyName.bestFit.place(try Self.request("--gpus 1"), in: room) else {
            Issue.record("it was given")
            return
        }
        #expect(obstacles == [.inSlices])
    }

    private static func request(_ text: String) throws -> Request {
        try RequestParser.parse(RequestOptions(arguments: text.split(separator: " ").map(String.init))).0
    }

    private static func position(_ text: String, _ policy: PolicyName, _ room: NodeRoom) throws -> [Int] {
        guard case .placed(let placement) = policy.place(try request(text), in: room) else { return [] }
        return placement.grants.compactMap { room.position(of: $0.gpu) }
    }

    private static func grant(_ gpu: Int, _ milli: Int32, _ gibibytes: Int64) -> GPUGrant {
        GPUGrant(gpu: GPUID("GPU-\(gpu)"), share: Share(milli: milli), memory: .gibibytes(gibibytes))
    }

    private static func room(_ count: Int, mig: GPU.MIGMode = .off) throws -> NodeRoom {
        let gpus = (0..<count).map { index in
            GPU(
                id: GPUID("GPU-\(index)"), index: index, minor: index, name: "NVIDIA A100-SXM4-40GB",
                memory: .init(total: .gibibytes(40), reserved: .mebibytes(512)), computeCapability: "8.0",
                multiprocessors: 108, pciAddress: "", numaNode: nil, mig: mig)
        }
        let node = Node(name: "box", driver: nil, gpus: gpus, links: [], cpuAffinity: [], whyEmpty: nil)
        return NodeRoom(NodeObservation(node: node, conditions: gpus.map { _ in .good }))
    }
}
