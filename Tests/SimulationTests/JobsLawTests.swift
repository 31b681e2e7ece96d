import Fleet
import Foundation
import Placement
import Queueing
import Simulation
import Testing

@Suite struct `Laws of replays` {
    private static func simulation(_ load: Double, seed: UInt64) throws -> JobSimulation {
        JobSimulation(
            try JobSamples.workload(80, load: load, seed: seed), on: JobSamples.fleet(nodes: 2, gpus: 4))
    }

    private static func settings(_ policy: QueuePolicyName) -> QueueingSettings {
        policy.settings(queues: ["queue-1", "queue-2"])
    }

    @Test(arguments: QueuePolicyName.allCases)
    func `every job ends once, and GPU time adds up`(policy: QueuePolicyName) throws {
        for seed: UInt64 in 1...2 {
            let simulation = try Self.simulation(1.2, seed: seed)
            let replay = try simulation.replay(placement: .bestFit, settings: Self.settings(policy))
            #expect(replay.histories.allSatisfy { $0.end == .done })
            #expect(Set(replay.held.map(\.job)).count == 80)
            // What leases held, from their records, from the meter's sums, and from what the jobs need.
            let held = replay.held.reduce(0.0) { sum, held in
                sum + (held.until - held.from).seconds * Double(simulation.trace.jobs[held.job].milliGPU) / 1000
            }
            let lost = replay.histories.reduce(0) { $0 + $1.lostGPUSeconds }
            #expect(abs(held - replay.meter.all.allocated / 1000) < 1e-6 * held)
            #expect(abs(held - simulation.trace.heldGPUSeconds - lost) < 1e-6 * held)
        }
    }

    @Test(arguments: QueuePolicyName.allCases)
    func `the mean queue is the arrival rate times the mean wait`(policy: QueuePolicyName) throws {
        let simulation = try Self.simulation(1.3, seed: 4)
        let replay = try simulation.replay(placement: .bestFit, settings: Self.settings(policy))
        // Little's law over the whole replay, where it is exact.
        let waits = replay.histories.reduce(0) { $0 + $1.waited.seconds }
        #expect(waits > 0)
        #expect(abs(replay.meter.all.waiting - waits) < 1e-6 * waits)
    }

    @Test func `no GPU is held beyond what it has`() throws {
        let simulation = try Self.simulation(1.5, seed: 5)
        let replay = try simulation.replay(placement: .bestFit, settings: Self.settings(.fair))
        // At every start, what overlaps on each GPU.
        for start in replay.held {
            for part in start.placement.parts {
                for grant in part.grants {
                    let sum = replay.held.filter { $0.from <= start.from && $0.until > start.from }.reduce(0) {
                        $0
                            + $1.placement.parts.filter { $0.node == part.node }.flatMap(\.grants)
                            .filter { $0.gpu == grant.gpu }.reduce(0) { $0 + Int($1.share.milli) }
                    }
                    #expect(sum <= 1000)
                }
            }
        }
    }

    @Test func `with exact limits nobody starts later than conservative backfill promised`() throws {
        var bend = TraceBend()
        bend.limits = .exact
        let trace = try JobSamples.workload(100, load: 1.3, seed: 6).bent(by: bend)
        let simulation = JobSimulation(trace, on: JobSamples.fleet(nodes: 2, gpus: 4))
        let replay = try simulation.replay(placement: .bestFit, settings: Self.settings(.conservative))
        let promised = replay.histories.filter { $0.promised != nil }
        #expect(promised.count > 20)
        for history in promised {
            #expect(try #require(history.firstStart) <= #require(history.promised))
        }
    }

    @Test(arguments: [QueuePolicyName.fifo, .fair, .conservative])
    func `the same input gives the same bytes, and pages need nothing else`(policy: QueuePolicyName) throws {
        func made() throws -> (Data, String) {
            let simulation = try Self.simulation(1.1, seed: 7)
            let replay = try simulation.replay(placement: .random, settings: Self.settings(policy))
            let run = JobSimulationReport.Run(
                replay, of: simulation, policy: "random", queue: policy.rawValue, isTimed: false)
            let report = JobSimulationReport(
                fleet: .init(name: "two", nodes: 2, gpus: 8), trace: .init(simulation.trace, gpus: 8, seed: 7),
                runs: [run])
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return (try encoder.encode(report), JobSimulationPage.html(report, title: "a<b & \"c\""))
        }
        let (first, page) = try made()
        let (second, samePage) = try made()
        #expect(first == second)
        #expect(page == samePage)
        for link in ["http:", "https:", "src=", "@import", "url("] { #expect(!page.contains(link)) }
        #expect(page.contains("<h1>a&lt;b &amp; &quot;c&quot;</h1>"))
        // Well-formed: the pictures are XML as they stand.
        var rest = page[...]
        var pictures = 0
        while let start = rest.range(of: "<svg"), let end = rest.range(of: "</svg>") {
            #expect(Self.isBalanced(rest[start.lowerBound..<end.upperBound]))
            rest = rest[end.upperBound...]
            pictures += 1
        }
        #expect(pictures == 5)
        let object = try #require(JSONSerialization.jsonObject(with: first) as? [String: Any])
        #expect(object["schema"] as? String == "divvy.v1/JobSimulationReport")
        let run = try #require((object["runs"] as? [[String: Any]])?.first)
        let planning = try #require(run["planning"] as? [String: Any])
        #expect(planning["plansPerSecond"] is NSNull)
        #expect(run["pictures"] == nil)
    }

    /// Whether every element that is opened is closed, in order.
    private static func isBalanced(_ picture: Substring) -> Bool {
        var open: [Substring] = []
        for tag in picture.split(separator: "<").map({ $0.prefix { $0 != ">" } }) {
            if tag.hasSuffix("/") { continue }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else {
                open.append(tag.prefix { $0 != " " })
            }
        }
        return open.isEmpty
    }

    @Test func `samples are means over time and are thinned out when there are many`() throws {
        let simulation = try Self.simulation(0.9, seed: 8)
        let replay = try simulation.replay(placement: .bestFit, settings: Self.settings(.easy))
        let samples = replay.meter.samples
        #expect(samples.count <= 600)
        let waiting = samples.reduce(0) { $0 + $1.waiting * $1.seconds }
        #expect(abs(waiting - replay.meter.all.waiting) < 1e-6 * max(waiting, 1))
        #expect(samples.allSatisfy { $0.allocatedMilli <= 8000.001 && $0.fragmentedMilli <= 8000 })
    }

    @Test func `plans at a distance change who starts when, not how much is done`() throws {
        let trace = try JobSamples.workload(100, load: 1, seed: 9)
        let fleet = JobSamples.fleet(nodes: 2, gpus: 4)
        let often = try JobSimulation(trace, on: fleet).replay(placement: .bestFit, settings: Self.settings(.easy))
        let seldom = try JobSimulation(trace, on: fleet, planEvery: Span(seconds: 60)).replay(
            placement: .bestFit, settings: Self.settings(.easy))
        #expect(seldom.plans.decisions < often.plans.decisions)
        #expect(seldom.histories.allSatisfy { $0.end == .done })
    }

    @Test(arguments: [QueuePolicyName.fifo, .easy, .fair, .preempt])
    func `nobody matters to a plan who stands beyond its depth in a line`(policy: QueuePolicyName) throws {
        let simulation = try Self.simulation(1.6, seed: 10)
        var settings = Self.settings(policy)
        settings.depth = 5
        let short = try simulation.replay(placement: .bestFit, settings: settings)
        #expect(short.meter.longestQueue > 20)
        // With ageing the planner is handed everybody; nobody waits for so long that it changes an order.
        settings.ageing = Span(seconds: 1_000_000_000)
        let whole = try simulation.replay(placement: .bestFit, settings: settings)
        #expect(JobSamples.starts(short) == JobSamples.starts(whole))
    }
}
