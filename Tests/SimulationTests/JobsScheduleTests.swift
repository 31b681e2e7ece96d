import Fleet
import Placement
import Queueing
import Simulation
import Testing

@Suite struct `Schedules worked out by hand` {
    private static func replay(
        _ jobs: [Job], gpus: Int = 4, _ policy: QueuePolicyName, queues: [String] = ["default"],
        after: JobSimulation.AfterPreemption = .restart
    ) throws -> JobReplay {
        let simulation = JobSimulation(
            JobTrace(jobs, queues: queues, tenants: queues), on: JobSamples.fleet(nodes: 1, gpus: gpus),
            afterPreemption: after)
        return try simulation.replay(placement: .bestFit, settings: policy.settings(queues: queues))
    }

    /// Four GPUs: 3 until 100; 2 that must wait for them; 1 for 50 that fits beside; 1 for 200 that would delay.
    private static let mixed = [
        JobSamples.job(0, 100, gpus: 3), JobSamples.job(10, 100, gpus: 4), JobSamples.job(20, 50, gpus: 1),
        JobSamples.job(30, 200, gpus: 1),
    ]

    @Test func `in the order of arrival nobody goes ahead`() throws {
        let replay = try Self.replay(Self.mixed, .fifo)
        #expect(JobSamples.starts(replay) == [0, 100, 200, 200])
        #expect(replay.histories.map { $0.waited.seconds } == [0, 90, 180, 170])
    }

    @Test func `with easy backfill a job goes ahead that ends before the next in line starts`() throws {
        let replay = try Self.replay(Self.mixed, .easy)
        #expect(JobSamples.starts(replay) == [0, 100, 20, 200])
    }

    @Test func `easy delays the third in line, conservative does not`() throws {
        // The long one on one GPU starts beside the 2 x 2 that come next, and so keeps the 4 out.
        let jobs = [
            JobSamples.job(0, 100, gpus: 3), JobSamples.job(1, 100, gpus: 2), JobSamples.job(2, 100, gpus: 4),
            JobSamples.job(3, 500, gpus: 1),
        ]
        #expect(JobSamples.starts(try Self.replay(jobs, .easy)) == [0, 100, 503, 3])
        #expect(JobSamples.starts(try Self.replay(jobs, .conservative)) == [0, 100, 200, 300])
    }

    @Test func `a fair share goes to whoever has had less`() throws {
        var jobs = [
            JobSamples.job(0, 100, gpus: 4), JobSamples.job(1, 100, gpus: 4), JobSamples.job(2, 100, gpus: 4),
        ]
        jobs[2].queue = 1
        jobs[2].tenant = 1
        #expect(JobSamples.starts(try Self.replay(jobs, .easy, queues: ["a", "b"])) == [0, 100, 200])
        #expect(JobSamples.starts(try Self.replay(jobs, .fair, queues: ["a", "b"])) == [0, 200, 100])
    }

    @Test func `a higher priority stops a lower one, which starts over or goes on`() throws {
        var jobs = [JobSamples.job(0, 1000, gpus: 4), JobSamples.job(400, 100, gpus: 4)]
        jobs[1].priority = 10
        // Told at 400, gone at 430; the other runs to 530.
        let over = try Self.replay(jobs, .preempt)
        #expect(JobSamples.starts(over) == [0, 430])
        #expect(over.histories[0].preemptions == 1)
        #expect(over.histories[0].lostGPUSeconds == 430 * 4)
        #expect(over.histories[0].ended == Moment(nanoseconds: 1_530_000_000_000))
        let resumed = try Self.replay(jobs, .preempt, after: .resume)
        #expect(resumed.histories[0].lostGPUSeconds == 0)
        #expect(resumed.histories[0].ended == Moment(nanoseconds: 1_100_000_000_000))
        #expect(resumed.histories[0].waited.seconds == 100)
    }

    @Test func `four quarters share one GPU, and the fifth waits`() throws {
        var jobs = (0..<5).map { JobSamples.job(Int64($0), 100, gpus: 1) }
        for place in jobs.indices {
            jobs[place].share = Share(milli: 250)
            jobs[place].used = jobs[place].share
        }
        #expect(JobSamples.starts(try Self.replay(jobs, gpus: 1, .easy)) == [0, 1, 2, 3, 100])
        var bend = TraceBend()
        bend.isWhole = true
        let whole = JobTrace(jobs).bent(by: bend).jobs
        #expect(JobSamples.starts(try Self.replay(whole, gpus: 1, .easy)) == [0, 100, 200, 300, 400])
        #expect(whole.map(\.used.milli) == [250, 250, 250, 250, 250])
    }

    @Test func `a job is stopped at its limit, and one that fits nowhere is refused`() throws {
        let replay = try Self.replay(
            [
                JobSamples.job(0, 100, gpus: 1, limit: 60), JobSamples.job(0, 10, gpus: 5),
                JobSamples.job(0, 10, gpus: 1),
            ], .fifo)
        #expect(replay.histories.map(\.end) == [.cut, .refused, .done])
        #expect(replay.histories[0].ended == Moment(nanoseconds: 60_000_000_000))
    }

    @Test func `a job larger than a node is spread over nodes, the same on each`() throws {
        let simulation = JobSimulation(
            JobTrace([JobSamples.job(0, 100, gpus: 6)]), on: JobSamples.fleet(nodes: 2, gpus: 4))
        let replay = try simulation.replay(placement: .bestFit, settings: QueuePolicyName.easy.settings(queues: []))
        #expect(replay.held.first?.placement.parts.map(\.grants.count) == [3, 3])
    }
}
