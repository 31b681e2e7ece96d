import ArgumentParser
import Fleet
import Placement
import Presentation
import Simulation

struct SimulateJobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "Replay jobs with their times, by one queue policy or several.",
        discussion: """
            The daemon's planner and pool run on a virtual clock: jobs are submitted
            when the trace says, wait, start, end, and are stopped for others where
            the queue policy does that. The same seed and input give the same bytes
            with --no-timing.

            Formats of a trace:
              philly: the published file, timestamp,duration,num_gpus,gpu_time,cluster;
                whole GPUs, a queue and a tenant for each cluster
              csv: a heading with submit,duration,gpus (seconds, seconds, count) and, in
                any order, share (0.001 to 1), memory_gib, queue, tenant, priority,
                limit (seconds), nodes, model; fields are not quoted

            Queue policies:
            \(QueuePolicyName.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))

            Examples:
              divvy simulate jobs --trace philly.csv --format philly --fleet dgx-a100x64
              divvy simulate jobs --trace jobs.csv --fleet dgx-h100x8,4x-t4x20 \\
                --policy divvy --queue fifo,easy,fair --report page.html
              divvy simulate jobs --trace jobs.csv --fleet dgx-a100x4 --whole
            """)

    @Option(help: ArgumentHelp("Jobs with their times.", valueName: "file"), completion: .file(extensions: ["csv"]))
    var trace: String

    @Option(help: ArgumentHelp("How the trace is written: philly or csv.", valueName: "format"))
    var format = JobFormat.csv

    @Option(
        help: ArgumentHelp(
            "Nodes by profile and number, with commas between: dgx-a100x64,4x-t4x20.", valueName: "profiles"))
    var fleet: String

    @Option(help: ArgumentHelp("Placement policies with commas between, or all.", valueName: "names"))
    var policy = "best-fit"

    @Option(help: ArgumentHelp("Queue policies with commas between, or all.", valueName: "names"))
    var queue = "easy"

    @OptionGroup var bending: TraceBending

    @Option(help: ArgumentHelp("What a job does that was stopped for another: restart or resume.", valueName: "what"))
    var preempted = JobSimulation.AfterPreemption.restart

    @Option(
        help: ArgumentHelp("Plan no more often than this (30s); else whenever anything changes.", valueName: "time"))
    var planEvery: String?

    @Option(help: ArgumentHelp("How many who wait a plan looks at, 1 to 100000.", valueName: "jobs"))
    var depth = 100

    @Flag(help: "Measure no times: the same seeds give the same bytes.")
    var noTiming = false

    @Option(help: ArgumentHelp("Write a page with pictures.", valueName: "file"), completion: .file())
    var report: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("How it is written.", valueName: "format"))
    var output = FormatChoice<DocumentFormats>(.table)

    func validate() throws {
        _ = try policies()
        _ = try queuePolicies()
        _ = try bending.bend(hasLimits: true)
        _ = try planEvery.map { try TraceBending.span($0, "--plan-every") }
        guard (1...100_000).contains(depth) else { throw ValidationError("--depth takes 1 to 100000, not \(depth)") }
    }

    func run() throws {
        let nodes = try SimulatedFleet.nodes(fleet)
        let whole = try read()
        let bend = try bending.bend(hasLimits: whole.jobs.contains { $0.limit != nil })
        let bent = whole.bent(by: bend)
        guard !bent.jobs.isEmpty else { throw Failure(.badData, "--from and --until leave no job of \(trace)") }
        let simulation = JobSimulation(
            bent, on: nodes, afterPreemption: preempted,
            planEvery: try planEvery.map { try TraceBending.span($0, "--plan-every") } ?? .zero, seed: bend.seed)
        let clock: ReadClock? = noTiming ? nil : { @Sendable in MonotonicClock.nanoseconds }
        var runs: [JobSimulationReport.Run] = []
        for policy in try policies() {
            for queue in try queuePolicies() {
                let settings = queue.settings(queues: bent.queues, depth: depth)
                let replay = try simulation.replay(placement: policy, settings: settings, clock: clock) { ended in
                    ProgressBar.show("\(queue.rawValue), \(policy.rawValue)", done: ended, of: bent.jobs.count)
                }
                runs.append(
                    JobSimulationReport.Run(
                        replay, of: simulation, policy: policy.rawValue, queue: queue.rawValue, isTimed: !noTiming))
            }
        }
        ProgressBar.clear()
        let document = JobSimulationReport(
            fleet: .init(name: fleet, nodes: nodes.count, gpus: simulation.gpus),
            trace: .init(bent, gpus: simulation.gpus, seed: bend.seed), runs: runs)
        if let report { try Files.write(JobSimulationPage.html(document, title: trace), to: report) }
        switch output.format {
        case .json: Console.print(try JSONValue(document).pretty)
        case .yaml: Console.print(try JSONValue(document).yaml)
        default: Console.print(Self.table(document).lines(palette: Console.palette()))
        }
    }

    private func read() throws -> JobTrace {
        do {
            return try JobTrace.read(try Files.readTrace(trace), format: format, named: trace)
        } catch let error as TraceError {
            throw Failure(.badData, "\(error)")
        }
    }

    private func policies() throws -> [PolicyName] {
        try Self.choices(policy, "placement policy", PolicyName.allCases)
    }

    private func queuePolicies() throws -> [QueuePolicyName] {
        try Self.choices(queue, "queue policy", QueuePolicyName.allCases)
    }

    private static func choices<Name: RawRepresentable<String>>(
        _ text: String, _ what: String, _ all: [Name]
    ) throws -> [Name] {
        if text == "all" { return all }
        return try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let known = Name(rawValue: String(name)) else {
                throw ValidationError(
                    "there is no \(what) \"\(name)\"; there are \(all.map(\.rawValue).joined(separator: ", "))")
            }
            return known
        }
    }
}

extension JobFormat: ExpressibleByArgument {}
extension JobSimulation.AfterPreemption: ExpressibleByArgument {}
