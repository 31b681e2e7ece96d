import Fleet
import Simulation
import Testing

@Suite struct `Reading jobs` {
    private static let philly = "timestamp,duration,num_gpus,gpu_time,cluster\n"

    @Test func `the published format has times of day, and a queue for each cluster`() throws {
        let trace = try JobTrace.read(
            Self.philly + "2017-10-09 07:01:55,66.0,1,66.0,b\n2017-09-29 23:59:58,2951.5,16,47224,a\n"
                + "2017-10-01 00:00:01,10,0,0,c\n", format: .philly)
        #expect(trace.jobs.count == 2, "the job without a GPU is left out")
        #expect(trace.jobs.map(\.gpus) == [16, 1])
        #expect(trace.jobs[1].submit == Span(seconds: 9 * 86_400 + 7 * 3600 + 60 + 57))
        #expect(trace.jobs[0].duration == Span(milliseconds: 2_951_500))
        #expect(trace.queues == ["a", "b"])
        #expect(trace.jobs.map(\.queue) == [0, 1])
    }

    @Test func `columns are found by name and may be missing or empty`() throws {
        let trace = try JobTrace.read(
            "tenant,gpus,duration,submit,share,memory_gib,priority,limit,nodes,model,queue\n"
                + "zoe,1,60,5,0.25,10,3,120,1,A100,research\nann,4,60.5,1,,,,,2,,\n", format: .csv)
        #expect(trace.tenants == ["ann", "zoe"])
        #expect(trace.queues == ["default", "research"])
        let (first, second) = (trace.jobs[0], trace.jobs[1])
        #expect(first.submit == .zero)
        #expect(first.gpus == 4)
        #expect(first.share == .whole)
        #expect(first.limit == nil)
        #expect(first.nodes == 2)
        #expect(second.share == Share(milli: 250))
        #expect(second.memory == .gibibytes(10))
        #expect(second.priority == 3)
        #expect(second.limit == Span(seconds: 120))
        #expect(second.model == "a100")
    }

    @Test(arguments: [
        ("", JobFormat.csv, "trace is empty"),
        ("submit,duration\n1,2\n", .csv, "trace has no column gpus"),
        ("submit,duration,gpus,tenat\n1,2,1,a\n", .csv, "trace has a column tenat that means nothing"),
        ("submit,duration,gpus\n1,2,0\n", .csv, "trace:2: gpus is \"0\"; it takes a whole number from 1 to 100000"),
        ("submit,duration,gpus\n1,-2,1\n", .csv, "trace:2: duration is \"-2\"; it takes a number from 0 to 3155760000"),
        ("submit,duration,gpus\n1,nan,1\n", .csv, "trace:2: duration is \"nan\""),
        ("submit,duration,gpus\n1,2\n", .csv, "trace:2: 2 fields where 3 are named"),
        (
            "submit,duration,gpus,share\n\n0,1,1,1.5\n", .csv,
            "trace:3: share is \"1.5\"; it takes a number from 0.001 to 1"
        ),
        ("submit,duration,gpus,nodes\n0,1,3,2\n", .csv, "trace:2: nodes is \"2\", which does not divide gpus \"3\""),
        ("submit,duration,gpus\n", .csv, "trace has no job"),
        (philly + "2017-10-09,1,1,1,a\n", .philly, "trace:2: timestamp is \"2017-10-09\"; it takes a time such as"),
        (philly + "2017-13-09 00:00:00,1,1,1,a\n", .philly, "trace:2: timestamp is \"2017-13-09 00:00:00\""),
        (philly + "2017-10-09 00:00:00,1,1.5,1,a\n", .philly, "trace:2: num_gpus is \"1.5\""),
    ])
    func `what is wrong with a file is said with its line`(text: String, format: JobFormat, words: String) {
        #expect {
            try JobTrace.read(text, format: format)
        } throws: { error in
            "\(error)".hasPrefix(words)
        }
    }

    @Test func `a trace is bent by window, speed and limits`() throws {
        let jobs = (0..<10).map { JobSamples.job($0 * 100, 50, gpus: 1) }
        var bend = TraceBend()
        bend.from = Span(seconds: 200)
        bend.until = Span(seconds: 600)
        bend.speed = 2
        bend.limits = .times(3)
        let bent = JobTrace(jobs).bent(by: bend)
        #expect(bent.jobs.map { $0.submit.seconds } == [0, 50, 100, 150])
        #expect(bent.jobs.map(\.limit) == Array(repeating: Span(seconds: 150), count: 4))
        bend.limits = .noLimit
        #expect(JobTrace(jobs).bent(by: bend).jobs.allSatisfy { $0.limit == nil })
        bend.limits = .guess
        for job in JobTrace(jobs).bent(by: bend).jobs {
            let limit = try #require(job.limit)
            #expect(limit >= job.duration && limit.seconds <= 300)
        }
        #expect(JobTrace(jobs).bent(by: TraceBend()).jobs.map(\.limit) == jobs.map(\.limit))
    }
}

@Suite struct `Making up workloads` {
    private static func trace(_ change: (inout WorkloadGenerator) -> Void) throws -> JobTrace {
        var generator = WorkloadGenerator()
        change(&generator)
        var text = ""
        generator.write { text += $0 + "\n" }
        return try JobTrace.read(text, format: .csv)
    }

    @Test func `jobs offer the load that was asked for`() throws {
        // Short tails, so that 20,000 jobs have the mean that they are drawn from.
        let trace = try Self.trace {
            $0.count = 20_000
            $0.sigma = 0.8
            $0.load = 0.7
        }
        let load = try #require(trace.offeredLoad(gpus: 64))
        #expect(abs(load - 0.7) < 0.03, "\(load)")
        let sorted = trace.jobs.map(\.duration.seconds).sorted()
        #expect(abs(sorted[10_000] - 1144) < 40)
    }

    @Test func `the first tenant submits twice as much as the second`() throws {
        let trace = try Self.trace { $0.count = 20_000 }
        let counts = trace.tenants.indices.map { tenant in trace.jobs.count { $0.tenant == tenant } }
        let first = counts[try #require(trace.tenants.firstIndex(of: "tenant-1"))]
        let second = counts[try #require(trace.tenants.firstIndex(of: "tenant-2"))]
        #expect(abs(Double(first) / Double(second) - 2) < 0.15)
        #expect(trace.tenants.count == 20)
        #expect(trace.queues.count == 4)
    }

    @Test func `the same seed gives the same jobs, another seed others`() throws {
        let one = try Self.trace { $0.count = 100 }.jobs
        #expect(try one == Self.trace { $0.count = 100 }.jobs)
        #expect(
            try one
                != Self.trace {
                    $0.count = 100
                    $0.seed = 2
                }.jobs)
    }

    @Test func `made-up nodes and pods are read as the published ones are`() throws {
        var generator = ClusterGenerator()
        generator.count = 2000
        var (nodes, pods) = ("", "")
        generator.writeNodes { nodes += $0 + "\n" }
        generator.writePods { pods += $0 + "\n" }
        let trace = try OpenBTrace(nodes: nodes, pods: pods)
        #expect(trace.nodes.count == 2000)
        #expect(trace.pods.count > 1500)
        // The published cluster has 5.1 GPUs for each node.
        #expect(abs(Double(trace.capacityMilli) / 1000 / 2000 - 5.12) < 0.3)
    }
}
