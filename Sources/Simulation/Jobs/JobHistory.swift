package import Fleet
package import Placement

/// What became of one job.
package struct JobHistory: Hashable, Sendable {
    package enum End: Hashable, Sendable {
        /// It ran as long as it needed.
        case done
        /// It was stopped at the limit that was asked for.
        case cut
        /// Nothing on the fleet could ever serve it, so it was refused when it came.
        case refused
        /// It still waited when nothing could happen any more.
        case neverStarted
    }

    package var end: End?
    package var firstStart: Moment?
    package var ended: Moment?
    /// All the time in the queue, also after having been stopped for another.
    package var waited = Span.zero
    package var preemptions = 0
    /// GPU time that was spent and had to be spent again.
    package var lostGPUSeconds = 0.0
    /// The first start that it was promised when it had to wait.
    package var promised: Moment?
}

/// GPUs held by a job from one moment to another, for pictures and for checks.
package struct HeldRoom: Hashable, Sendable {
    package let job: Int
    package let from: Moment
    package let until: Moment
    package let placement: PoolPlacement
}

/// Everything that came of one replay.
package struct JobReplay: Sendable {
    /// One for each job, in the trace's order.
    package var histories: [JobHistory] = []
    /// In the order of their ends.
    package var held: [HeldRoom] = []
    package var meter: JobMeter
    package var plans = DecisionTimes()
}
