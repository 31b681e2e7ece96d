package import Fleet
package import Placement
package import Queueing

/// Replays jobs with their times on a virtual clock, through the planner and the pool that the daemon uses.
package struct JobSimulation: Sendable {
    /// What becomes of a job that is stopped for another one. Either way it keeps its place in the queue.
    package enum AfterPreemption: String, Hashable, Sendable, CaseIterable {
        /// It starts over; what it did is lost.
        case restart
        /// It goes on from where it was, as one that saves its work when it is told to end.
        case resume
    }

    package let trace: JobTrace
    package let fleet: [NodeObservation]
    package let afterPreemption: AfterPreemption
    /// Plans follow each other at this distance at least; zero plans at every submission and every end.
    package let planEvery: Span
    /// For placement policies that draw.
    package let seed: UInt64

    package init(
        _ trace: JobTrace, on fleet: [NodeObservation], afterPreemption: AfterPreemption = .restart,
        planEvery: Span = .zero, seed: UInt64 = 1
    ) {
        self.trace = trace
        self.fleet = fleet
        self.afterPreemption = afterPreemption
        self.planEvery = planEvery
        self.seed = seed
    }

    /// All GPUs of the fleet.
    package var gpus: Int { fleet.reduce(0) { $0 + $1.node.gpus.count } }

    /// Replays the trace to the end of its last job.
    ///
    /// A function of its arguments and of the trace: the clock only measures how long plans take. `progress` is told
    /// how many jobs have ended, at every hundredth of them.
    package func replay(
        placement: PolicyName, settings: QueueingSettings, clock: ReadClock? = nil,
        progress: (_ ended: Int) -> Void = { _ in }
    ) throws(QueueTreeError) -> JobReplay {
        let tree = try QueueTree(settings.queues)
        var clockwork = JobClockwork(
            self, planner: Planner(tree, settings: settings, placement: placement),
            queues: trace.queues.map { tree.position(of: $0) ?? 0 })
        return clockwork.run(clock: clock, progress: progress)
    }
}
