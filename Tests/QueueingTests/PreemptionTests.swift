import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Preemption` {
    /// Two queues with two GPUs guaranteed each, of a node of four.
    private static func situation(
        _ preemption: QueueingSettings.Preemption, gpus: Int = 4, change: (inout QueueSpecification) -> Void = { _ in }
    ) -> Situation {
        var situation = Situation(gpus: gpus)
        situation.settings.preemption = preemption
        situation.queues = ["a", "b"].map { name in
            var queue = QueueSpecification(path: name)
            queue.guaranteed = Quota(milliGPU: 2000)
            change(&queue)
            return queue
        }
        return situation
    }

    @Test func `a queue gets back what is guaranteed to it, from the youngest borrower`() throws {
        var situation = Self.situation(.reclaim)
        for gpu in 0..<4 { try situation.run(gpu + 1, "--gpus 1", on: [gpu], since: -100 + gpu, in: "a") }
        try situation.ask(9, "--gpus 1", for: 10, in: "b")
        let plan = try situation.plan()
        #expect(plan.victims == [4])
        #expect(plan.preemptions.map(\.beneficiary) == [lease(9)])
        #expect(plan.reason(9) == .preempting([lease(4)]))
        #expect(plan.start(9) == 30)
        #expect(plan.started == [])
    }

    @Test func `several who ask for what is theirs are served at once, and no queue falls below its guarantee`() throws
    {
        var situation = Self.situation(.reclaim)
        for gpu in 0..<4 { try situation.run(gpu + 1, "--gpus 1", on: [gpu], since: -100 + gpu, in: "a") }
        for id in 7...9 { try situation.ask(id, "--gpus 1", for: 10, in: "b") }
        let plan = try situation.plan()
        #expect(plan.victims == [4, 3])
        #expect(plan.reason(9) == .noRoom)
    }

    @Test func `nobody is stopped where the settings say so, nor for a queue that would borrow`() throws {
        var situation = Self.situation(.none)
        for gpu in 0..<4 { try situation.run(gpu + 1, "--gpus 1", on: [gpu], in: "a") }
        try situation.ask(9, "--gpus 1", for: 10, in: "b")
        #expect(try situation.plan().victims == [])
        situation.settings.preemption = .reclaim
        situation.waiting = []
        try situation.ask(9, "--gpus 3", for: 10, in: "b")
        #expect(try situation.plan().victims == [])
        situation.waiting = []
        try situation.ask(9, "--gpus 1", for: 10, in: "default")
        #expect(try situation.plan().victims == [])
    }

    @Test func `leases that are ending already serve first`() throws {
        var situation = Self.situation(.reclaim)
        for gpu in 0..<4 {
            try situation.run(gpu + 1, "--gpus 1", on: [gpu], since: -100 + gpu, in: "a", isEnding: gpu == 1)
        }
        try situation.ask(8, "--gpus 1", for: 10, in: "b")
        var plan = try situation.plan()
        #expect(plan.victims == [])
        #expect(plan.reason(8) == .preempting([lease(2)]))
        // The room of one that is ending serves one.
        try situation.ask(9, "--gpus 1", for: 10, in: "b")
        plan = try situation.plan()
        #expect(plan.victims == [4])
        #expect(plan.reason(9) == .preempting([lease(4)]))
    }

    @Test func `a lease is not stopped before it has run as long as its queue promises`() throws {
        var situation = Self.situation(.reclaim) { $0.minimumRun = Span(seconds: 100) }
        for gpu in 0..<4 { try situation.run(gpu + 1, "--gpus 1", on: [gpu], since: -101 + gpu, in: "a") }
        try situation.ask(9, "--gpus 2", for: 10, in: "b")
        #expect(try situation.plan().victims == [2, 1])
        situation.now = -1
        #expect(try situation.plan().victims == [])
    }

    @Test func `a higher priority stops a lower one, never an equal one, never what is guaranteed to another queue`()
        throws
    {
        var situation = Self.situation(.priority)
        try situation.run(1, "--gpus 2", on: [0, 1], in: "a", priority: 1)
        try situation.run(2, "--gpus 2", on: [2, 3], in: "b", priority: 0)
        try situation.ask(8, "--gpus 1", for: 10, in: "a", priority: 1)
        #expect(try situation.plan().victims == [])
        situation.waiting = []
        try situation.ask(8, "--gpus 1", for: 10, in: "a", priority: 2)
        #expect(try situation.plan().victims == [1])
    }

    @Test func `the lowest priority goes first, then whoever has done the least`() throws {
        var situation = Situation(gpus: 4)
        situation.settings.preemption = .priority
        try situation.run(1, "--gpus 1", on: [0], since: -10, priority: 1)
        try situation.run(2, "--gpus 1", on: [1], since: -500)
        try situation.run(3, "--gpus 1", on: [2], since: -400)
        try situation.run(4, "--gpus 1", on: [3], since: -600)
        try situation.ask(9, "--gpus 1", priority: 5)
        #expect(try situation.plan().victims == [3])
        situation.waiting = []
        try situation.ask(9, "--gpus 3", priority: 5)
        #expect(try situation.plan().victims == [3, 2, 4])
    }

    @Test func `a victim's quota counts as well as its room`() throws {
        var situation = Situation(gpus: 8)
        situation.settings.preemption = .priority
        var team = QueueSpecification(path: "team")
        team.maximum = Quota(milliGPU: 2000)
        situation.queues = [team, QueueSpecification(path: "team/x"), QueueSpecification(path: "team/y")]
        try situation.run(1, "--gpus 2", on: [0, 1], in: "team/x")
        try situation.run(2, "--gpus 1", on: [2], since: -1)
        try situation.ask(9, "--gpus 1", in: "team/y", priority: 1)
        // There is room; only stopping 1 helps against the team's maximum.
        let plan = try situation.plan()
        #expect(plan.victims == [1])
        #expect(plan.reason(9) == .preempting([lease(1)]))
    }

    @Test func `whoever turns out not to be needed is put back`() throws {
        // The cheapest candidates are on the other node and would not help a request for a whole node.
        var situation = Situation(nodes: 2, gpus: 2)
        situation.settings.preemption = .priority
        try situation.run(1, "--gpus 1", on: [0], of: 0, since: -10)
        try situation.run(2, "--gpus 1", on: [1], of: 0, since: -300, priority: 9)
        try situation.run(3, "--gpus 1", on: [0], of: 1, since: -100)
        try situation.run(4, "--gpus 1", on: [1], of: 1, since: -200)
        try situation.ask(9, "--gpus 2", for: 10, priority: 5)
        #expect(try situation.plan().victims == [3, 4])
    }

    @Test func `a lease in a reservation is not stopped`() throws {
        var situation = Situation(gpus: 1)
        situation.settings.preemption = .priority
        situation.now = 150
        try situation.reserve(1, "--gpus 1", on: [0], from: 100, until: 200)
        try situation.run(1, "--gpus 1", on: [0], until: 190, reservation: 1)
        try situation.ask(9, "--gpus 1", for: 10, priority: 5)
        #expect(try situation.plan().victims == [])
    }
}
