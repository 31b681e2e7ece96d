import Fleet
import Glibc
import Placement
import Simulation

/// How fast placements of a large cluster are decided, on one thread: on the default trace, with departures, and on
/// fleets of 1,000, 10,000 and 100,000 nodes. Rates are per second of processor time, so that what else runs on the
/// machine does not count; single decisions are timed by the clock on the wall.
enum PlacementSpeed {
    /// What a policy is held to, in decisions per second on the default trace.
    private static let targets: [(policy: PolicyName, perSecond: Double)] = [(.fgd, 1.5e6), (.divvy, 5e5)]

    /// From the smallest to the largest fleet, a decision may cost so many times as much.
    private static let mostGrowth = 4.0

    static func run() throws {
        let trace = try defaultTrace()
        let learned = learn(trace)
        for (policy, target) in targets {
            let fill = best(of: 5) { Run.fill(trace, policy, learned) }
            report(policy, "fill", fill, target: target)
            report(policy, "departures", best(of: 3) { Run.departures(trace, policy, learned) }, target: target)
            growth(policy, trace, learned)
        }
    }

    private static func report(_ policy: PolicyName, _ name: String, _ times: Run, target: Double) {
        Measurement(
            name: "placement.\(policy.rawValue).\(name)", value: times.perSecond, unit: "decisions/s of CPU",
            against: "target \(Int(target))", ratio: times.perSecond / target
        ).print()
        Measurement(
            name: "placement.\(policy.rawValue).\(name).p99", value: times.p99Microseconds, unit: "us",
            against: "mean", ratio: times.p99Microseconds * times.perSecond / 1e6
        ).print()
    }

    /// The cost of a decision by the size of the fleet; memory of the largest.
    private static func growth(_ policy: PolicyName, _ trace: OpenBTrace, _ learned: DivvyPolicy) {
        var smallest = 0.0
        for nodes in [1000, 10_000, 100_000] {
            let scaled = trace.scaled(toNodes: nodes)
            let run = best(of: nodes < 100_000 ? 3 : 2) { Run.fill(scaled, policy, learned) }
            let cost = 1e9 / run.perSecond
            if smallest == 0 { smallest = cost }
            Measurement(
                name: "placement.\(policy.rawValue).\(nodes)", value: cost, unit: "ns of CPU/decision",
                against: "1000 nodes, at most \(Int(mostGrowth)) times", ratio: cost / smallest
            ).print()
            Measurement(
                name: "placement.\(policy.rawValue).\(nodes).memory", value: Double(run.footprint) / 1_048_576,
                unit: "MiB", against: "KiB a node", ratio: Double(run.footprint) / 1024 / Double(nodes)
            ).print()
        }
    }

    /// The fastest of some runs: what others do on the machine only adds.
    private static func best(of runs: Int, _ run: () -> Run) -> Run {
        (0..<runs).map { _ in run() }.max { $0.perSecond < $1.perSecond } ?? Run()
    }

    private static func learn(_ trace: OpenBTrace) -> DivvyPolicy {
        var generator = SeededGenerator(seed: 7)
        return DivvyPolicy.learned(nodes: trace.nodes, mix: trace.mix, using: &generator)
    }

    /// Whether there is a trace to measure with.
    static var isPossible: Bool { traceFolder != nil }

    /// The traces beside the checkout, or where DIVVY_DATA says.
    private static var traceFolder: String? {
        var folders = environmentValue("DIVVY_DATA").map { ["\($0)/openb"] } ?? []
        var parts = "\(#filePath)".split(separator: "/").dropLast()
        while !parts.isEmpty {
            parts.removeLast()
            folders.append("/" + parts.joined(separator: "/") + "/shared/data/openb")
        }
        return folders.first { access($0 + "/openb_pod_list_default.csv", R_OK) == 0 }
    }

    private static func defaultTrace() throws -> OpenBTrace {
        guard let folder = traceFolder else {
            throw BenchmarkError("no openb trace: not beside the checkout in shared/data/openb, nor in DIVVY_DATA")
        }
        return try OpenBTrace(
            nodes: text(folder + "/openb_node_list_gpu_node.csv"), pods: text(folder + "/openb_pod_list_default.csv"))
    }

    private static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw BenchmarkError("cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// What one run of a placer took.
private struct Run {
    var perSecond = 0.0
    var p99Microseconds = 0.0
    var footprint = 0

    /// Processor time of this thread.
    private static func worked() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The published protocol, at 1.3 times the capacity: once for the rate, and once for single decisions.
    static func fill(_ trace: OpenBTrace, _ policy: PolicyName, _ learned: DivvyPolicy) -> Run {
        let fill = FillProtocol(trace, load: 1.3)
        let (nodes, arrivals) = fill.draw(seed: 1)
        var run = Run()
        for isTimed in [false, true] {
            if policy == .divvy {
                var placer = DivvyPlacer(nodes: nodes, kinds: trace.kinds, policy: learned)
                run.measure(fill, arrivals, &placer, isTimed: isTimed)
                run.footprint = placer.footprint
            } else {
                var placer = FragmentationPlacer(nodes: nodes, kinds: trace.kinds, mix: trace.mix)
                run.measure(fill, arrivals, &placer, isTimed: isTimed)
                run.footprint = placer.footprint
            }
        }
        return run
    }

    private mutating func measure(
        _ fill: FillProtocol, _ arrivals: [Int], _ placer: inout some ClusterPlacer & ~Copyable, isTimed: Bool
    ) {
        let began = Self.worked()
        let clock: ReadClock? = isTimed ? { @Sendable in Int64(seconds() * 1e9) } : nil
        let outcome = fill.run(&placer, arrivals: arrivals, clock: clock)
        if isTimed {
            p99Microseconds = outcome.times.p99Microseconds
        } else {
            perSecond = Double(arrivals.count) / (Self.worked() - began)
        }
    }

    /// A full cluster: a request leaves, the next one comes. A decision is both.
    static func departures(_ trace: OpenBTrace, _ policy: PolicyName, _ learned: DivvyPolicy) -> Run {
        if policy == .divvy {
            var placer = DivvyPlacer(nodes: trace.nodes, kinds: trace.kinds, policy: learned)
            return departures(&placer, trace)
        }
        var placer = FragmentationPlacer(nodes: trace.nodes, kinds: trace.kinds, mix: trace.mix)
        return departures(&placer, trace)
    }

    private static func departures(_ placer: inout some ClusterPlacer & ~Copyable, _ trace: OpenBTrace) -> Run {
        var generator = SeededGenerator(seed: 11)
        let arrivals = (0..<300_000).map { _ in trace.pods[generator.below(trace.pods.count)] }
        var held: [(kind: Int, placement: ClusterPlacement)] = []
        for kind in arrivals.prefix(11_000) {
            if let placement = placer.place(kind) { held.append((kind, placement)) }
        }
        var samples: [Double] = []
        samples.reserveCapacity(arrivals.count / 64 + 1)
        let high = trace.capacityMilli * 93 / 100
        let began = worked()
        for (step, kind) in arrivals.enumerated() {
            let asked = step & 63 == 0 ? seconds() : 0
            // One leaves for one that comes, and more while the cluster is fuller than a steady state is.
            repeat {
                let leaving = generator.below(held.count)
                placer.giveBack(held[leaving].kind, held[leaving].placement)
                held.swapAt(leaving, held.count - 1)
                held.removeLast()
            } while placer.allocatedMilli > high && held.count > 1
            if let placement = placer.place(kind) { held.append((kind, placement)) }
            if step & 63 == 0 { samples.append((seconds() - asked) * 1e6) }
            if held.count < 2 { break }
        }
        return Run(
            perSecond: Double(arrivals.count) / (worked() - began), p99Microseconds: samples.percentile(0.99),
            footprint: 0)
    }
}
