import API
import ArgumentParser
import Fleet

/// What is asked for, in the words of `Request`.
struct RequestFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "N, all, 0.5, 1/4, MODEL:N, MODEL:MEMORY:N, device=ID, or as Docker takes it.", valueName: "gpus"))
    var gpus: String?

    @Option(help: ArgumentHelp("On how many different nodes, all or none of them.", valueName: "number"))
    var nodes: String?

    @Option(
        help: ArgumentHelp("So much compute, whichever GPU that is: 40tflops, 0.5xa100.", valueName: "compute"))
    var compute: String?

    @Option(help: ArgumentHelp("GPU memory on each GPU: 10GiB, 24G..80G.", valueName: "size"))
    var gpuMemory: String?

    @Option(help: ArgumentHelp("MIG profile by name or number: 3g.71gb.", valueName: "profile"))
    var slice: String?

    @Option(
        help: ArgumentHelp(
            "The weakest acceptable fence: \(Grade.allCases.reversed().map(\.rawValue).joined(separator: ", ")).",
            valueName: "grade"), completion: .list(Grade.allCases.map(\.rawValue)))
    var grade: String?

    @Option(
        help: ArgumentHelp(
            "By what means to share: \(Request.Sharing.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "means"), completion: .list(Request.Sharing.allCases.map(\.rawValue)))
    var share: String?

    @Option(help: ArgumentHelp("What a share may use while others idle: no, any, 0.8.", valueName: "burst"))
    var burst: String?

    @Option(
        help: ArgumentHelp("Host memory that stands in once the GPU's is used up: 8GiB.", valueName: "size"))
    var gpuMemorySpill: String?

    @Option(
        help: ArgumentHelp("\(Request.Topology.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"),
        completion: .list(Request.Topology.allCases.map(\.rawValue)))
    var topology: String?

    @Option(
        help: ArgumentHelp(
            "On no GPU, or with node:NAME on no node, with others that name the same.", valueName: "name"))
    var antiAffinity: String?

    @Option(help: ArgumentHelp("How the GPUs are chosen: best-fit, spread, fgd, ...", valueName: "policy"))
    var placement: String?

    @Option(help: ArgumentHelp("Give the lease back after this time: 2h, 30m.", valueName: "time"))
    var `for`: String?

    @Option(help: ArgumentHelp("The queue to wait in.", valueName: "queue"))
    var queue: String?

    @Option(help: ArgumentHelp("The reservation whose room to use.", valueName: "name"))
    var reservation: String?

    @Option(help: ArgumentHelp("Larger goes first.", valueName: "number"))
    var priority: String?

    @Option(
        defaultAsFlag: "", parsing: .next,
        help: ArgumentHelp(
            "Wait for room, at most this long; without a time, and without --no-wait, without limit.", valueName: "time"
        ))
    var wait: String?

    @Flag(help: "Fail with status 75 when there is no room now.")
    var noWait = false

    var options: RequestOptions {
        RequestOptions(
            gpus: gpus, nodes: nodes, slice: slice, compute: compute, gpuMemory: gpuMemory, grade: grade, share: share,
            burst: burst, gpuMemorySpill: gpuMemorySpill, topology: topology, antiAffinity: antiAffinity,
            placement: placement, for: `for`, queue: queue,
            reservation: reservation,
            priority: priority, wait: wait.map { $0.isEmpty ? String?.none : $0 }, noWait: noWait)
    }
}

/// A request that was understood, with what the API is to be sent.
struct ReadRequest {
    let request: Request
    let notes: [String]
    private let options: RequestOptions

    /// Reads the options before anybody is asked, so that a slip is pointed at where it was written.
    init(_ options: RequestOptions) throws {
        (request, notes) = try RequestParser.parse(options)
        self.options = options
        if let refusal = request.unsupportedToday() { throw refusal }
    }

    func body(name: String? = nil, keepAlive: String? = nil, holder: LeaseRequest.Holder? = nil) -> LeaseRequest {
        LeaseRequest(
            gpus: options.gpus, nodes: options.nodes == nil ? nil : request.nodes, compute: options.compute,
            slice: options.slice, gpuMemory: options.gpuMemory, grade: options.grade, share: options.share,
            burst: options.burst, gpuMemorySpill: options.gpuMemorySpill, topology: options.topology,
            antiAffinity: options.antiAffinity, placement: options.placement,
            duration: options.for,
            queue: options.queue, reservation: options.reservation, priority: request.priority,
            wait: options.wait.map { $0 ?? "" }, noWait: options.noWait ? true : nil,
            name: name, keepAlive: keepAlive, holder: holder)
    }
}
