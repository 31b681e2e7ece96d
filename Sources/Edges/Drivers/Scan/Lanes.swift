import Fleet

/// What driver jobs are about; of each kind at most one is under way.
enum Lane: Hashable, Sendable {
    case session
    case count
    case gpu(Int)
    case topology
    case processes
    case users

    /// The others ask the operating system only.
    var callsDriver: Bool { self != .processes && self != .users }
}

/// Why a job gave no result.
struct NoAnswer: Error, Sendable {
    /// Such as `driver call nvmlDeviceGetName did not return in 5 s`.
    let words: String
}

/// Starts driver jobs, waits for them no longer than allowed, and keeps off what still hangs.
///
/// It belongs to one thread.
struct Lanes {
    private struct Hung {
        let isFinished: () -> Bool
        let words: String
    }

    let threads: DriverThreads
    private var hung: [Lane: Hung] = [:]

    init(threads: DriverThreads) {
        self.threads = threads
    }

    /// Whether a job of a lane was given up and has not returned yet.
    func hangs(_ lane: Lane) -> Bool { hung[lane].map { !$0.isFinished() } ?? false }

    /// Whether any job that calls the driver hangs.
    var anyDriverCallHangs: Bool { hung.keys.contains { $0.callsDriver && hangs($0) } }

    /// Starts a job.
    /// - Throws: at once when an earlier job of the same lane hangs, or too many of all lanes.
    mutating func start<Result: Sendable>(
        _ lane: Lane, _ body: @escaping @Sendable (CallWatch) -> Result
    ) throws(NoAnswer) -> DriverThreads.Job<Result> {
        if let earlier = hung[lane] {
            guard earlier.isFinished() else { throw NoAnswer(words: earlier.words) }
            hung[lane] = nil
        }
        guard let job = threads.start(body) else {
            throw NoAnswer(words: "\(threads.limit) driver calls hang, and no other is made until one returns")
        }
        return job
    }

    /// Waits for a job.
    /// - Parameter allowed: how long it was given in all; for the words only.
    /// - Throws: when the job was not done by the deadline; then it is given up.
    mutating func result<Result: Sendable>(
        of job: DriverThreads.Job<Result>, in lane: Lane, by deadline: Deadline, allowed: Fleet.Span
    ) throws(NoAnswer) -> Result {
        if let result = job.result(by: deadline) { return result }
        let call = job.watch.call.map { "driver call \($0)" } ?? "the driver"
        let words = "\(call) did not return in \(Self.words(for: allowed))"
        hung[lane] = Hung(isFinished: { job.isFinished }, words: words)
        throw NoAnswer(words: words)
    }

    /// Starts a job and waits for it.
    mutating func run<Result: Sendable>(
        _ lane: Lane, within allowed: Fleet.Span, _ body: @escaping @Sendable (CallWatch) -> Result
    ) throws(NoAnswer) -> Result {
        let deadline = Deadline.after(allowed)
        let job = try start(lane, body)
        return try result(of: job, in: lane, by: deadline, allowed: allowed)
    }

    private static func words(for span: Fleet.Span) -> String {
        span.nanoseconds % 1_000_000_000 == 0
            ? "\(span.nanoseconds / 1_000_000_000) s" : "\(span.nanoseconds / 1_000_000) ms"
    }
}
