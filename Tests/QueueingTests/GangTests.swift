import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Gangs` {
    @Test(arguments: QueueingSettings.Backfill.allCases)
    func `two gangs that would each hold a half run one after the other`(
        backfill: QueueingSettings.Backfill
    ) throws {
        // Each wants both GPUs of two nodes, of three. Had each one and a half, neither could start, ever.
        var situation = Situation(nodes: 3, gpus: 2, backfill: backfill)
        try situation.ask(1, "--gpus 2 --nodes 2", for: 10)
        try situation.ask(2, "--gpus 2 --nodes 2", for: 10)
        let plan = try situation.plan()
        #expect(plan.started == [1])
        #expect(plan.starts[0].placement.parts.map(\.grants.count) == [2, 2])
        #expect(plan.reason(2) == .noRoom)
        #expect(plan.start(2) == 10)
    }

    @Test func `a gang starts when all its nodes are free for as long as it runs`() throws {
        // Node 0 is free from 40 on, node 1 until 45 and from 100 on.
        var situation = Situation(nodes: 2, gpus: 1)
        try situation.run(1, "--gpus 1", on: [0], until: 20)
        try situation.reserve(1, "--gpus 1", on: [0], from: 22, until: 40)
        try situation.reserve(2, "--gpus 1", on: [0], of: 1, from: 45, until: 100)
        try situation.ask(2, "--gpus 1 --nodes 2", for: 10)
        #expect(try situation.plan().start(2) == 100)
        situation.waiting = []
        try situation.ask(2, "--gpus 1 --nodes 2", for: 5)
        #expect(try situation.plan().start(2) == 40)
    }

    @Test(arguments: QueueingSettings.Backfill.allCases, 0..<5)
    func `gangs larger than a node all run, and nobody is granted a part`(
        backfill: QueueingSettings.Backfill, seed: Int
    ) throws {
        var dice = Dice(seed)
        let options = ["--gpus 2 --nodes 2", "--gpus 1 --nodes 3", "--gpus 2 --nodes 3", "--gpus 1", "--gpus 0.5"]
        var replay = Replay(
            Situation(nodes: 3, gpus: 2, backfill: backfill), jobs: Replay.jobs(25, options: options, dice: &dice))
        // Every start is checked to have as many GPUs as were asked for; the run ends only when everybody has run.
        try replay.run()
        #expect(replay.startedAt.count == 25)
    }
}
