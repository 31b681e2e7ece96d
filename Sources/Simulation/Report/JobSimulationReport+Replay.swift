import Fleet

extension JobSimulationReport.TraceFigures {
    package init(_ trace: JobTrace, gpus: Int, seed: UInt64) {
        jobs = trace.jobs.count
        spanSeconds = trace.span.seconds.rounded(to: 3)
        gpuHours = (trace.heldGPUSeconds / 3600).rounded(to: 2)
        offeredLoad = (trace.offeredLoad(gpus: gpus) ?? 0).rounded(to: 4)
        self.seed = seed
    }
}

extension JobSimulationReport.Run {
    /// Slowdown counts a shorter run as so long.
    private static let shortestRun = 10.0

    /// Figures of one replay; `isTimed` where the plans' times were measured.
    package init(_ replay: JobReplay, of simulation: JobSimulation, policy: String, queue: String, isTimed: Bool) {
        let jobs = simulation.trace.jobs
        let meter = replay.meter
        let capacity = Double(max(simulation.gpus, 1)) * 1000
        var outcomes = JobSimulationReport.Outcomes()
        var ended: [EndedJob] = []
        for (job, history) in replay.histories.enumerated() {
            switch history.end {
            case .done: outcomes.done += 1
            case .cut: outcomes.cut += 1
            case .refused: outcomes.refused += 1
            case .neverStarted, nil: outcomes.neverStarted += 1
            }
            guard let end = history.ended else { continue }
            let completion = (end - (Moment(nanoseconds: 0) + jobs[job].submit)).seconds
            ended.append(
                EndedJob(
                    job: job, wait: history.waited.seconds, completion: completion,
                    slowdown: max(1, completion / max(jobs[job].held.seconds, Self.shortestRun))))
        }
        let waits = Distribution(ended.map(\.wait))
        self.init(
            policy: policy, queue: queue, jobs: outcomes, waitSeconds: waits,
            completionSeconds: Distribution(ended.map(\.completion)),
            boundedSlowdown: Distribution(ended.map(\.slowdown)),
            allocatedPercent: .init(meter, capacity: capacity, \.allocated),
            usedPercent: .init(meter, capacity: capacity, \.used),
            fairnessOfQueues: Evenness(
                Self.slowdowns(ended, by: { jobs[$0].queue }, count: simulation.trace.queues.count)),
            fairnessOfTenants: Evenness(
                Self.slowdowns(ended, by: { jobs[$0].tenant }, count: simulation.trace.tenants.count)),
            preemptions: replay.histories.reduce(0) { $0 + $1.preemptions },
            lostGPUHours: (replay.histories.reduce(0) { $0 + $1.lostGPUSeconds } / 3600).rounded(to: 3),
            fragmentedPercent: Self.fragmentedPercent(meter, capacity: capacity),
            queueLength: .init(
                mean: (meter.all.waiting / max(meter.all.seconds, 1e-9)).rounded(to: 3), max: meter.longestQueue),
            promises: .init(replay.histories), spanSeconds: meter.all.seconds.rounded(to: 3),
            planning: .init(
                plans: replay.plans.decisions,
                plansPerSecond: isTimed ? replay.plans.perSecond.rounded(to: 0) : nil,
                planP99Microseconds: isTimed ? replay.plans.p99Microseconds.rounded(to: 1) : nil),
            queues: Self.queueFigures(ended, simulation), timeline: .init(meter, capacity: capacity),
            pictures: JobPictures(
                waitQuantiles: Self.quantiles(ended.map(\.wait)), occupancy: Occupancy(replay, of: simulation)))
    }

    /// A job that ran to its end, times in seconds.
    private struct EndedJob {
        let job: Int
        let wait: Double
        let completion: Double
        let slowdown: Double
    }

    /// The mean bounded slowdown of each group that has any job.
    private static func slowdowns(_ ended: [EndedJob], by group: (Int) -> Int, count: Int) -> [Double] {
        var sums = [(sum: Double, jobs: Int)](repeating: (0, 0), count: count)
        for job in ended {
            sums[group(job.job)].sum += job.slowdown
            sums[group(job.job)].jobs += 1
        }
        return sums.filter { $0.jobs > 0 }.map { $0.sum / Double($0.jobs) }
    }

    private static func fragmentedPercent(_ meter: JobMeter, capacity: Double) -> Double {
        let seconds = meter.samples.reduce(0) { $0 + $1.seconds }
        let sum = meter.samples.reduce(0) { $0 + $1.fragmentedMilli * $1.seconds }
        return seconds > 0 ? (sum / seconds / capacity * 100).rounded(to: 3) : 0
    }

    private static func queueFigures(
        _ ended: [EndedJob], _ simulation: JobSimulation
    ) -> [JobSimulationReport.QueueFigures] {
        var groups = [[EndedJob]](repeating: [], count: simulation.trace.queues.count)
        for job in ended { groups[simulation.trace.jobs[job.job].queue].append(job) }
        return zip(simulation.trace.queues, groups).filter { !$1.isEmpty }.map { name, group in
            let held = group.reduce(0.0) { sum, ended in
                let job = simulation.trace.jobs[ended.job]
                return sum + job.held.seconds * Double(job.milliGPU) / 1000
            }
            return JobSimulationReport.QueueFigures(
                name: name, jobs: group.count, gpuHours: (held / 3600).rounded(to: 2),
                waitSeconds: Distribution(group.map(\.wait)),
                meanBoundedSlowdown: (group.reduce(0) { $0 + $1.slowdown } / Double(group.count)).rounded(to: 3))
        }
    }

    private static func quantiles(_ values: [Double]) -> [Double] {
        guard !values.isEmpty else { return [] }
        let ordered = values.sorted()
        return (0...200).map { ordered[min(ordered.count * $0 / 200, ordered.count - 1)] }
    }
}

extension JobSimulationReport.OverTime {
    fileprivate init(_ meter: JobMeter, capacity: Double, _ value: (JobMeter.Sums) -> Double) {
        func percent(_ sums: JobMeter.Sums) -> Double {
            sums.seconds > 0 ? (value(sums) / sums.seconds / capacity * 100).rounded(to: 3) : 0
        }
        self.init(
            overall: percent(meter.all), whileSubmitting: percent(meter.submitting),
            whileWorking: percent(meter.busy), whileWaiting: percent(meter.pressed))
    }
}

extension JobSimulationReport.Promises {
    fileprivate init(_ histories: [JobHistory]) {
        let errors = histories.compactMap { history -> Double? in
            guard let promised = history.promised, let start = history.firstStart else { return nil }
            return (start - promised).seconds
        }
        guard !errors.isEmpty else { return }
        count = errors.count
        keptPercent = (Double(errors.count { $0 <= 0 }) / Double(errors.count) * 100).rounded(to: 2)
        meanErrorSeconds = (errors.reduce(0, +) / Double(errors.count)).rounded(to: 3)
        absoluteErrorSeconds = Distribution(errors.map(\.magnitude))
    }
}

extension JobSimulationReport.Timeline {
    fileprivate init(_ meter: JobMeter, capacity: Double) {
        func percent(_ value: (JobMeter.Sample) -> Double) -> [Double] {
            meter.samples.map { (value($0) / capacity * 100).rounded(to: 2) }
        }
        self.init(
            stepSeconds: (Double(meter.step) / 1e9).rounded(to: 3),
            waiting: meter.samples.map { $0.waiting.rounded(to: 2) }, allocatedPercent: percent(\.allocatedMilli),
            usedPercent: percent(\.usedMilli), fragmentedPercent: percent(\.fragmentedMilli))
    }
}
