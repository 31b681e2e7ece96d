import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Backfill in virtual runs` {
    private static let options = [
        "--gpus 1", "--gpus 2", "--gpus 3", "--gpus 4", "--gpus 0.5", "--gpus 0.25", "--gpus 0.75",
    ]

    @Test(arguments: QueueingSettings.Backfill.allCases, 0..<12)
    func `every promised start is kept when everybody runs to the limit`(
        backfill: QueueingSettings.Backfill, seed: Int
    ) throws {
        var dice = Dice(seed)
        let situation = Situation(nodes: 1 + seed % 3, gpus: 4, backfill: backfill)
        var replay = Replay(situation, jobs: Replay.jobs(30, options: Self.options, dice: &dice))
        try replay.run()
        for (id, latest) in replay.promises.sorted(by: { $0.key < $1.key }) {
            let start = try #require(replay.startedAt[id])
            #expect(start <= latest, "lease \(id) was promised \(latest) and started at \(start)")
        }
        if backfill != .none { #expect(!replay.promises.isEmpty) }
    }

    @Test(arguments: 0..<8)
    func `without backfill everybody starts in the order of the line`(seed: Int) throws {
        var dice = Dice(seed)
        var replay = Replay(
            Situation(nodes: 2, gpus: 4, backfill: .none), jobs: Replay.jobs(30, options: Self.options, dice: &dice))
        try replay.run()
        let starts = replay.jobs.compactMap { replay.startedAt[$0.id] }
        #expect(starts == starts.sorted())
    }

    @Test func `backfill brings everybody home earlier than none`() throws {
        func finish(_ backfill: QueueingSettings.Backfill) throws -> Int {
            var total = 0
            for seed in 0..<4 {
                var dice = Dice(seed)
                var replay = Replay(
                    Situation(nodes: 2, gpus: 4, backfill: backfill),
                    jobs: Replay.jobs(30, options: Self.options, dice: &dice))
                try replay.run()
                total += replay.jobs.reduce(0) { $0 + (replay.startedAt[$1.id] ?? 0) - $1.arrival }
            }
            return total
        }
        let (none, easy, conservative) = (try finish(.none), try finish(.easy), try finish(.conservative))
        #expect(easy < none)
        #expect(conservative < none)
    }
}
