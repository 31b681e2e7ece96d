package import Fleet

/// One job of a trace: when it came, what it asked for, and how long it ran.
package struct Job: Hashable, Sendable {
    /// When it was submitted, from the beginning of the trace.
    package var submit: Span
    /// How long it needs what it asked for, from start to end.
    package var duration: Span
    /// GPUs, or parts of so many different GPUs; at least 1.
    package var gpus: Int
    /// Of each GPU, in thousandths.
    package var share: Share
    /// What it keeps busy of each GPU that it holds; `share`, unless the trace was bent to whole GPUs.
    package var used: Share
    /// Memory on each GPU; nil for the share's part of it.
    package var memory: Bytes?
    /// Over how many nodes the GPUs are spread, the same number on each; 1 where it must fit one node, nil for any.
    package var nodes: Int?
    /// Words of a GPU's model; empty for any.
    package var model: String
    /// The position of its queue in `JobTrace.queues`, and of its tenant in `JobTrace.tenants`.
    package var queue: Int
    package var tenant: Int
    package var priority: Int
    /// The time that was asked for: the job is stopped there; nil where none was.
    package var limit: Span?

    package init(submit: Span, duration: Span, gpus: Int, share: Share = .whole) {
        self.submit = submit
        self.duration = duration
        self.gpus = gpus
        self.share = share
        used = share
        model = ""
        queue = 0
        tenant = 0
        priority = 0
    }

    /// How long it holds its GPUs: to its end, or to the limit where that comes first.
    package var held: Span { limit.map { min($0, duration) } ?? duration }

    /// Thousandths of a GPU that it holds while it runs.
    package var milliGPU: Int64 { Int64(gpus) * Int64(share.milli) }
}

/// Jobs with their times, in the order of submission.
package struct JobTrace: Sendable {
    package var jobs: [Job]
    /// The names of queues, sorted.
    package var queues: [String]
    /// The names of tenants, sorted.
    package var tenants: [String]

    /// Puts jobs in the order of submission, and of the list where two came at once. The first comes at zero.
    package init(_ jobs: [Job], queues: [String] = ["default"], tenants: [String] = ["default"]) {
        let first = jobs.map(\.submit).min() ?? .zero
        let order = jobs.indices.sorted { (jobs[$0].submit, $0) < (jobs[$1].submit, $1) }
        self.jobs = order.map { place in
            var job = jobs[place]
            job.submit = job.submit - first
            return job
        }
        self.queues = queues
        self.tenants = tenants
    }

    /// GPU time that the jobs hold if all of them run to their end once, in GPU-seconds.
    package var heldGPUSeconds: Double {
        jobs.reduce(0) { $0 + $1.held.seconds * Double($1.milliGPU) / 1000 }
    }

    /// From the first submission to the last.
    package var span: Span { jobs.last?.submit ?? .zero }

    /// The load that the trace offers to so many GPUs, in parts of them; nil for a trace that comes all at once.
    package func offeredLoad(gpus: Int) -> Double? {
        span > .zero && gpus > 0 ? heldGPUSeconds / (span.seconds * Double(gpus)) : nil
    }
}

/// Gives names places in their sorted order.
struct NameTable {
    private var places: [Substring: Int] = [:]
    private var names: [Substring] = []

    /// A provisional place: `sorted()` says what it becomes.
    mutating func place(of name: Substring) -> Int {
        if let place = places[name] { return place }
        places[name] = names.count
        names.append(name)
        return names.count - 1
    }

    /// The names in order, and for each provisional place the one in that order.
    func sorted() -> (names: [String], places: [Int]) {
        let order = names.indices.sorted { names[$0] < names[$1] }
        var final = [Int](repeating: 0, count: names.count)
        for (place, old) in order.enumerated() { final[old] = place }
        return (order.map { String(names[$0]) }, final)
    }
}
