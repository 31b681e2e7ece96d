import Fleet

/// Adds up over time what is held, used and waited for.
package struct JobMeter: Sendable {
    /// What is true from one moment to the next.
    struct State {
        var allocatedMilli: Int64 = 0
        var usedMilli: Int64 = 0
        var waiting = 0
        var running = 0
    }

    /// Means over a stretch of time; the stretches of one replay are equally long, but for the last.
    package struct Sample: Hashable, Sendable {
        package var seconds: Double
        package var waiting: Double
        package var allocatedMilli: Double
        package var usedMilli: Double
        /// Free, and of no use to the mix of requests, at the stretch's end.
        package var fragmentedMilli: Double
    }

    /// Sums over time, in thousandths of a GPU times seconds, jobs times seconds, and seconds.
    package struct Sums: Hashable, Sendable {
        package var seconds = 0.0
        package var allocated = 0.0
        package var used = 0.0
        package var waiting = 0.0

        mutating func add(_ state: State, for seconds: Double) {
            self.seconds += seconds
            allocated += Double(state.allocatedMilli) * seconds
            used += Double(state.usedMilli) * seconds
            waiting += Double(state.waiting) * seconds
        }
    }

    package private(set) var all = Sums()
    /// While anything runs or waits.
    package private(set) var busy = Sums()
    /// While anything waits.
    package private(set) var pressed = Sums()
    /// Until the last submission.
    package private(set) var submitting = Sums()
    package private(set) var longestQueue = 0
    package private(set) var samples: [Sample] = []
    /// The length of a sample.
    package private(set) var step: Int64

    private let lastSubmission: Int64
    private var now: Int64 = 0
    private var current = Sums()

    /// More would not be seen in a picture.
    private static let mostSamples = 600

    init(lastSubmission: Moment) {
        self.lastSubmission = lastSubmission.nanoseconds
        step = max(lastSubmission.nanoseconds / 300, 1_000_000_000)
    }

    /// The state was so from where it was told last until `moment`; `fragmented` is asked at the end of a sample.
    mutating func pass(to moment: Moment, in state: State, fragmented: () -> Double) {
        longestQueue = max(longestQueue, state.waiting)
        while now < moment.nanoseconds {
            let sampleEnd = (now / step + 1) * step
            let next = min(sampleEnd, moment.nanoseconds)
            let seconds = Double(next - now) / 1e9
            all.add(state, for: seconds)
            if state.waiting > 0 || state.running > 0 { busy.add(state, for: seconds) }
            if state.waiting > 0 { pressed.add(state, for: seconds) }
            let submittingUntil = min(next, lastSubmission)
            if submittingUntil > now { submitting.add(state, for: Double(submittingUntil - now) / 1e9) }
            current.add(state, for: seconds)
            now = next
            if now == sampleEnd { endSample(fragmented: fragmented()) }
        }
    }

    /// Ends the last, shorter sample.
    mutating func finish(fragmented: Double) {
        if current.seconds > 0 { endSample(fragmented: fragmented) }
    }

    private mutating func endSample(fragmented: Double) {
        samples.append(
            Sample(
                seconds: current.seconds, waiting: current.waiting / current.seconds,
                allocatedMilli: current.allocated / current.seconds, usedMilli: current.used / current.seconds,
                fragmentedMilli: fragmented))
        current = Sums()
        if samples.count == Self.mostSamples { halve() }
    }

    /// Makes one sample of two, twice as long. Called at the end of an even number of samples.
    private mutating func halve() {
        samples = stride(from: 0, to: samples.count - 1, by: 2).map { place in
            let (first, second) = (samples[place], samples[place + 1])
            let seconds = first.seconds + second.seconds
            func mean(_ value: (Sample) -> Double) -> Double {
                (value(first) * first.seconds + value(second) * second.seconds) / seconds
            }
            return Sample(
                seconds: seconds, waiting: mean(\.waiting), allocatedMilli: mean(\.allocatedMilli),
                usedMilli: mean(\.usedMilli), fragmentedMilli: second.fragmentedMilli)
        }
        step *= 2
    }
}
