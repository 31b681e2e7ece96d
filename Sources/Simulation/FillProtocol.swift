package import Placement

/// The published Monte-Carlo protocol: requests in a random order, none ever leaves, what does not fit is dropped.
package struct FillProtocol: Sendable {
    package struct Outcome: Sendable {
        /// At each whole percent of demand, from 0: how much of all GPUs is allocated, in percent.
        package var allocatedPercent: [Double]
        package var decisions: Int
        package var placed: Int
        /// GPUs held by requests for several of them, when demand is at 100 and at the end.
        package var gangGPUsAt100: Double
        package var gangGPUs: Double
        /// Demand that did not fit, in thousandths of a GPU.
        package var lostMilli: Int64
        package var times = DecisionTimes()
    }

    package let trace: OpenBTrace
    /// Demand in parts of the capacity.
    package let load: Double

    package init(_ trace: OpenBTrace, load: Double) {
        self.trace = trace
        self.load = load
    }

    /// What the published experiments draw between the requests and the nodes, for other things: a timeout for each of
    /// the ten kinds of objects that their scheduler watches.
    private static let drawnBetween = 10

    /// The order of nodes, and the requests as they come, for one seed: the steps and the generator of the published
    /// experiments, so that a seed draws here what it draws there.
    package func draw(seed: UInt64) -> (nodes: [NodeKind], arrivals: [Int]) {
        var generator = PublishedGenerator(seed: Int64(bitPattern: seed))
        // Drawn there for a line in a log.
        _ = generator.int63()
        var arrivals = trace.pods
        generator.shuffle(&arrivals)
        let target = load * Double(trace.capacityMilli)
        var demand = arrivals.reduce(0) { $0 + trace.kinds[$1].totalMilli }
        if Double(demand) < target {
            // Copies of its requests, as long as one GPU of the next one is within the target.
            while true {
                let next = trace.pods[generator.below(trace.pods.count)]
                guard Double(demand + Int64(trace.kinds[next].gpuMilli)) <= target else { break }
                demand += trace.kinds[next].totalMilli
                arrivals.append(next)
            }
        } else {
            // Any of them go.
            while Double(demand) > target, !arrivals.isEmpty {
                demand -= trace.kinds[arrivals.remove(at: generator.below(arrivals.count))].totalMilli
            }
        }
        for _ in 0..<Self.drawnBetween { _ = generator.int63() }
        var nodes = trace.nodes
        for (node, place) in zip(trace.nodes, generator.permutation(nodes.count)) { nodes[place] = node }
        return (nodes, arrivals)
    }

    /// Submits the requests one by one; with a clock it measures decisions, every eighth by itself.
    package func run(
        _ placer: inout some ClusterPlacer & ~Copyable, arrivals: [Int], clock: ReadClock? = nil
    ) -> Outcome {
        let capacityMilli = trace.capacityMilli
        let capacity = Double(capacityMilli)
        let bins = Int((load * 100).rounded()) + 2
        var sums = [Double](repeating: 0, count: bins)
        var steps = [Int](repeating: 0, count: bins)
        var arrived: Int64 = 0
        var outcome = Outcome(
            allocatedPercent: [], decisions: 0, placed: 0, gangGPUsAt100: 0, gangGPUs: 0, lostMilli: 0)
        let began = clock?()
        for (step, kind) in arrivals.enumerated() {
            let milli = trace.kinds[kind].totalMilli
            let asked = step & 7 == 0 ? clock?() : nil
            let placement = placer.place(kind)
            if let asked, let clock { outcome.times.add(sample: clock() - asked) }
            if placement != nil { outcome.placed += 1 } else { outcome.lostMilli += milli }
            let before = arrived
            arrived += milli
            if before < capacityMilli, arrived >= capacityMilli {
                outcome.gangGPUsAt100 = Double(placer.gangMilli) / 1000
            }
            let bin = Int((Double(arrived) / capacity * 100).rounded(.toNearestOrEven))
            if bin < bins {
                sums[bin] += Double(placer.allocatedMilli) / capacity * 100
                steps[bin] += 1
            }
        }
        if let began, let clock { outcome.times.add(decisions: arrivals.count, nanoseconds: clock() - began) }
        outcome.decisions = arrivals.count
        outcome.gangGPUs = Double(placer.gangMilli) / 1000
        outcome.allocatedPercent = Self.curve(sums: sums, steps: steps)
        return outcome
    }

    /// A percent that no arrival hit takes its neighbours' steps, as published; one without such neighbours, in a fleet
    /// where a request is more than a percent, what was there before.
    private static func curve(sums: [Double], steps: [Int]) -> [Double] {
        var curve: [Double] = []
        for bin in steps.indices {
            if steps[bin] > 0 {
                curve.append(sums[bin] / Double(steps[bin]))
                continue
            }
            let near = max(bin - 1, 0)...min(bin + 1, steps.count - 1)
            let count = near.reduce(0) { $0 + steps[$1] }
            curve.append(count > 0 ? near.reduce(0) { $0 + sums[$1] } / Double(count) : curve.last ?? 0)
        }
        return curve
    }
}
