package import Fleet

/// What is changed about a trace before it is replayed.
package struct TraceBend: Hashable, Sendable {
    /// How long the times are that users ask for, where the trace does not tell.
    package enum Limits: Hashable, Sendable {
        /// None asks for a time, and none that the trace has counts.
        case noLimit
        /// As long as the job runs.
        case exact
        /// So many times as long as the job runs.
        case times(Double)
        /// As people guess: up to five times as long, at random, rounded up to a time that people write.
        case guess
    }

    /// Only jobs submitted from here on, and before here, counted from the first submission.
    package var from = Span.zero
    package var until: Span?
    /// Submissions follow each other so many times as fast; durations stay. More load on the same fleet.
    package var speed = 1.0
    /// Every share becomes a whole GPU with all its memory; what it keeps busy stays what it was.
    package var isWhole = false
    /// nil leaves the trace's own limits.
    package var limits: Limits?
    /// For what is random.
    package var seed: UInt64 = 1

    package init() {}
}

extension JobTrace {
    /// The trace with changes; the first job left comes at zero.
    package func bent(by bend: TraceBend) -> JobTrace {
        var generator = SeededGenerator(seed: bend.seed ^ 0x4C49_4D49_5453)
        var kept: [Job] = []
        for var job in jobs {
            // Drawn for every job, so that a window does not change what the jobs in it ask for.
            if let limits = bend.limits { job.limit = limits.limit(of: job, using: &generator) }
            guard job.submit >= bend.from, job.submit < bend.until ?? Span(nanoseconds: .max) else { continue }
            if bend.isWhole {
                job.share = .whole
                job.memory = nil
            }
            job.submit = Span(nanoseconds: Int64((Double(job.submit.nanoseconds) / bend.speed).rounded()))
            kept.append(job)
        }
        return JobTrace(kept, queues: queues, tenants: tenants)
    }
}

extension TraceBend.Limits {
    /// Times that people write, in seconds: five minutes to thirty days.
    private static let written: [Int64] =
        [5, 10, 15, 30].map { $0 * 60 } + [1, 2, 4, 8, 12].map { $0 * 3600 }
        + [1, 2, 3, 5, 7, 14, 30].map { $0 * 86_400 }

    func limit(of job: Job, using generator: inout some RandomNumberGenerator) -> Span? {
        switch self {
        case .noLimit: return nil
        case .exact: return job.duration
        case .times(let times):
            return Span(nanoseconds: Int64((Double(job.duration.nanoseconds) * times).rounded()))
        case .guess:
            let wide = Double(generator.next() >> 11) / 9_007_199_254_740_992
            let least = job.duration.seconds * (1 + 4 * wide)
            let rounded = Self.written.first { Double($0) >= least }
            return max(rounded.map { Span(seconds: $0) } ?? job.duration, job.duration)
        }
    }
}
