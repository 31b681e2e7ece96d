import Placement
import Simulation
import Testing

/// Against the published figures; `make bench` does it with all seeds and all traces.
@Suite(.enabled(if: TraceData.isExpected, TraceData.missing)) struct `Published results` {
    @Test(arguments: ["default", "multigpu40", "gpuspec20"])
    func `fgd allocates what was published, and divvy more`(name: String) throws {
        let trace = try TraceData.trace(name)
        let simulation = OpenBSimulation(
            trace, policies: [.fgd, .divvy], demand: .fill(load: 1.3), seeds: [42, 43])
        let fgd = try #require(simulation.run(.fgd).allocatedPercent["130"])
        let published = try published(name, "06-FGD")
        // Single seeds lie up to 0.26 points apart; two of them are within twice that.
        #expect(abs(fgd - published) < 0.5, "\(fgd) against \(published)")
        #expect(try #require(simulation.run(.divvy).allocatedPercent["130"]) > fgd)
    }

    private func published(_ workload: String, _ policy: String) throws -> Double {
        let lines = try TraceData.text("published_results.csv").split(whereSeparator: \.isNewline)
        let line = try #require(lines.first { $0.hasPrefix("\(workload),\(policy),") })
        return try #require(Double(line.split(separator: ",")[3]))
    }

    @Test func `the default trace is the one that was published`() throws {
        let trace = try TraceData.trace("default")
        #expect(trace.nodes.count == 1213)
        #expect(trace.capacityMilli == 6_212_000)
        #expect(trace.pods.count == 8152)
        // As published: 91 groups, of which 35 are 95 percent of all pods.
        #expect(trace.mix.groups.count == 35)
        #expect(trace.mix.all.count == 91)
    }
}
