/// The threads that driver calls run on: a call that hangs takes a thread with it and nothing else.
///
/// A job goes to an idle thread, or to a new one when there is none. A job that its owner has given up keeps its
/// thread until the driver returns. Those are counted, and at the limit no job is taken in until one has returned.
final class DriverThreads: Sendable {
    /// Does the work and gives back what tells its owner.
    fileprivate typealias Work = @Sendable () -> (@Sendable () -> Void)

    fileprivate struct State {
        var waiting: [Work] = []
        var idle = 0
        /// Jobs that were given up and have not returned.
        var abandoned = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    let limit: Int

    /// - Parameter limit: how many threads may hang at the same time.
    init(limit: Int) {
        self.limit = limit
    }

    deinit {
        state.change { $0.isClosed = true }
    }

    /// How many jobs hang.
    var abandoned: Int { state.withLock(\.abandoned) }

    /// Starts `body` on a driver thread; nil when too many jobs hang or the system gives no more threads.
    func start<Result: Sendable>(_ body: @escaping @Sendable (CallWatch) -> Result) -> Job<Result>? {
        let job = Job<Result>(threads: state)
        let work: Work = {
            let result = body(job.watch)
            return { job.finish(result) }
        }
        let needsThread: Bool? = state.change { state in
            guard state.abandoned < limit, !state.isClosed else { return nil }
            state.waiting.append(work)
            return state.waiting.count > state.idle
        }
        guard let needsThread else { return nil }
        if needsThread {
            state.withLock { $0.idle += 1 }
            let state = state
            guard startThread({ Self.serve(state) }) else {
                // The job stays in line for the next thread that becomes idle.
                state.withLock { $0.idle -= 1 }
                return job
            }
        }
        return job
    }

    /// What a driver thread does: it is counted as idle whenever it waits for work.
    private static func serve(_ state: Monitor<State>) {
        while true {
            let work: Work?? = state.wait { state in
                if !state.waiting.isEmpty {
                    state.idle -= 1
                    return .some(state.waiting.removeFirst())
                }
                return state.isClosed ? .some(nil) : nil
            }
            guard let work, let work else { return }
            let tellOwner = work()
            // Idle before the owner knows, so that its next job finds this thread and starts no other.
            state.withLock { $0.idle += 1 }
            tellOwner()
        }
    }

    /// Something that was given to a driver thread.
    final class Job<Result: Sendable>: Sendable {
        private enum Progress {
            case running
            case abandoned
            case finished(Result)
        }

        let watch = CallWatch()
        private let progress = Monitor(Progress.running)
        private let threads: Monitor<State>

        fileprivate init(threads: Monitor<State>) {
            self.threads = threads
        }

        /// Waits for the result.
        ///
        /// When it is not there by the deadline the job is given up: nil.
        func result(by deadline: Deadline) -> Result? {
            let result: Result? = progress.wait(until: deadline) { progress in
                if case .finished(let result) = progress { result } else { nil }
            }
            if let result { return result }
            return progress.withLock { progress in
                switch progress {
                case .finished(let result): return result
                case .abandoned: return nil
                case .running:
                    progress = .abandoned
                    threads.withLock { $0.abandoned += 1 }
                    return nil
                }
            }
        }

        var isFinished: Bool {
            progress.withLock { if case .finished = $0 { true } else { false } }
        }

        fileprivate func finish(_ result: Result) {
            progress.change { progress in
                if case .abandoned = progress { threads.withLock { $0.abandoned -= 1 } }
                progress = .finished(result)
            }
        }
    }
}
