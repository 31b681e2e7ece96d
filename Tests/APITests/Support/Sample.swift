import API
import Engine
import Fleet
import Ledger
import Placement
import Queueing

/// Values with everything set, so that nothing of the API goes unseen.
enum Sample {
    static let now = Moment(nanoseconds: 5_000_000_000)
    /// Makes `now` 2026-11-21T07:30:05Z.
    static let wallOffset: Int64 = 1_795_246_200 * 1_000_000_000

    static let gpu = GPU(
        id: GPUID("GPU-1"), index: 0, minor: 0, name: "NVIDIA A100-SXM4-40GB",
        memory: GPU.Memory(total: .gibibytes(40), reserved: .mebibytes(512)), computeCapability: "8.0",
        multiprocessors: 108, pciAddress: "00000000:07:00.0", numaNode: 0, mig: .off)

    static let driver = DriverInfo(
        version: "535.261.03", cudaVersion: "12.2", library: "/lib/libnvidia-ml.so.1", note: "simulated (dgx-a100)")

    static let placement = Placement(
        node: "box", grants: [GPUGrant(gpu: gpu.id, share: Share(milli: 500), memory: .gibibytes(10))],
        grade: .unfenced)

    static let explanation = Explanation(
        summary: "all is taken", counts: [Explanation.Count(reason: "share taken", gpus: 1)],
        unblocks: "wait for lease-1")

    static let fleet = FleetStatus(
        node: Node(
            name: "box", driver: driver, gpus: [gpu], links: [[Link(path: .unknown, nvlinks: 0)]],
            cpuAffinity: ["0-15"], whyEmpty: nil),
        gpus: [status(of: gpu)], waiting: 2)

    static func status(
        of gpu: GPU, health: Health = .healthy, freeMilli: Int32 = 500, freeMemory: Bytes = .gibibytes(30),
        leases: [LeaseID] = [LeaseID(number: 1)]
    ) -> GPUStatus {
        var reading = GPUReading()
        reading.memoryUsed = .gibibytes(2)
        reading.powerMilliwatts = 61_500
        reading.processes = [
            GPUProcess(
                pid: 42, memory: .gibibytes(1), uid: 1000, user: "ada", command: "python train.py",
                cgroup: "/user.slice", lease: LeaseID(number: 1))
        ]
        return GPUStatus(
            gpu: gpu, condition: GPUCondition(health: health, foreignMemory: .gibibytes(1)), reading: reading,
            freeShare: Share(milli: freeMilli), freeMemory: freeMemory, leases: leases)
    }

    static func lease(_ number: Int64, ask: Ask, waits: Bool = false) -> Lease {
        var lease = Lease(
            id: LeaseID(number: number), request: ask.request, tenant: ask.tenant, name: ask.name,
            idempotencyKey: ask.idempotencyKey, asked: Moment(nanoseconds: 0), holder: ask.holder,
            keepAlive: ask.keepAlive)
        if !waits { lease.state = .granted(placement, since: Moment(nanoseconds: 1_000_000_000)) }
        return lease
    }

    static func preparation(_ id: LeaseID) -> Preparation {
        Preparation(
            cdiDevice: "divvy.dev/gpu=\(id)", cdiSpecification: "/run/cdi/divvy-\(id).json",
            edits: ContainerEdits(
                environment: ["A=b"], deviceNodes: [.init(path: "/dev/nvidia0", hostPath: "/dev/nvidia0")],
                mounts: [.init(hostPath: "/a", containerPath: "/b", options: ["ro"])],
                hooks: [.init(name: "createContainer", path: "/h", arguments: ["h"])]),
            processEnvironment: ["CUDA_VISIBLE_DEVICES=GPU-1"], hiddenDevices: ["/dev/nvidia1"],
            processMounts: [.init(hostPath: "/a", containerPath: "/b", options: ["ro"])])
    }

    static let fence = FenceReading(
        means: .limiter, source: "/run/divvy/limiter/lease-1",
        parts: [
            .init(
                gpu: gpu.id, memoryLimit: .gibibytes(10), share: Share(milli: 500), memoryUsed: .gibibytes(1),
                memoryPeak: .gibibytes(2), refusals: 3, detail: "server 4711")
        ])

    static func notice(_ sequence: Int64, _ text: String = "something") -> RecordedNotice {
        RecordedNotice(
            sequence: sequence, at: Moment(nanoseconds: sequence), wall: wallOffset,
            notice: Notice(.leaseGranted, lease: LeaseID(number: 1), gpu: gpu.id, text: text))
    }

    static let capacity = Amount(milliGPU: 1000, memory: .gibibytes(39))

    /// A queue of which everything is set.
    static let queue: QueueState = {
        var queue = QueueSpecification(path: "research/vision")
        queue.weight = 3
        queue.guaranteed = Quota(milliGPU: 2000, memory: .gibibytes(80))
        queue.maximum = Quota(milliGPU: 4000)
        queue.tenantMaximum = Quota(memory: .gibibytes(40))
        queue.lends = false
        queue.priority = 5
        queue.tenants = ["ada", "bob"]
        queue.placement = .spread
        queue.longest = Span(seconds: 43_200)
        queue.minimumRun = Span(seconds: 600)
        queue.idle = IdlePolicy(warnAfter: Span(seconds: 1800), grace: Span(seconds: 600), action: .shrink)
        return QueueState(
            specification: queue, isChanged: true, used: Amount(milliGPU: 500, memory: .gibibytes(10)), running: 1,
            waiting: 2,
            tenants: [
                TenantState(
                    tenant: Tenant(uid: 1000, name: "ada"), used: Amount(milliGPU: 500, memory: .gibibytes(10)),
                    decayedGPUSeconds: 120.5, fairShare: 0.25)
            ])
    }()

    /// It starts in a minute.
    static func waiting(_ lease: Lease, position: Int) -> Waiting {
        Waiting(
            lease: lease, queue: "research/vision", position: position, priority: 7, explanation: explanation,
            start: now + Span(seconds: 60))
    }

    static func reservation(_ number: Int64, _ ask: ReservationAsk) -> Reservation {
        let from = ask.from ?? now
        return Reservation(
            number: number, name: ask.name, request: ask.request,
            placement: PoolPlacement(parts: [
                .init(node: 0, grants: [.init(gpu: 0, share: .whole, memory: .gibibytes(39))])
            ]), from: from, until: from + ask.length, tenants: ask.tenants, maker: ask.maker)
    }
}
