/// Turns the options of a request into a `Request`; every door of Divvy uses it.
package enum RequestParser {
    /// Reads the options; the notes are sentences for people about what was understood in an unusual way.
    ///
    /// What this release cannot grant is read all the same: ask `Request.unsupportedToday()` afterwards. The first
    /// mistake is thrown.
    package static func parse(_ options: RequestOptions) throws(RequestError) -> (Request, notes: [String]) {
        var request = Request()
        var amount: AmountText?
        var notes: [String] = []
        if let text = options.gpus {
            let gpus = try GPUOption(text)
            amount = gpus.selector.amount
            request.models = gpus.selector.models
            request.gpuMemory = gpus.selector.memory
            request.devices = gpus.devices
            request.driver = gpus.driver
            request.capabilities = gpus.capabilities
            notes = gpus.notes
        }
        if let text = options.nodes { request.nodes = try WordText.nodes(text) }
        if let text = options.gpuMemory {
            request.memory = try SizeText.parseRange(Piece(option: "--gpu-memory", text: text))
        }
        if let text = options.grade { request.minimumGrade = try WordText.parse(text, option: "--grade") }
        if let text = options.share { request.sharing = try WordText.parse(text, option: "--share") }
        if let text = options.burst { request.burst = try WordText.burst(text) }
        if let text = options.gpuMemorySpill {
            request.spill = try SizeText.parse(Piece(option: "--gpu-memory-spill", text: text))
        }
        if let text = options.topology { request.topology = try WordText.parse(text, option: "--topology") }
        if let text = options.antiAffinity { request.antiAffinity = try WordText.antiAffinity(text) }
        if let text = options.placement { request.placement = try WordText.parse(text, option: "--placement") }
        if let text = options.for { request.duration = try DurationText.parse(Piece(option: "--for", text: text)) }
        if let text = options.queue { request.queue = try WordText.queue(text) }
        if let text = options.reservation { request.reservation = try WordText.reservation(text) }
        if let text = options.priority { request.priority = try WordText.priority(text) }
        request.patience = try patience(options)

        request.count = amount?.count ?? CountRange(exactly: max(1, request.devices.count))
        let slices = try options.slice.map { (text) throws(RequestError) in try WordText.slices(text) }
        let compute = try options.compute.map { (text) throws(RequestError) in try ComputeText.parse(text) }
        request.portion = portion(amount, slices: slices, compute: compute, in: request)
        try check(request, amount: amount, options)
        return (request, notes)
    }

    /// As `parse(_:)`, from an argument list that holds nothing but request options.
    package static func parse(arguments: [String]) throws(RequestError) -> (Request, notes: [String]) {
        try parse(RequestOptions(arguments: arguments))
    }

    /// Whether a word is a length of time as `--for` and `--wait` take it: `90s`, `1h30m`.
    package static func isLengthOfTime(_ word: String) -> Bool {
        (try? DurationText.parse(Piece(option: "--wait", text: word))) != nil
    }

    /// How much of each GPU: as written; else, where only memory is named, in proportion to it; else all of it.
    private static func portion(
        _ amount: AmountText?, slices: [String]?, compute: Compute?, in request: Request
    ) -> Request.Portion {
        if let slices { return .slice(profiles: slices) }
        if let compute { return .compute(compute) }
        switch amount?.portion {
        case .share(let share): return .share(share)
        case .memory: return .memory
        case .whole: return .whole
        case nil:
            let isExclusive = request.sharing == .exclusive || request.minimumGrade == .exclusive
            return isExclusive || request.memory == nil ? .whole : .memory
        }
    }

    private static func patience(_ options: RequestOptions) throws(RequestError) -> Request.Patience {
        guard let wait = options.wait else { return options.noWait ? .refuse : .wait(limit: nil) }
        let piece = try Piece(option: "--wait", text: wait ?? "")
        if options.noWait {
            throw piece.failure("it contradicts --no-wait", hint: "give one of the two")
        }
        guard wait != nil else { return .wait(limit: nil) }
        return .wait(limit: try DurationText.parse(piece))
    }

    /// What a share may use beyond its own only makes sense for shares, and for means that know of it.
    private static func checkUseOfTheRest(_ request: Request, _ options: RequestOptions) throws(RequestError) {
        for (option, text) in [("--burst", options.burst), ("--gpu-memory-spill", options.gpuMemorySpill)] {
            guard let text else { continue }
            let piece = try Piece(option: option, text: text)
            if !request.isOfShares {
                throw piece.failure(
                    "only a part of a GPU has something beyond it", hint: "ask for a part (--gpus 0.5), or leave it out"
                )
            }
            if request.sharing == .time {
                throw piece.failure("a share by time is held by nothing", hint: "leave --share out, or \(option)")
            }
            if request.sharing == .mps, option == "--gpu-memory-spill" || request.burst == .any {
                throw piece.failure(
                    "multi-process service keeps every share within a bound, and in the GPU's memory",
                    hint: "leave --share out, or \(option)")
            }
        }
        if case .upTo(let most)? = request.burst, case .share(let share) = request.portion, most < share {
            throw try Piece(option: "--burst", text: options.burst ?? "").failure(
                "it is less than the share itself, \(share)", hint: "write \"no\", \"any\" or at least \(share)")
        }
    }

    /// What each option allows by itself but not together with the others.
    private static func check(_ request: Request, amount: AmountText?, _ options: RequestOptions) throws(RequestError) {
        func failure(_ option: String, _ text: String?, _ message: String, _ hint: String) throws(RequestError) {
            let piece = try Piece(option: option, text: text ?? "")
            throw piece.failure(message, hint: hint)
        }
        if case .slice = request.portion {
            if amount?.portion ?? .whole != .whole {
                try failure(
                    "--gpus", options.gpus, "a part of a GPU and --slice contradict each other",
                    "with --slice, --gpus says on how many GPUs: \"2\"")
            }
            if let sharing = request.sharing, sharing != .mig {
                try failure(
                    "--share", options.share, "a slice is shared by \"mig\" only", "leave --share out, or --slice")
            }
        }
        if case .compute = request.portion, amount?.portion ?? .whole != .whole {
            try failure(
                "--gpus", options.gpus, "a part of a GPU and --compute contradict each other",
                "with --compute, --gpus says on how many GPUs: \"2\"")
        }
        if options.compute != nil, options.slice != nil {
            try failure(
                "--compute", options.compute, "an amount of compute and --slice contradict each other",
                "give one of the two")
        }
        if request.nodes > 1, !request.devices.isEmpty {
            try failure(
                "--nodes", options.nodes, "GPUs named one by one are on one node",
                "leave --nodes out, or say how many GPUs of each node: --gpus 2")
        }
        if request.nodes > 1, request.topology == .sameNode {
            try failure(
                "--topology", options.topology, "same-node and --nodes \(request.nodes) contradict each other",
                "give one of the two")
        }
        if request.portion == .memory, request.memory == nil {
            try failure("--gpus", options.gpus, "\"memory\" needs an amount", "add --gpu-memory, such as 24GiB")
        }
        try checkUseOfTheRest(request, options)
        guard request.portion != .whole else { return }
        let hint = "ask for whole GPUs (--gpus 1) or leave it out"
        if request.sharing == .exclusive {
            try failure("--share", options.share, "a part of a GPU cannot be exclusive", hint)
        }
        if request.minimumGrade == .exclusive {
            try failure("--grade", options.grade, "a part of a GPU cannot be exclusive", hint)
        }
    }
}
