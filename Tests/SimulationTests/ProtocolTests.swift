import Fleet
import Foundation
import Placement
import Simulation
import Testing

/// A trace small enough for tests: 40 nodes of three kinds and a mix of shares, whole GPUs and gangs.
enum SmallTrace {
    static func make() throws(TraceError) -> OpenBTrace {
        var nodes = "sn,cpu_milli,memory_mib,gpu,model\n"
        for index in 0..<40 {
            let kind = ["96000,393216,8,G2", "104000,524288,2,T4", "32000,131072,4,V100"][index % 3]
            nodes += "n\(index),\(kind)\n"
        }
        var pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
        for index in 0..<300 {
            let kind = [
                "4000,8192,1,470,", "8000,16384,1,810,", "11300,32768,1,1000,", "6000,16384,1,230,T4",
                "32000,131072,8,1000,", "12000,32768,2,1000,", "16000,32768,0,0,", "2000,8192,1,1000,V100|T4",
            ][(index * 7 + index / 8) % 8]
            pods += "p\(index),\(kind)\n"
        }
        return try OpenBTrace(nodes: nodes, pods: pods)
    }
}

@Suite struct `Protocols` {
    @Test func `a fill asks for as much as was said, and its bins are percents of demand`() throws {
        let trace = try SmallTrace.make()
        for load in [0.5, 1.3] {
            let fill = FillProtocol(trace, load: load)
            let (nodes, arrivals) = fill.draw(seed: 1)
            let demand = arrivals.reduce(0) { $0 + trace.kinds[$1].totalMilli }
            // The published rule adds while one GPU of the next request is within the target.
            #expect(abs(Double(demand) / Double(trace.capacityMilli) - load) < 0.05)
            #expect(nodes.sorted { $0.gpus < $1.gpus }.map(\.gpus) == trace.nodes.map(\.gpus).sorted())
            var placer = FragmentationPlacer(nodes: nodes, kinds: trace.kinds, mix: trace.mix)
            let outcome = fill.run(&placer, arrivals: arrivals)
            #expect(outcome.decisions == arrivals.count)
            #expect(outcome.placed < arrivals.count || load < 1)
            let half = outcome.allocatedPercent[40]
            #expect(half > 25 && half < 46, "at 40 percent of demand nearly all of it is placed")
        }
    }

    @Test(arguments: PolicyName.allCases)
    func `the same seeds give the same bytes`(policy: PolicyName) throws {
        let trace = try SmallTrace.make()
        func bytes(_ demand: OpenBSimulation.Demand) throws -> Data {
            let simulation = OpenBSimulation(trace, policies: [policy], demand: demand, seeds: [3, 4])
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return try encoder.encode(SimulationReport(runs: [simulation.run(policy)]))
        }
        for demand in [OpenBSimulation.Demand.fill(load: 1.3), .steady(load: 0.95)] {
            #expect(try bytes(demand) == bytes(demand))
        }
    }

    @Test func `a steady state balances what is offered, held and lost`() throws {
        let trace = try SmallTrace.make()
        for load in [0.4, 1.5] {
            let steady = SteadyProtocol(trace, load: load, warmUp: 4, measured: 60)
            var placer = FragmentationPlacer(nodes: steady.nodes(seed: 9), kinds: trace.kinds, mix: trace.mix)
            let outcome = steady.run(&placer, seed: 9)
            let held = load * 100 * (1 - outcome.lostDemandPercent / 100)
            #expect(abs(outcome.allocatedPercent - held) < 3, "at \(load)")
            #expect(load < 1 ? outcome.lostDemandPercent < 10 : outcome.lostDemandPercent > 25)
        }
    }

    @Test func `a report says which schema it has, and nulls what was not measured`() throws {
        let trace = try SmallTrace.make()
        let simulation = OpenBSimulation(trace, policies: [.fgd], demand: .fill(load: 1.3), seeds: [1])
        let report = SimulationReport(runs: [simulation.run(.fgd)])
        let object = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
        #expect(object["schema"] as? String == "divvy.v1/SimulationReport")
        let run = try #require((object["runs"] as? [[String: Any]])?.first)
        #expect(run["policy"] as? String == "fgd")
        #expect((run["allocatedPercent"] as? [String: Double])?.keys.sorted() == ["100", "130"])
        #expect(run["decisionsPerSecond"] is NSNull)
        #expect(run["steady"] is NSNull)
    }

    @Test func `a page names every policy and escapes its title`() throws {
        let trace = try SmallTrace.make()
        let simulation = OpenBSimulation(trace, policies: [.fgd], demand: .fill(load: 1.3), seeds: [1])
        let page = SimulationPage.html(SimulationReport(runs: [simulation.run(.fgd)]), title: "a<b")
        #expect(page.contains("<h1>a&lt;b</h1>"))
        #expect(page.contains("polyline"))
        #expect(page.contains(">fgd<"))
    }
}
