import Fleet
import Placement
import Queueing
import Simulation

/// How long the planner takes to say who is next, and a pool to find a place, on fleets that are full.
enum Planning {
    private static let now = Moment(nanoseconds: 1_000_000_000_000_000)
    private static let shapes = [
        "--gpus 1", "--gpus 2", "--gpus 4", "--gpus 8", "--gpus 0.5", "--gpus 0.25", "--gpus 3", "--gpus 0.1",
        "--gpu-memory 10GiB", "--gpus 8 --nodes 2",
    ]

    static func run() throws {
        for nodes in [1, 64] {
            let scene = try Scene(nodes: nodes, waiting: 1000)
            for backfill in QueueingSettings.Backfill.allCases {
                let time = scene.plan(backfill, foreseeing: false)
                let target = backfill == .easy ? 5.0 : 0
                Measurement(
                    name: "plan.\(backfill.rawValue).\(nodes)", value: time, unit: "ms, 1000 wait",
                    against: target > 0 ? "target 5" : "easy", ratio: target > 0 ? time / target : 1
                ).print()
            }
            let foreseen = scene.plan(.easy, foreseeing: true)
            Measurement(
                name: "plan.foresee.\(nodes)", value: foreseen, unit: "ms, 1000 wait", against: "easy",
                ratio: foreseen / max(scene.plan(.easy, foreseeing: false), 1e-6)
            ).print()
        }
        try find()
    }

    /// A place for a share on 1,000 nodes of which most are taken, and none at all on a full fleet.
    private static func find() throws {
        let request = try RequestParser.parse(arguments: ["--gpus", "0.5"]).0
        for (name, fill) in [("found", 0.7), ("refused", 1.0)] {
            var pool = Scene.pool(nodes: 1000)
            var dice = SeededGenerator(seed: 3)
            let whole = try RequestParser.parse(arguments: ["--gpus", "1"]).0
            for _ in 0..<Int(8000 * fill) {
                guard let place = pool.find(dice.below(2) == 0 ? whole : request, by: .spread) else { continue }
                pool.take(place, for: whole)
            }
            let time = Scene.best(of: 200) { _ = pool.find(request, by: .bestFit) } * 1000
            Measurement(
                name: "find.\(name).1000", value: time, unit: "us", against: "target 200", ratio: time / 200
            ).print()
        }
    }

    /// A full fleet with leases that end at random times, and many who wait.
    private struct Scene {
        let pool: Pool
        let running: [RunningLease]
        let waiting: [WaitingRequest]
        let tree = QueueTree()

        init(nodes: Int, waiting count: Int64) throws {
            let requests = try shapes.map { text in
                try RequestParser.parse(arguments: text.split(separator: " ").map(String.init)).0
            }
            var pool = Self.pool(nodes: nodes)
            var running: [RunningLease] = []
            var dice = SeededGenerator(seed: 7)
            let queue = tree.defaultQueue
            var misses = 0
            while misses < 20 {
                let request = requests[dice.below(requests.count)]
                guard let place = pool.find(request, by: .bestFit) else {
                    misses += 1
                    continue
                }
                pool.take(place, for: request)
                running.append(
                    RunningLease(
                        id: LeaseID(number: Int64(running.count) + 1), request: request,
                        tenant: UInt32(running.count % 20), queue: queue, priority: 0, placement: place,
                        amount: place.amount, since: now, ends: now + Span(seconds: 1 + Int64(dice.below(36_000))),
                        isEnding: false))
            }
            self.pool = pool
            self.running = running
            waiting = (0..<count).map { index in
                WaitingRequest(
                    id: LeaseID(number: 1_000_000 + index), request: requests[dice.below(requests.count)],
                    tenant: UInt32(index % 20), queue: queue, priority: 0, asked: now,
                    limit: Span(seconds: 60 + Int64(dice.below(36_000))))
            }
        }

        func plan(_ backfill: QueueingSettings.Backfill, foreseeing: Bool) -> Double {
            var settings = QueueingSettings()
            settings.backfill = backfill
            let planner = Planner(tree, settings: settings, placement: .bestFit)
            return Self.best(of: 5) {
                _ = planner.plan(
                    waiting: waiting, running: running, reservations: [], usage: UsageBook(), pool: pool, at: now,
                    foreseeing: foreseeing)
            }
        }

        /// Milliseconds of the fastest run: what others do on the machine only adds.
        static func best(of runs: Int, _ body: () -> Void) -> Double {
            let clock = ContinuousClock()
            return (0..<runs).map { _ in clock.measure(body) / .milliseconds(1) }.min() ?? 0
        }

        static func pool(nodes: Int) -> Pool { Pool((0..<nodes).map { node("n\($0)") }) }

        private static func node(_ name: String) -> NodeRoom {
            let gpus = (0..<8).map { index in
                GPU(
                    id: GPUID("\(name)-\(index)"), index: index, minor: index, name: "NVIDIA A100-SXM4-40GB",
                    memory: .init(total: .gibibytes(40), reserved: .zero), computeCapability: "8.0",
                    multiprocessors: 108, pciAddress: "", numaNode: index / 4, mig: .off)
            }
            let link = Link(path: .sameNUMANode, nvlinks: 12)
            let node = Node(
                name: name, driver: nil, gpus: gpus, links: gpus.map { _ in gpus.map { _ in link } },
                cpuAffinity: gpus.map { _ in "" }, whyEmpty: nil)
            return NodeRoom(NodeObservation(node: node, conditions: gpus.map { _ in .good }))
        }
    }
}
