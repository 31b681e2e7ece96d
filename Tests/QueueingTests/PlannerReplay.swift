import Fleet
import Placement
import Queueing
import Testing

/// A small generator of the tests' own, the same on every machine (Vigna's SplitMix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A virtual run in which every lease runs exactly to its limit, with books of its own that share no code with pools.
struct Replay {
    struct Job {
        let id: Int
        let options: String
        let arrival: Int
        let length: Int
        var queue = "default"
        var tenant: UInt32 = 1
    }

    var situation: Situation
    let jobs: [Job]
    /// Thousandths taken of each GPU of each node, counted here.
    private var taken: [[Int]]
    /// The promises made to those who wait: the latest by which each is to have started.
    private(set) var promises: [Int: Int] = [:]
    private(set) var startedAt: [Int: Int] = [:]
    private(set) var plans: [QueuePlan] = []

    init(_ situation: Situation, jobs: [Job]) {
        self.situation = situation
        self.jobs = jobs.sorted { ($0.arrival, $0.id) < ($1.arrival, $1.id) }
        taken = situation.pool.nodes.map { Array(repeating: 0, count: $0.gpus.count) }
    }

    /// Runs until nobody waits; `promisesCount` says of whose promises it takes note.
    mutating func run(checking check: (Replay, QueuePlan) throws -> Void = { _, _ in }) throws {
        var next = 0
        var promised: [QueuePlan.Promise] = []
        var rounds = 0
        while next < jobs.count || !situation.waiting.isEmpty {
            rounds += 1
            try #require(rounds < 10_000, "the run does not end")
            let ends = situation.running.compactMap(\.ends).map(Self.seconds)
            let arrivals = next < jobs.count ? [jobs[next].arrival] : []
            let borders = situation.reservations.flatMap { [Self.seconds($0.from), Self.seconds($0.until)] }
                .filter { $0 > situation.now }
            let moment = try #require((ends + arrivals + borders).min(), "somebody waits and nothing will happen")
            situation.now = moment
            end()
            while next < jobs.count, jobs[next].arrival == moment {
                let job = jobs[next]
                try situation.ask(
                    job.id, job.options, for: job.length, in: job.queue, tenant: job.tenant, asked: job.arrival)
                next += 1
            }
            let plan = try situation.plan(promised: promised, foreseeing: false)
            #expect(try situation.plan(promised: promised, foreseeing: false) == plan, "the same input, the same plan")
            promised = plan.promises
            try check(self, plan)
            plans.append(plan)
            for start in plan.starts { try commit(start) }
            for outlook in plan.waiting {
                guard let start = outlook.start.map(Self.seconds) else { continue }
                let id = Int(outlook.id.number)
                promises[id] = min(promises[id] ?? .max, start)
            }
        }
    }

    private static func seconds(_ moment: Moment) -> Int { Int(moment.nanoseconds / 1_000_000_000) }

    private mutating func end() {
        let now = Situation.moment(situation.now)
        for lease in situation.running where lease.ends.map({ $0 <= now }) ?? false {
            situation.pool.giveBack(lease.placement, of: lease.request)
            count(lease.placement, sign: -1)
        }
        situation.running.removeAll { $0.ends.map { $0 <= now } ?? false }
    }

    private mutating func commit(_ start: QueuePlan.Start) throws {
        let index = try #require(situation.waiting.firstIndex { $0.id == start.id })
        let asked = situation.waiting.remove(at: index)
        count(start.placement, sign: 1)
        for node in taken { for milli in node { #expect(milli <= 1000, "a GPU is given twice") } }
        let wanted = try #require(asked.request.count.exact) * asked.request.nodes
        #expect(start.placement.parts.reduce(0) { $0 + $1.grants.count } == wanted, "all or nothing")
        situation.pool.take(start.placement, for: asked.request)
        let now = Situation.moment(situation.now)
        situation.running.append(
            RunningLease(
                id: asked.id, request: asked.request, tenant: asked.tenant, queue: asked.queue,
                priority: asked.priority, placement: start.placement, amount: start.placement.amount, since: now,
                ends: asked.limit.map { now + $0 }, isEnding: false, reservation: asked.reservation))
        startedAt[Int(asked.id.number)] = situation.now
    }

    private mutating func count(_ placement: PoolPlacement, sign: Int) {
        for part in placement.parts {
            for grant in part.grants { taken[part.node][grant.gpu] += sign * Int(grant.share.milli) }
        }
    }
}

extension Replay {
    /// Jobs of one to four GPUs or halves, that arrive faster than they can be served.
    static func jobs(_ count: Int, options: [String], queues: [String] = ["default"], dice: inout Dice) -> [Job] {
        var arrival = 0
        return (0..<count).map { id in
            arrival += Int.random(in: 0...6, using: &dice)
            return Job(
                id: id + 1, options: options.randomElement(using: &dice) ?? "--gpus 1", arrival: arrival,
                length: Int.random(in: 1...40, using: &dice), queue: queues.randomElement(using: &dice) ?? "default",
                tenant: UInt32.random(in: 1...3, using: &dice))
        }
    }
}
