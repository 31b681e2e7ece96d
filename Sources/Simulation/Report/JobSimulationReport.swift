/// What replays of jobs came to: `divvy.v1/JobSimulationReport`.
package struct JobSimulationReport: Encodable, Sendable {
    package var schema = "divvy.v1/JobSimulationReport"
    package var fleet: FleetFigures
    package var trace: TraceFigures
    package var runs: [Run]

    package init(fleet: FleetFigures, trace: TraceFigures, runs: [Run]) {
        self.fleet = fleet
        self.trace = trace
        self.runs = runs
    }

    package struct FleetFigures: Encodable, Sendable {
        /// As it was asked for: `dgx-a100x64`.
        package var name: String
        package var nodes: Int
        package var gpus: Int

        package init(name: String, nodes: Int, gpus: Int) {
            self.name = name
            self.nodes = nodes
            self.gpus = gpus
        }
    }

    package struct TraceFigures: Encodable, Sendable {
        package var jobs: Int
        /// From the first submission to the last.
        package var spanSeconds: Double
        /// What the jobs hold if each runs once.
        package var gpuHours: Double
        /// GPU time over the fleet's during the submissions; 0 where all jobs come at once.
        package var offeredLoad: Double
        package var seed: UInt64
    }

    /// One placement policy with one queue policy.
    package struct Run: Encodable, Sendable {
        package var policy: String
        package var queue: String
        package var jobs: Outcomes
        /// All the time in the queue.
        package var waitSeconds: Distribution
        /// From submission to end.
        package var completionSeconds: Distribution
        /// Completion over the time run, which counts 10 s at least.
        package var boundedSlowdown: Distribution
        package var allocatedPercent: OverTime
        package var usedPercent: OverTime
        /// Over the mean bounded slowdown of each.
        package var fairnessOfQueues: Evenness
        package var fairnessOfTenants: Evenness
        package var preemptions: Int
        /// GPU time that was spent and had to be spent again.
        package var lostGPUHours: Double
        /// Free GPU that a request drawn from the trace's mix cannot use, in percent of the fleet, mean over time.
        package var fragmentedPercent: Double
        package var queueLength: QueueLength
        package var promises: Promises
        /// From the first submission to the last end.
        package var spanSeconds: Double
        package var planning: Planning
        package var queues: [QueueFigures]
        package var timeline: Timeline
        /// For pictures; not written out.
        package var pictures: JobPictures

        enum CodingKeys: String, CodingKey {
            case policy, queue, jobs, waitSeconds, completionSeconds, boundedSlowdown, allocatedPercent, usedPercent
            case fairnessOfQueues, fairnessOfTenants, preemptions, lostGPUHours, fragmentedPercent, queueLength
            case promises, spanSeconds, planning, queues, timeline
        }
    }

    package struct Outcomes: Encodable, Hashable, Sendable {
        package var done = 0
        /// Stopped at the limit that was asked for.
        package var cut = 0
        /// The fleet could never have served them.
        package var refused = 0
        package var neverStarted = 0
    }

    /// Means over different stretches of time, in percent of the fleet.
    package struct OverTime: Encodable, Hashable, Sendable {
        /// From the first submission to the last end.
        package var overall: Double
        /// From the first submission to the last one.
        package var whileSubmitting: Double
        /// While anything runs or waits.
        package var whileWorking: Double
        /// While anything waits.
        package var whileWaiting: Double
    }

    package struct QueueLength: Encodable, Hashable, Sendable {
        package var mean: Double
        package var max: Int
    }

    /// The first start that a job was promised when it had to wait, against the real one.
    package struct Promises: Encodable, Hashable, Sendable {
        package var count = 0
        /// Started no later than promised.
        package var keptPercent = 0.0
        /// Real less promised: negative is earlier.
        package var meanErrorSeconds = 0.0
        package var absoluteErrorSeconds = Distribution([])
    }

    package struct Planning: Encodable, Hashable, Sendable {
        package var plans: Int
        /// Null where nothing was measured.
        package var plansPerSecond: Double?
        package var planP99Microseconds: Double?

        enum CodingKeys: String, CodingKey { case plans, plansPerSecond, planP99Microseconds }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(plans, forKey: .plans)
            try container.encode(plansPerSecond, forKey: .plansPerSecond)
            try container.encode(planP99Microseconds, forKey: .planP99Microseconds)
        }
    }

    package struct QueueFigures: Encodable, Hashable, Sendable {
        package var name: String
        package var jobs: Int
        package var gpuHours: Double
        package var waitSeconds: Distribution
        package var meanBoundedSlowdown: Double
    }

    /// Means over stretches of equal length, the last one shorter; fragmentation is that at a stretch's end.
    package struct Timeline: Encodable, Hashable, Sendable {
        package var stepSeconds: Double
        package var waiting: [Double]
        package var allocatedPercent: [Double]
        package var usedPercent: [Double]
        package var fragmentedPercent: [Double]
    }
}

/// What a page draws of a replay, besides its timeline.
package struct JobPictures: Sendable {
    /// The wait below which so many percent of jobs lay, for each half percent from 0 to 100, in seconds.
    package var waitQuantiles: [Double] = []
    package var occupancy = Occupancy()
}
