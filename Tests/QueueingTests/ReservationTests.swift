import Fleet
import Placement
import Queueing
import Testing

@Suite struct `Reservations` {
    @Test func `whoever ends in time uses reserved room before, whoever does not or knows no limit waits`() throws {
        var situation = Situation(gpus: 2)
        try situation.reserve(1, "--gpus 2", on: [0, 1], from: 100, until: 200)
        try situation.ask(1, "--gpus 1", for: 100)
        try situation.ask(2, "--gpus 1", for: 101)
        try situation.ask(3, "--gpus 1")
        let plan = try situation.plan()
        #expect(plan.started == [1])
        for id in [2, 3] {
            #expect(plan.reason(id) == .reservation(name: "reservation-1", from: Situation.moment(100)))
            #expect(plan.start(id) == 200)
        }
    }

    @Test func `within it only those who name it have its room`() throws {
        var situation = Situation(gpus: 2)
        situation.now = 150
        try situation.reserve(1, "--gpus 1", on: [0], from: 100, until: 200)
        try situation.ask(1, "--gpus 2", for: 10)
        try situation.ask(2, "--gpus 0.5", for: 10, reservation: 1)
        try situation.ask(3, "--gpus 0.5", for: 10, reservation: 1)
        try situation.ask(4, "--gpus 0.5", for: 10, reservation: 1)
        situation.settings.backfill = .none
        let plan = try situation.plan()
        #expect(plan.reason(1) == .reservation(name: "reservation-1", from: Situation.moment(100)))
        #expect(plan.start(1) == 200)
        // Two fit into the reservation; the third has room beside it.
        #expect(plan.started == [2, 3, 4])
        #expect(plan.starts.map { $0.placement.parts[0].grants[0].gpu } == [0, 0, 1])
    }

    @Test func `what runs in a reservation is not kept once more`() throws {
        var situation = Situation(gpus: 2)
        situation.now = 150
        try situation.reserve(1, "--gpus 2", on: [0, 1], from: 100, until: 200)
        try situation.run(1, "--gpus 1", on: [0], until: 190, since: 100, reservation: 1)
        try situation.ask(2, "--gpus 1", for: 10)
        try situation.ask(3, "--gpus 1", for: 10, reservation: 1)
        let plan = try situation.plan()
        #expect(plan.started == [3])
        #expect(plan.reason(2) == .reservation(name: "reservation-1", from: Situation.moment(100)))
    }

    @Test func `a request waits for its own reservation to begin`() throws {
        var situation = Situation(gpus: 2)
        try situation.reserve(1, "--gpus 1", on: [0], from: 100, until: 200)
        try situation.ask(1, "--gpus 1", for: 10, reservation: 1)
        let plan = try situation.plan()
        #expect(plan.reason(1) == .notYet(from: Situation.moment(100)))
        #expect(plan.start(1) == 100)
    }

    @Test func `a reservation that is over keeps nothing`() throws {
        var situation = Situation(gpus: 1)
        situation.now = 200
        try situation.reserve(1, "--gpus 1", on: [0], from: 100, until: 200)
        try situation.ask(1, "--gpus 1", reservation: 1)
        #expect(try situation.plan().started == [1])
    }

    @Test func `a lease that outstays its limit in a reservation leaves it the rest`() throws {
        var situation = Situation(gpus: 2)
        situation.now = 150
        try situation.reserve(1, "--gpus 2", on: [0, 1], from: 100, until: 200)
        try situation.run(1, "--gpus 0.5", on: [0], until: 90)
        try situation.ask(2, "--gpus 1", for: 10)
        try situation.ask(3, "--gpus 1", for: 10, reservation: 1)
        #expect(try situation.plan().started == [3])
    }

    @Test func `room is offered where it is, later where it is taken, and never where there is none`() throws {
        var situation = Situation(gpus: 2)
        try situation.run(1, "--gpus 1", on: [0], until: 50)
        try situation.run(2, "--gpus 1", on: [1])
        try situation.reserve(1, "--gpus 1", on: [0], from: 100, until: 200)
        func offer(_ options: String, _ from: Int, _ until: Int) throws -> ReservationOffer {
            try situation.planner().offer(
                Situation.request(options), from: Situation.moment(from), until: Situation.moment(until),
                running: situation.running, reservations: situation.reservations, pool: situation.pool,
                at: Situation.moment(0))
        }
        let first = PoolPlacement(
            parts: [.init(node: 0, grants: [.init(gpu: 0, share: .whole, memory: .gibibytes(40))])])
        #expect(try offer("--gpus 1", 50, 100) == .possible(first))
        #expect(try offer("--gpus 1", 40, 100) == .later(from: Situation.moment(200), first))
        #expect(try offer("--gpus 1", 40, 90) == .later(from: Situation.moment(50), first))
        #expect(try offer("--gpus 1", 150, 160) == .later(from: Situation.moment(200), first))
        #expect(try offer("--gpus 2", 50, 60) == .blocked(by: [lease(2)]))
        #expect(try offer("--gpus 3", 50, 60) == .never)
    }

    @Test(arguments: QueueingSettings.Backfill.allCases, 0..<6)
    func `no lease of another is ever in reserved room`(backfill: QueueingSettings.Backfill, seed: Int) throws {
        var dice = Dice(seed)
        var situation = Situation(nodes: 2, gpus: 4, backfill: backfill)
        try situation.reserve(1, "--gpus 2", on: [0, 1], from: 40, until: 90)
        try situation.reserve(2, "--gpus 3", on: [1, 2, 3], from: 120, until: 160)
        let reserved = situation.reservations
        let options = ["--gpus 1", "--gpus 2", "--gpus 4", "--gpus 0.5", "--gpus 0.25"]
        var replay = Replay(situation, jobs: Replay.jobs(30, options: options, dice: &dice))
        try replay.run { replay, plan in
            for start in plan.starts {
                let job = try #require(replay.jobs.first { lease($0.id) == start.id })
                let (from, until) = (replay.situation.now, replay.situation.now + job.length)
                for reservation in reserved
                where Situation.moment(from) < reservation.until && Situation.moment(until) > reservation.from {
                    let kept = reservation.placement.parts[0].grants.map(\.gpu)
                    for part in start.placement.parts where part.node == 0 {
                        #expect(!part.grants.contains { kept.contains($0.gpu) })
                    }
                }
            }
        }
        for (id, latest) in replay.promises where backfill != .none {
            #expect(try #require(replay.startedAt[id]) <= latest)
        }
    }
}
