import ArgumentParser
import Glibc
import Presentation
import Simulation

struct SimulateGenerate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make up jobs, nodes or pods of sizes that no trace has; written as CSV, line by line.",
        discussion: """
            Examples:
              divvy simulate generate jobs --count 20000 --load 0.9 --gpus 512 > jobs.csv
              divvy simulate generate nodes --count 100000 > nodes.csv
              divvy simulate generate pods --count 600000 > pods.csv
            """,
        subcommands: [SimulateGenerateJobs.self, SimulateGenerateNodes.self, SimulateGeneratePods.self])
}

/// Numbers that generators take.
private enum Bounds {
    static func check(_ option: String, _ value: Double, _ range: ClosedRange<Double>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(option) takes \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }

    static func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(option) takes \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }
}

/// Standard output in large pieces.
private struct LineStream {
    private var text = ""

    mutating func write(_ line: String) {
        text += line
        text += "\n"
        if text.utf8.count > 1 << 16 { flush() }
    }

    mutating func flush() {
        Console.write(text, to: STDOUT_FILENO)
        text = ""
    }
}

struct SimulateGenerateJobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "Make up jobs for divvy simulate jobs.",
        discussion: """
            They arrive at random times (Poisson) at the offered load, run for log-normal
            times, and belong to tenants by Zipf's law: the k-th submits in proportion
            to 1/k. What they ask for is drawn from the published openb trace's mix of
            shares, whole GPUs and gangs, or from the one that --shapes names.
            """)

    @Option(help: ArgumentHelp("How many jobs.", valueName: "jobs"))
    var count = 10_000

    @Option(help: ArgumentHelp("Demand in parts of the GPUs while jobs arrive.", valueName: "load"))
    var load = 0.9

    @Option(help: ArgumentHelp("The GPUs that the load is for.", valueName: "gpus"))
    var gpus = 64

    @Option(help: ArgumentHelp("Half of the jobs run for less; seconds.", valueName: "seconds"))
    var median = 1144.0

    @Option(help: ArgumentHelp("The standard deviation of the run time's logarithm.", valueName: "sigma"))
    var sigma = 1.785

    @Option(help: ArgumentHelp("No job runs for longer; seconds.", valueName: "seconds"))
    var longest = 604_800.0

    @Option(help: ArgumentHelp("How many tenants.", valueName: "tenants"))
    var tenants = 20

    @Option(help: ArgumentHelp("How many queues they are spread over.", valueName: "queues"))
    var queues = 4

    @Option(
        help: ArgumentHelp(
            "What jobs ask for: GPUs x share = weight, such as 1x0.25=40,1x1=50,8x1=10.", valueName: "shapes"))
    var shapes: String?

    @Option(
        help: ArgumentHelp("Draw what jobs ask for from a pod list of the openb family.", valueName: "file"),
        completion: .file(extensions: ["csv"]))
    var pods: String?

    @Option(help: ArgumentHelp("Another seed, other jobs.", valueName: "seed"))
    var seed: UInt64 = 1

    func validate() throws {
        try Bounds.check("--count", count, 1...100_000_000)
        try Bounds.check("--load", load, 0.001...100)
        try Bounds.check("--gpus", gpus, 1...10_000_000)
        try Bounds.check("--median", median, 1...1e9)
        try Bounds.check("--sigma", sigma, 0...10)
        try Bounds.check("--longest", longest, 1...1e9)
        try Bounds.check("--tenants", tenants, 1...1_000_000)
        try Bounds.check("--queues", queues, 1...1000)
        guard shapes == nil || pods == nil else { throw ValidationError("--shapes and --pods contradict each other") }
        if let shapes { _ = try Self.shapes(shapes) }
    }

    func run() throws {
        var generator = WorkloadGenerator()
        generator.count = count
        generator.load = load
        generator.gpus = gpus
        generator.medianSeconds = median
        generator.sigma = sigma
        generator.longestSeconds = longest
        generator.tenants = tenants
        generator.queues = queues
        generator.seed = seed
        if let shapes { generator.shapes = try Self.shapes(shapes) }
        if let pods {
            do {
                generator.shapes = try WorkloadGenerator.shapes(ofPods: try Files.readTrace(pods), named: pods)
            } catch let error as TraceError {
                throw Failure(.badData, "\(error)")
            }
        }
        var stream = LineStream()
        generator.write { stream.write($0) }
        stream.flush()
    }

    /// `1x0.25=40,8x1=10`.
    private static func shapes(_ text: String) throws -> [JobShape] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let halves = part.split(separator: "=", omittingEmptySubsequences: false)
            let amounts = (halves.first ?? "").split(separator: "x", omittingEmptySubsequences: false)
            guard halves.count == 2, amounts.count == 2, let gpus = Int(amounts[0]), (1...100_000).contains(gpus),
                let share = Double(amounts[1]), (0.001...1).contains(share), let weight = Double(halves[1]),
                weight > 0, weight <= 1e9
            else {
                throw ValidationError(
                    "--shapes does not take \"\(part)\"; write GPUs, x, the share of each, = and a weight: 1x0.25=40")
            }
            return JobShape(gpus: gpus, milli: Int((share * 1000).rounded()), weight: weight)
        }
    }
}

struct SimulateGenerateNodes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "Make up nodes for divvy simulate openb, in the published cluster's proportions.")

    @Option(help: ArgumentHelp("How many nodes.", valueName: "nodes"))
    var count = 1000

    @Option(help: ArgumentHelp("Another seed, other nodes.", valueName: "seed"))
    var seed: UInt64 = 1

    func validate() throws { try Bounds.check("--count", count, 1...1_000_000) }

    func run() {
        var generator = ClusterGenerator()
        generator.count = count
        generator.seed = seed
        var stream = LineStream()
        generator.writeNodes { stream.write($0) }
        stream.flush()
    }
}

struct SimulateGeneratePods: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pods",
        abstract: "Make up pods for divvy simulate openb, in the published trace's proportions.")

    @Option(help: ArgumentHelp("How many pods.", valueName: "pods"))
    var count = 10_000

    @Option(help: ArgumentHelp("Another seed, other pods.", valueName: "seed"))
    var seed: UInt64 = 1

    func validate() throws { try Bounds.check("--count", count, 1...100_000_000) }

    func run() {
        var generator = ClusterGenerator()
        generator.count = count
        generator.seed = seed
        var stream = LineStream()
        generator.writePods { stream.write($0) }
        stream.flush()
    }
}
