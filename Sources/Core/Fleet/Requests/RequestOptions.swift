/// A request as it was written: the options' values, not yet understood.
package struct RequestOptions: Hashable, Sendable {
    package var gpus: String?
    package var nodes: String?
    package var slice: String?
    package var compute: String?
    package var gpuMemory: String?
    package var grade: String?
    package var share: String?
    package var burst: String?
    package var gpuMemorySpill: String?
    package var topology: String?
    package var antiAffinity: String?
    package var placement: String?
    package var `for`: String?
    package var queue: String?
    package var reservation: String?
    package var priority: String?
    /// Nil when `--wait` was not given; a nil inside when it was given without a time.
    package var wait: String??
    package var noWait: Bool

    package init(
        gpus: String? = nil, nodes: String? = nil, slice: String? = nil, compute: String? = nil,
        gpuMemory: String? = nil, grade: String? = nil, share: String? = nil, burst: String? = nil,
        gpuMemorySpill: String? = nil, topology: String? = nil, antiAffinity: String? = nil, placement: String? = nil,
        for duration: String? = nil, queue: String? = nil,
        reservation: String? = nil,
        priority: String? = nil, wait: String?? = nil, noWait: Bool = false
    ) {
        self.gpus = gpus
        self.nodes = nodes
        self.slice = slice
        self.compute = compute
        self.gpuMemory = gpuMemory
        self.grade = grade
        self.share = share
        self.burst = burst
        self.gpuMemorySpill = gpuMemorySpill
        self.topology = topology
        self.antiAffinity = antiAffinity
        self.placement = placement
        self.for = duration
        self.queue = queue
        self.reservation = reservation
        self.priority = priority
        self.wait = wait
        self.noWait = noWait
    }
}

extension RequestOptions {
    private static var valued: [(name: String, path: WritableKeyPath<RequestOptions, String?>)] {
        [
            ("--gpus", \.gpus), ("--nodes", \.nodes), ("--slice", \.slice), ("--compute", \.compute),
            ("--gpu-memory", \.gpuMemory), ("--grade", \.grade), ("--share", \.share), ("--burst", \.burst),
            ("--gpu-memory-spill", \.gpuMemorySpill), ("--topology", \.topology),
            ("--anti-affinity", \.antiAffinity), ("--placement", \.placement), ("--for", \.for), ("--queue", \.queue),
            ("--reservation", \.reservation), ("--priority", \.priority),
        ]
    }

    /// Reads an argument list that holds nothing but request options, as `Request.canonicalOptions` writes it.
    ///
    /// `--option value` and `--option=value` are the same; a time for `--wait` needs the equals sign.
    package init(arguments: [String]) throws(RequestError) {
        self.init()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let cut = argument.firstIndex(of: "=")
            let name = String(argument[..<(cut ?? argument.endIndex)])
            var value = cut.map { String(argument[argument.index(after: $0)...]) }
            func failure(_ message: String) -> RequestError {
                RequestError(
                    option: name, text: argument, range: 0..<name.utf8.count, message: message,
                    hint: "the options are \(Self.valued.map(\.name).joined(separator: ", ")), --wait and --no-wait")
            }
            if name == "--wait" {
                guard wait == nil else { throw failure("given twice") }
                wait = .some(value)
            } else if name == "--no-wait" {
                guard value == nil else { throw failure("takes no value") }
                noWait = true
            } else if let option = Self.valued.first(where: { $0.name == name }) {
                guard self[keyPath: option.path] == nil else { throw failure("given twice") }
                if value == nil { value = rest.popFirst() }
                guard let value else { throw failure("a value is missing") }
                self[keyPath: option.path] = value
            } else {
                throw failure("not an option of a request")
            }
        }
    }
}
