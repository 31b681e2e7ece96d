import ArgumentParser
import Fleet
import Placement
import Presentation
import Simulation

extension PolicyName: ExpressibleByArgument {}

struct SimulateOpenB: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openb",
        abstract: "Place a trace of the openb family, by one policy or several.",
        discussion: """
            Without --steady it is the published Monte-Carlo protocol: the pods come
            in a random order, copies are added until they ask for --load times all
            GPUs, none leaves, and what does not fit is dropped. With --steady they
            come at random times and stay for random times.

            Policies:
            \(PolicyName.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))

            Examples:
              divvy simulate openb --nodes nodes.csv --pods pods.csv --policy fgd,divvy
              divvy simulate openb --nodes nodes.csv --pods pods.csv --policy all -o json
              divvy simulate openb --nodes nodes.csv --pods pods.csv --steady 0.95
            """)

    @Option(
        help: ArgumentHelp("Nodes, as CSV with sn, cpu_milli, memory_mib, gpu and model.", valueName: "file"),
        completion: .file(extensions: ["csv"]))
    var nodes: String

    @Option(
        help: ArgumentHelp("Pods, as CSV with name, cpu_milli, memory_mib, num_gpu, gpu_milli.", valueName: "file"),
        completion: .file(extensions: ["csv"]))
    var pods: String

    @Option(help: ArgumentHelp("Policies with commas between, or all.", valueName: "names"))
    var policy = "fgd,divvy"

    @Option(help: ArgumentHelp("One seed, several (1,2,3) or a range (42-51).", valueName: "seeds"))
    var seeds = "42-51"

    @Option(help: ArgumentHelp("Demand in parts of all GPUs, 0.01 to 10; 1.3 unless said.", valueName: "load"))
    var load: Double?

    @Option(help: ArgumentHelp("Offered demand in parts of all GPUs, with departures.", valueName: "load"))
    var steady: Double?

    @Option(help: ArgumentHelp("Repeat or leave out nodes until there are so many.", valueName: "nodes"))
    var fleetSize: Int?

    @Flag(help: "Measure no times: the same seeds give the same bytes.")
    var noTiming = false

    @Option(help: ArgumentHelp("Write a page with pictures.", valueName: "file"), completion: .file())
    var report: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("How it is written.", valueName: "format"))
    var output = FormatChoice<DocumentFormats>(.table)

    func validate() throws {
        guard load == nil || steady == nil else { throw ValidationError("--load and --steady contradict each other") }
        for (name, value) in [("--load", load), ("--steady", steady)] {
            guard let value else { continue }
            guard value >= 0.01, value <= 10 else { throw ValidationError("\(name) takes 0.01 to 10, not \(value)") }
        }
        if let fleetSize, !(1...1_000_000).contains(fleetSize) {
            throw ValidationError("--fleet-size takes 1 to 1000000, not \(fleetSize)")
        }
        _ = try policies()
        _ = try seedList()
    }

    func run() throws {
        let simulation = OpenBSimulation(
            try trace(), policies: try policies(), demand: steady.map { .steady(load: $0) } ?? .fill(load: load ?? 1.3),
            seeds: try seedList())
        let clock: ReadClock? = noTiming ? nil : { @Sendable in MonotonicClock.nanoseconds }
        var runs: [SimulationReport.Run] = []
        let seedCount = try seedList().count
        let policies = try policies()
        for (place, policy) in policies.enumerated() {
            runs.append(
                simulation.run(policy, clock: clock) { done in
                    ProgressBar.show(
                        "\(policy.rawValue)", done: place * seedCount + done, of: policies.count * seedCount)
                })
        }
        ProgressBar.clear()
        let document = SimulationReport(runs: runs)
        if let report { try Files.write(SimulationPage.html(document, title: pods), to: report) }
        switch output.format {
        case .json: Console.print(try JSONValue(document).pretty)
        case .yaml: Console.print(try JSONValue(document).yaml)
        default: Console.print(Self.table(runs).lines(palette: Console.palette()))
        }
    }

    private func trace() throws -> OpenBTrace {
        do {
            let trace = try OpenBTrace(
                nodes: try Files.readTrace(nodes), named: nodes, pods: try Files.readTrace(pods), named: pods)
            return fleetSize.map { trace.scaled(toNodes: $0) } ?? trace
        } catch let error as TraceError {
            throw Failure(.badData, "\(error)")
        }
    }

    private func policies() throws -> [PolicyName] {
        if policy == "all" { return PolicyName.allCases }
        return try policy.split(separator: ",").map { name in
            guard let known = PolicyName(rawValue: String(name)) else {
                let names = PolicyName.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no policy \(name); there are \(names)")
            }
            return known
        }
    }

    private func seedList() throws -> [UInt64] {
        let refusal = ValidationError("--seeds takes 42, 1,2,3 or 42-51 (at most 10000 seeds), not \(seeds)")
        var all: [UInt64] = []
        for part in seeds.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                last - first < 10_000, all.count < 10_000
            else { throw refusal }
            all += first...last
        }
        return all
    }

    private static func table(_ runs: [SimulationReport.Run]) -> Table {
        let percents = Set(runs.flatMap(\.allocatedPercent.keys)).sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        let isSteady = runs.contains { $0.steady != nil }
        let headings =
            ["POLICY"] + percents.map { "ALLOCATED@\($0)" } + (isSteady ? ["ALLOCATED", "LOST"] : [])
            + ["IDLE GPUS", "GANG GPUS", "DECISIONS/S", "P99"]
        let rows = runs.map { run in
            [Cell(run.policy)] + percents.map { Cell(percent(run.allocatedPercent[$0])) }
                + (isSteady
                    ? [Cell(percent(run.steady?.allocatedPercent)), Cell(percent(run.steady?.lostDemandPercent))] : [])
                + [
                    Cell("\(run.unallocatedGPUs)"), Cell("\(run.gangGPUs)"),
                    run.decisionsPerSecond.map { Cell("\(Int($0))") } ?? .none,
                    run.decisionP99Microseconds.map { Cell("\($0) us") } ?? .none,
                ]
        }
        return Table(headings: headings, alignments: [.left] + headings.dropFirst().map { _ in .right }, rows: rows)
    }

    private static func percent(_ value: Double?) -> String { value.map { "\($0) %" } ?? "-" }
}
