import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Backfill` {
    /// Four GPUs. Lease 1 has two of them until 10. Next in line is 2, which wants all four for 10; then 3, which wants
    /// two for 10; then 4, which wants two for 20.
    private static func textbook(_ backfill: QueueingSettings.Backfill) throws -> QueuePlan {
        var situation = Situation(gpus: 4, backfill: backfill)
        try situation.run(1, "--gpus 2", on: [0, 1], until: 10)
        try situation.ask(2, "--gpus 4", for: 10)
        try situation.ask(3, "--gpus 2", for: 10)
        try situation.ask(4, "--gpus 2", for: 20)
        return try situation.plan()
    }

    @Test func `without backfill nobody goes before the next in line`() throws {
        let plan = try Self.textbook(.none)
        #expect(plan.started == [])
        #expect(plan.reason(2) == .noRoom)
        #expect(plan.reason(3) == .behind([lease(2)]))
        #expect(plan.reason(4) == .behind([lease(2)]))
        // One after the other: 2 from 10 to 20, then 3 and 4 beside each other.
        #expect(plan.start(2) == 10)
        #expect(plan.start(3) == 20)
        #expect(plan.start(4) == 20)
    }

    @Test(arguments: [QueueingSettings.Backfill.easy, .conservative])
    func `the textbook's three jobs`(backfill: QueueingSettings.Backfill) throws {
        let plan = try Self.textbook(backfill)
        // The shadow time is 10. Whoever ends by then starts now: 3 does, 4 does not.
        #expect(plan.started == [3])
        #expect(plan.reason(2) == .noRoom)
        #expect(plan.start(2) == 10)
        #expect(plan.reason(4) == .noRoom)
        #expect(plan.start(4) == 20)
    }

    @Test func `whoever fits beside the next in line may be longer`() throws {
        var situation = Situation(gpus: 4)
        try situation.run(1, "--gpus 2", on: [0, 1], until: 10)
        // At 10 the next in line takes three of four: one is extra.
        try situation.ask(2, "--gpus 3", for: 10)
        try situation.ask(3, "--gpus 1", for: 1000)
        try situation.ask(4, "--gpus 1", for: 1000)
        try situation.ask(5, "--gpus 1", for: 10)
        try situation.ask(6, "--gpus 1")
        let plan = try situation.plan()
        #expect(plan.started == [3, 5])
        #expect(plan.start(2) == 10)
        #expect(plan.reason(4) == .behind([lease(2)]))
        // Once 5 has started there is nothing left to be kept.
        #expect(plan.reason(6) == .noRoom)
    }

    @Test func `a lease without a limit is not backfilled where it would delay the next in line`() throws {
        var situation = Situation(gpus: 2)
        try situation.run(1, "--gpus 1", on: [0], until: 10)
        try situation.ask(2, "--gpus 2", for: 10)
        try situation.ask(3, "--gpus 1")
        let plan = try situation.plan()
        #expect(plan.started == [])
        #expect(plan.reason(3) == .behind([lease(2)]))
        #expect(plan.start(3) == 20)
    }

    @Test func `the place promised to the next in line moves where that lets another start`() throws {
        var situation = Situation(gpus: 2)
        // At 10 both GPUs are free, and the next in line wants one of them whole.
        try situation.run(1, "--gpus 0.5", on: [0], until: 10)
        try situation.run(2, "--gpus 0.5", on: [1], until: 10)
        try situation.ask(3, "--gpus 1", for: 10)
        try situation.ask(4, "--gpus 0.5", for: 100)
        try situation.ask(5, "--gpus 0.5", for: 100)
        let plan = try situation.plan()
        #expect(plan.started == [4])
        #expect(plan.start(3) == 10)
        #expect(plan.reason(5) == .behind([lease(3)]))
    }

    @Test func `nobody can know when a lease without a limit ends`() throws {
        var situation = Situation(gpus: 2)
        try situation.run(1, "--gpus 1", on: [0])
        try situation.ask(2, "--gpus 2", for: 10)
        let plan = try situation.plan()
        #expect(plan.reason(2) == .noRoom)
        #expect(plan.start(2) == nil)
    }

    @Test(arguments: [QueueingSettings.Backfill.easy, .conservative])
    func `whoever has waited for long without a known start has its room gathered`(
        backfill: QueueingSettings.Backfill
    ) throws {
        // Lease 1 has no limit, so nobody knows when 2 can start; 3 and its like could take turns before it for ever.
        var situation = Situation(gpus: 2, backfill: backfill)
        try situation.run(1, "--gpus 1", on: [0])
        try situation.ask(2, "--gpus 2", for: 10, asked: -3600)
        try situation.ask(3, "--gpus 1", for: 10, asked: -10)
        #expect(try situation.plan().started == [3])
        situation.settings.ageing = Span(seconds: 3601)
        #expect(try situation.plan().started == [3])
        situation.settings.ageing = Span(seconds: 3600)
        let plan = try situation.plan()
        #expect(plan.started == [])
        #expect(plan.reason(2) == .noRoom)
        #expect(plan.start(2) == nil)
        #expect(plan.reason(3) == .behind([lease(2)]))
    }

    @Test func `what could never fit waits for nothing and keeps nothing`() throws {
        for backfill in QueueingSettings.Backfill.allCases {
            var situation = Situation(gpus: 2, backfill: backfill)
            try situation.ask(1, "--gpus 1 --gpu-memory 100GiB", for: 10)
            try situation.ask(2, "--gpus 2", for: 10)
            let plan = try situation.plan()
            #expect(plan.reason(1) == .never)
            #expect(plan.start(1) == nil)
            #expect(plan.started == [2])
        }
    }

    @Test func `by conservative backfill nobody behind delays anybody before, by EASY only the next in line counts`()
        throws
    {
        // 2 is next and starts at 10 on all; 3 is promised 20. 4 fits now and until 10 only on what 3 leaves.
        var situation = Situation(gpus: 4)
        try situation.run(1, "--gpus 3", on: [0, 1, 2], until: 10)
        try situation.ask(2, "--gpus 2", for: 10)
        try situation.ask(3, "--gpus 4", for: 10)
        try situation.ask(4, "--gpus 1", for: 30)
        #expect(try situation.plan().started == [4])
        situation.settings.backfill = .conservative
        let plan = try situation.plan()
        #expect(plan.started == [])
        #expect(plan.start(2) == 10)
        #expect(plan.start(3) == 20)
        #expect(plan.reason(4) == .behind([lease(3)]))
        #expect(plan.start(4) == 30)
    }

    @Test func `whoever is further behind than the settings look waits unseen`() throws {
        var situation = Situation(gpus: 2)
        situation.settings.depth = 1
        try situation.ask(1, "--gpus 1", for: 10)
        try situation.ask(2, "--gpus 1", for: 10)
        let plan = try situation.plan()
        #expect(plan.started == [1])
        #expect(plan.reason(2) == .behind([lease(1)]))
    }
}
