import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Plans` {
    @Test func `whoever asked first starts first, and higher priorities before`() throws {
        var situation = Situation(gpus: 2)
        try situation.ask(1, "--gpus 1", asked: 3)
        try situation.ask(2, "--gpus 1", asked: 2)
        try situation.ask(3, "--gpus 1", priority: 1, asked: 4)
        situation.now = 5
        let plan = try situation.plan()
        #expect(plan.started == [3, 2])
        #expect(plan.reason(1) == .noRoom)
    }

    @Test func `nobody waits and nothing is planned`() throws {
        #expect(try Situation().plan() == QueuePlan())
    }

    @Test(arguments: QueueingSettings.Backfill.allCases)
    func `a request that is stopped by its queue's maximum stops nobody of other queues`(
        backfill: QueueingSettings.Backfill
    ) throws {
        var situation = Situation(gpus: 4, backfill: backfill)
        var small = QueueSpecification(path: "small")
        small.maximum = Quota(milliGPU: 2000)
        situation.queues = [small, QueueSpecification(path: "large")]
        try situation.run(1, "--gpus 1", on: [0], until: 10, in: "small")
        try situation.ask(2, "--gpus 2", for: 10, in: "small")
        try situation.ask(3, "--gpus 1", for: 5, in: "small")
        try situation.ask(4, "--gpus 1", for: 50, in: "small")
        try situation.ask(5, "--gpus 1", for: 50, in: "large")
        let plan = try situation.plan()
        guard case .queueMaximum("small", let used, let bound) = plan.reason(2) else {
            Issue.record("\(String(describing: plan.reason(2)))")
            return
        }
        #expect(used.milliGPU == 1000 && bound.milliGPU == 2000)
        #expect(plan.start(2) == 10)
        // In its own queue nobody takes the quota that frees at 10, unless it is back by then.
        #expect(plan.started == (backfill == .none ? [5] : [3, 5]))
        if backfill == .none {
            #expect(plan.reason(3) == .behind([lease(2)]))
            #expect(plan.reason(4) == .behind([lease(2)]))
        } else {
            guard case .queueMaximum = plan.reason(4) else {
                Issue.record("\(String(describing: plan.reason(4)))")
                return
            }
        }
    }

    @Test func `a quota is not taken from whoever is promised it`() throws {
        var situation = Situation(gpus: 8)
        var small = QueueSpecification(path: "small")
        small.maximum = Quota(milliGPU: 3000)
        situation.queues = [small]
        try situation.run(1, "--gpus 1", on: [0], until: 10, in: "small")
        try situation.ask(2, "--gpus 3", for: 10, in: "small")
        try situation.ask(3, "--gpus 1", for: 50, in: "small")
        try situation.ask(4, "--gpus 1", for: 10, in: "small")
        let plan = try situation.plan()
        #expect(plan.started == [4])
        #expect(plan.reason(3) == .behind([lease(2)]))
        #expect(plan.start(2) == 10)
    }

    @Test(arguments: QueueingSettings.Backfill.allCases, 0..<5)
    func `quotas hold at every moment of a run`(backfill: QueueingSettings.Backfill, seed: Int) throws {
        var dice = Dice(seed)
        var situation = Situation(nodes: 2, gpus: 4, backfill: backfill)
        var research = QueueSpecification(path: "research")
        research.maximum = Quota(milliGPU: 5000)
        var vision = QueueSpecification(path: "research/vision")
        vision.tenantMaximum = Quota(milliGPU: 2500)
        var speech = QueueSpecification(path: "research/speech")
        speech.maximum = Quota(milliGPU: 3000)
        situation.queues = [research, vision, speech]
        let queues = ["default", "research/vision", "research/speech"]
        let options = ["--gpus 1", "--gpus 2", "--gpus 0.5", "--gpus 0.25"]
        var replay = Replay(situation, jobs: Replay.jobs(40, options: options, queues: queues, dice: &dice))
        try replay.run { replay, plan in
            var milli: [String: Int64] = [:]
            func count(_ id: LeaseID, _ amount: Amount) throws {
                let job = try #require(replay.jobs.first { lease($0.id) == id })
                milli[job.queue, default: 0] += amount.milliGPU
                milli["\(job.queue) of \(job.tenant)", default: 0] += amount.milliGPU
            }
            for running in replay.situation.running { try count(running.id, running.amount) }
            for start in plan.starts { try count(start.id, start.placement.amount) }
            #expect(milli["research/vision", default: 0] + milli["research/speech", default: 0] <= 5000)
            #expect(milli["research/speech", default: 0] <= 3000)
            for tenant in 1...3 { #expect(milli["research/vision of \(tenant)", default: 0] <= 2500) }
        }
        #expect(replay.startedAt.count == 40)
        // By EASY whoever waited for a quota may come in front of whoever was next.
        for (id, latest) in replay.promises where backfill == .conservative {
            #expect(try #require(replay.startedAt[id]) <= latest, "lease \(id)")
        }
    }
}
