import Glibc
package import Placement

/// A steady state: requests drawn from the trace's mix arrive at random times at an offered load, stay for
/// exponentially long times, and what does not fit when it arrives is lost.
package struct SteadyProtocol: Sendable {
    package struct Outcome: Sendable {
        /// Means over time after the warm-up.
        package var allocatedPercent: Double
        package var gangGPUs: Double
        /// GPU demand that was turned away after the warm-up, in percent of what was offered.
        package var lostDemandPercent: Double
        /// The same for requests for several GPUs alone; 0 where the trace has none.
        package var lostGangPercent: Double
        package var decisions: Int
        package var times = DecisionTimes()
    }

    package let trace: OpenBTrace
    /// Offered GPU demand in parts of the capacity.
    package let load: Double
    /// Mean lives before measuring begins, and while it lasts.
    package let warmUp: Double
    package let measured: Double

    package init(_ trace: OpenBTrace, load: Double, warmUp: Double = 4, measured: Double = 12) {
        self.trace = trace
        self.load = load
        self.warmUp = warmUp
        self.measured = measured
    }

    /// The order of nodes for one seed.
    package func nodes(seed: UInt64) -> [NodeKind] {
        var generator = SeededGenerator(seed: seed)
        var nodes = trace.nodes
        generator.shuffle(&nodes)
        return nodes
    }

    /// Runs one seed. The arrivals and their lives depend on the seed alone, so that policies meet the same demand.
    package func run(
        _ placer: inout some ClusterPlacer & ~Copyable, seed: UInt64, clock: ReadClock? = nil
    ) -> Outcome {
        var generator = SeededGenerator(seed: seed ^ 0x5354_4541_4459)
        let demand = trace.pods.reduce(0) { $0 + trace.kinds[$1].totalMilli }
        let mean = Double(demand) / Double(trace.pods.count)
        // Arrivals in one mean life.
        let rate = load * Double(trace.capacityMilli) / mean
        var departures = DepartureHeap()
        var (time, last) = (0.0, warmUp)
        var (allocated, gangs) = (0.0, 0.0)
        var (offered, lost, offeredGangs, lostGangs) = (Int64(0), Int64(0), Int64(0), Int64(0))
        var decisions = 0
        var times = DecisionTimes()
        let began = clock?()
        let end = warmUp + measured

        func account(until now: Double, _ placer: borrowing some ClusterPlacer & ~Copyable) {
            guard now > last else { return }
            allocated += Double(placer.allocatedMilli) * (now - last)
            gangs += Double(placer.gangMilli) * (now - last)
            last = now
        }

        while true {
            time += -log(generator.unit()) / rate
            guard time < end else { break }
            while let departure = departures.next, departure.time <= time {
                account(until: departure.time, placer)
                placer.giveBack(Int(departure.kind), departure.placement)
                departures.removeNext()
            }
            account(until: time, placer)
            let kind = trace.pods[generator.below(trace.pods.count)]
            let life = -log(generator.unit())
            let request = trace.kinds[kind]
            let asked = decisions & 7 == 0 ? clock?() : nil
            let placement = placer.place(kind)
            if let asked, let clock { times.add(sample: clock() - asked) }
            decisions += 1
            if let placement {
                departures.add(Departure(time: time + life, kind: Int32(kind), placement: placement))
            }
            guard time >= warmUp else { continue }
            offered += request.totalMilli
            if request.isGang { offeredGangs += request.totalMilli }
            guard placement == nil else { continue }
            lost += request.totalMilli
            if request.isGang { lostGangs += request.totalMilli }
        }
        account(until: end, placer)
        if let began, let clock { times.add(decisions: decisions, nanoseconds: clock() - began) }
        return Outcome(
            allocatedPercent: allocated / measured / Double(trace.capacityMilli) * 100,
            gangGPUs: gangs / measured / 1000,
            lostDemandPercent: offered > 0 ? Double(lost) / Double(offered) * 100 : 0,
            lostGangPercent: offeredGangs > 0 ? Double(lostGangs) / Double(offeredGangs) * 100 : 0,
            decisions: decisions, times: times)
    }
}
