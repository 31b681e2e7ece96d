package import Fleet
package import Placement

/// Runs policies over a trace of the openb family.
package struct OpenBSimulation: Sendable {
    /// What is simulated.
    package enum Demand: Hashable, Sendable {
        /// Requests come until so much is asked for, in parts of the capacity; none leaves.
        case fill(load: Double)
        /// Requests come at an offered load and leave after a while.
        case steady(load: Double)
    }

    private let factory: PlacerFactory
    private let demand: Demand
    private let seeds: [UInt64]

    /// Learns what the policies need to know of the trace.
    package init(_ trace: OpenBTrace, policies: [PolicyName], demand: Demand, seeds: [UInt64]) {
        factory = PlacerFactory(trace, policies: policies)
        self.demand = demand
        self.seeds = seeds
    }

    /// Runs one policy over all seeds. Without a clock nothing is timed, and the same seeds give the same report.
    package func run(
        _ policy: PolicyName, clock: ReadClock? = nil, progress: (_ seedsDone: Int) -> Void = { _ in }
    ) -> SimulationReport.Run {
        switch demand {
        case .fill(let load): fill(policy, load: load, clock: clock, progress: progress)
        case .steady(let load): steady(policy, load: load, clock: clock, progress: progress)
        }
    }

    private func fill(
        _ policy: PolicyName, load: Double, clock: ReadClock?, progress: (Int) -> Void
    ) -> SimulationReport.Run {
        let fill = FillProtocol(factory.trace, load: load)
        var outcomes: [FillProtocol.Outcome] = []
        for seed in seeds {
            let (nodes, arrivals) = fill.draw(seed: seed)
            var use = Filling(fill: fill, arrivals: arrivals, clock: clock)
            outcomes.append(factory.with(policy, nodes: nodes, seed: seed, &use))
            progress(outcomes.count)
        }
        let last = Int((load * 100).rounded())
        let curve = (0...last).map { percent in outcomes.mean { $0.allocatedPercent[percent] } }
        let shown = Set([100, last]).filter { $0 <= last }
        let capacity = Double(factory.trace.capacityMilli) / 1000
        return SimulationReport.Run(
            policy: policy.rawValue, seeds: seeds,
            allocatedPercent: Dictionary(uniqueKeysWithValues: shown.map { ("\($0)", curve[$0].rounded(to: 3)) }),
            unallocatedGPUs: (capacity * (1 - curve[last] / 100)).rounded(to: 2),
            decisions: outcomes.reduce(0) { $0 + $1.decisions },
            decisionsPerSecond: clock.map { _ in outcomes.rate { $0.times } },
            decisionP99Microseconds: clock.map { _ in outcomes.mean { $0.times.p99Microseconds }.rounded(to: 3) },
            gangGPUs: outcomes.mean { $0.gangGPUs }.rounded(to: 2),
            gangGPUsAt100: last >= 100 ? outcomes.mean { $0.gangGPUsAt100 }.rounded(to: 2) : nil, steady: nil,
            curve: curve)
    }

    private func steady(
        _ policy: PolicyName, load: Double, clock: ReadClock?, progress: (Int) -> Void
    ) -> SimulationReport.Run {
        let steady = SteadyProtocol(factory.trace, load: load)
        var outcomes: [SteadyProtocol.Outcome] = []
        for seed in seeds {
            var use = Staying(steady: steady, seed: seed, clock: clock)
            outcomes.append(factory.with(policy, nodes: steady.nodes(seed: seed), seed: seed, &use))
            progress(outcomes.count)
        }
        let allocated = outcomes.mean { $0.allocatedPercent }
        let capacity = Double(factory.trace.capacityMilli) / 1000
        return SimulationReport.Run(
            policy: policy.rawValue, seeds: seeds, allocatedPercent: [:],
            unallocatedGPUs: (capacity * (1 - allocated / 100)).rounded(to: 2),
            decisions: outcomes.reduce(0) { $0 + $1.decisions },
            decisionsPerSecond: clock.map { _ in outcomes.rate { $0.times } },
            decisionP99Microseconds: clock.map { _ in outcomes.mean { $0.times.p99Microseconds }.rounded(to: 3) },
            gangGPUs: outcomes.mean { $0.gangGPUs }.rounded(to: 2), gangGPUsAt100: nil,
            steady: SimulationReport.Steady(
                load: load, allocatedPercent: allocated.rounded(to: 3),
                lostDemandPercent: outcomes.mean { $0.lostDemandPercent }.rounded(to: 3),
                lostGangPercent: outcomes.mean { $0.lostGangPercent }.rounded(to: 3)))
    }
}

private struct Filling: PlacerUse {
    let fill: FillProtocol
    let arrivals: [Int]
    let clock: ReadClock?

    mutating func use(_ placer: inout some ClusterPlacer & ~Copyable) -> FillProtocol.Outcome {
        fill.run(&placer, arrivals: arrivals, clock: clock)
    }
}

private struct Staying: PlacerUse {
    let steady: SteadyProtocol
    let seed: UInt64
    let clock: ReadClock?

    mutating func use(_ placer: inout some ClusterPlacer & ~Copyable) -> SteadyProtocol.Outcome {
        steady.run(&placer, seed: seed, clock: clock)
    }
}

extension Array {
    func mean(_ value: (Element) -> Double) -> Double {
        isEmpty ? 0 : reduce(0) { $0 + value($1) } / Double(count)
    }

    /// All decisions over all of their time.
    func rate(_ times: (Element) -> DecisionTimes) -> Double {
        let nanoseconds = reduce(0) { $0 + times($1).nanoseconds }
        let decisions = reduce(0) { $0 + times($1).decisions }
        return nanoseconds > 0 ? (Double(decisions) * 1e9 / Double(nanoseconds)).rounded() : 0
    }
}
