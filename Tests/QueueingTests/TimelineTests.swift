import Fleet
import Placement
import Queueing
import Testing

/// Time in kinds of room that are no plain sums: slices, leases that keep apart, and parts that follow each other.
@Suite struct `Room over time` {
    /// One GPU that is cut into slices.
    private static func sliced() -> Situation {
        var situation = Situation(gpus: 1)
        let gpu = GPU(
            id: GPUID("GPU-0"), index: 0, minor: 0, name: "NVIDIA A100-SXM4-40GB",
            memory: .init(total: .gibibytes(40), reserved: .zero), computeCapability: "8.0", multiprocessors: 108,
            pciAddress: "", numaNode: nil, mig: .on)
        let node = Node(name: "box", driver: nil, gpus: [gpu], links: [[]], cpuAffinity: [""], whyEmpty: nil)
        situation.pool = Pool([NodeRoom(NodeObservation(node: node, conditions: [.good]))])
        return situation
    }

    private static func run(
        _ id: Int, _ options: String, until end: Int, in situation: inout Situation
    ) throws {
        let request = try Situation.request(options)
        let placement = try #require(situation.pool.find(request, by: .bestFit))
        situation.pool.take(placement, for: request)
        situation.running.append(
            RunningLease(
                id: lease(id), request: request, tenant: 1, queue: try situation.tree().defaultQueue, priority: 0,
                placement: placement, amount: placement.amount, since: Situation.moment(-10),
                ends: Situation.moment(end), isEnding: false))
    }

    @Test(arguments: [QueueingSettings.Backfill.easy, .conservative])
    func `slices are backfilled where they do not delay a larger one`(backfill: QueueingSettings.Backfill) throws {
        var situation = Self.sliced()
        situation.settings.backfill = backfill
        try Self.run(1, "--slice 4g.20gb", until: 10, in: &situation)
        try situation.ask(2, "--slice 7g.40gb", for: 10)
        try situation.ask(3, "--slice 1g.5gb", for: 11)
        try situation.ask(4, "--slice 1g.5gb", for: 10)
        try situation.ask(5, "--slice 3g.20gb", for: 5)
        let plan = try situation.plan()
        #expect(plan.started == [4])
        #expect(plan.start(2) == 10)
        #expect(plan.reason(3) == .behind([lease(2)]))
        #expect(plan.start(3) == 20)
        #expect(plan.reason(5) == .noRoom)
    }

    @Test func `a small slice is placed beside what is promised to the next in line`() throws {
        var situation = Self.sliced()
        try Self.run(1, "--slice 4g.20gb", until: 10, in: &situation)
        try Self.run(2, "--slice 3g.20gb", until: 10, in: &situation)
        try situation.ask(3, "--slice 4g.20gb", for: 10)
        var plan = try situation.plan()
        #expect(plan.start(3) == 10)
        // The other half is free already: a slice there may stay, for the next in line begins at the first slot.
        situation.pool.giveBack(situation.running[1].placement, of: situation.running[1].request)
        situation.running.removeLast()
        try situation.ask(4, "--slice 3g.20gb")
        plan = try situation.plan()
        #expect(plan.started == [4])
        #expect(plan.start(3) == 10)
    }

    @Test func `those who keep apart from each other keep apart in time as well`() throws {
        var situation = Situation(gpus: 1)
        try situation.run(1, "--gpus 0.5 --anti-affinity web", on: [0], until: 10)
        try situation.ask(2, "--gpus 0.5 --anti-affinity web", for: 10)
        try situation.ask(3, "--gpus 0.25 --anti-affinity web", for: 10)
        try situation.ask(4, "--gpus 0.25", for: 100)
        let plan = try situation.plan()
        #expect(plan.started == [4])
        #expect(plan.start(2) == 10)
        #expect(plan.start(3) == 20)
    }

    @Test func `halves that follow each other leave the other half free all the time`() throws {
        // One half until 10, a reservation of a half from 10: together never more than a half.
        var situation = Situation(gpus: 1)
        try situation.run(1, "--gpus 0.5", on: [0], until: 10)
        let grant = PoolPlacement.Grant(gpu: 0, share: Share(milli: 500), memory: .gibibytes(20))
        situation.reservations = [
            Reservation(
                number: 1, name: "later", request: try Situation.request("--gpus 0.5"),
                placement: PoolPlacement(parts: [.init(node: 0, grants: [grant])]), from: Situation.moment(10),
                until: Situation.moment(50), tenants: [], maker: Tenant(uid: 1, name: "ada"))
        ]
        try situation.ask(2, "--gpus 0.5")
        try situation.ask(3, "--gpus 0.5", for: 10)
        let plan = try situation.plan()
        #expect(plan.started == [2])
        #expect(plan.reason(3) == .noRoom)
        #expect(plan.start(3) == 50)
    }
}
