import Fleet
import Simulation

/// Fleets and jobs small enough to be worked out by hand.
enum JobSamples {
    /// Nodes with GPUs of 40 GiB, all alike.
    static func fleet(nodes: Int, gpus: Int) -> [NodeObservation] {
        (0..<nodes).map { node in
            let devices = (0..<gpus).map { index in
                GPU(
                    id: GPUID("GPU-\(node)-\(index)"), index: index, minor: index, name: "NVIDIA A100-SXM4-40GB",
                    memory: GPU.Memory(total: .gibibytes(40), reserved: .zero), computeCapability: "8.0",
                    multiprocessors: 108, pciAddress: "00000000:0\(index):00.0", numaNode: 0, mig: .off)
            }
            let link = Link(path: .oneSwitch, nvlinks: 12)
            return NodeObservation(
                node: Node(
                    name: "node-\(node + 1)", driver: nil, gpus: devices,
                    links: devices.map { _ in devices.map { _ in link } }, cpuAffinity: devices.map { _ in "0-7" },
                    whyEmpty: nil),
                conditions: devices.map { _ in .good })
        }
    }

    /// A job whose limit is what it needs.
    static func job(_ submit: Int64, _ duration: Int64, gpus: Int, limit: Int64? = nil) -> Job {
        var job = Job(submit: Span(seconds: submit), duration: Span(seconds: duration), gpus: gpus)
        job.limit = Span(seconds: limit ?? duration)
        return job
    }

    /// The second at which each job of a replay started first; -1 for one that never did.
    static func starts(_ replay: JobReplay) -> [Int64] {
        replay.histories.map { $0.firstStart.map { $0.nanoseconds / 1_000_000_000 } ?? -1 }
    }

    /// As many jobs as the fleet of 2 x 4 GPUs is busy with for some hours: shares, whole GPUs and gangs.
    static func workload(_ count: Int, load: Double, seed: UInt64) throws -> JobTrace {
        var generator = WorkloadGenerator()
        generator.count = count
        generator.load = load
        generator.gpus = 8
        generator.medianSeconds = 300
        generator.sigma = 1
        generator.tenants = 5
        generator.queues = 2
        generator.shapes = [
            JobShape(gpus: 1, milli: 250, weight: 5), JobShape(gpus: 1, milli: 500, weight: 3),
            JobShape(gpus: 1, milli: 1000, weight: 4), JobShape(gpus: 4, milli: 1000, weight: 1),
            JobShape(gpus: 8, milli: 1000, weight: 0.3),
        ]
        generator.seed = seed
        var text = ""
        generator.write { text += $0 + "\n" }
        var bend = TraceBend()
        bend.limits = .guess
        return try JobTrace.read(text, format: .csv).bent(by: bend)
    }
}
