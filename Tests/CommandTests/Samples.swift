import API
import Engine
import Fleet
import Ledger

/// A small machine and its leases, with something for every column.
enum Samples {
    /// 2026-05-04T03:02:01Z.
    static let now = Timestamp(wall: 1_777_863_721_000_000_000)

    static func later(_ seconds: Int64) -> Timestamp { Timestamp(wall: now.wall + seconds * 1_000_000_000) }

    static func gpu(_ index: Int, health: GPUView.Health, free: Int32, foreign: Int64 = 0) -> GPUView {
        GPUView(
            id: GPUID("GPU-\(index)a1b2c3d-0000-1111-2222-333344445555"), index: index, minor: index,
            name: "NVIDIA A100-SXM4-40GB", model: "a100-sxm4-40gb",
            memory: .init(
                totalBytes: 42_949_672_960, reservedBytes: 629_145_600, allocatableBytes: 42_320_527_360,
                usedBytes: index == 0 ? 10_737_418_240 : nil, foreignBytes: foreign),
            computeCapability: "8.0", multiprocessors: 108, pciAddress: "00000000:0\(index + 7):00.0", numaNode: index,
            mig: .off, health: health, freeMilliGPU: free, freeBytes: 42_320_527_360 / 1000 * Int64(free),
            leases: index == 0 ? [LeaseID(number: 17), LeaseID(number: 18)] : [],
            reading: index == 0
                ? ReadingView(
                    utilisationPercent: 93, memoryUtilisationPercent: 40, powerWatts: 312.486, powerLimitWatts: 400,
                    energyJoules: 9_000_000.25, temperatureCelsius: 61, smClockMegahertz: 1410,
                    memoryClockMegahertz: 1215)
                : ReadingView(),
            processes: index == 0
                ? [
                    ProcessView(
                        pid: 4711, memoryBytes: 8_589_934_592, uid: 1000, user: "ada",
                        command: "python train.py, \"v2\"",
                        cgroup: "/user.slice", lease: LeaseID(number: 17)),
                    ProcessView(
                        pid: 4712, memoryBytes: nil, uid: 1001, user: nil, command: nil, cgroup: nil, lease: nil),
                ] : [])
    }

    static let fleet = FleetView(
        node: "box",
        driver: DriverView(
            version: "535.261.03", cudaVersion: "12.2", library: "/sim/lib/libnvidia-ml.so.1",
            note: "simulated (dgx-a100)"),
        whyEmpty: nil, waiting: 1,
        gpus: [
            gpu(0, health: .init(state: .healthy, reason: nil), free: 250, foreign: 1_073_741_824),
            gpu(1, health: .init(state: .lost, reason: "fell off the bus"), free: 0),
        ],
        links: [["X", "NV12"], ["NV12", "X"]], cpuAffinity: ["0-15,64-79", "16-31"],
        requestable: [.init(request: "0.25", count: 1), .init(request: "1", count: 0)])

    static let emptyFleet = FleetView(
        node: "box", driver: nil, whyEmpty: "no NVIDIA driver is installed", waiting: 0, gpus: [], links: [],
        cpuAffinity: [], requestable: [])

    static let granted = LeaseView(
        id: LeaseID(number: 17), name: "träning 训练", state: .granted, request: "--gpus 0.5 --for 2h",
        tenant: TenantView(uid: 1000, name: "ada"), askedAt: later(-700), grantedAt: later(-600), endedAt: nil,
        endReason: nil, deadline: later(6600), lapsesAt: nil, heldSeconds: 600.25, gpuSeconds: 300.125, position: nil,
        grade: .unfenced, fences: Grade.unfenced.fences,
        grants: [
            GrantView(
                gpu: GPUID("GPU-0a1b2c3d-0000-1111-2222-333344445555"), index: 0, gpuName: "NVIDIA A100-SXM4-40GB",
                milliGPU: 500, memoryBytes: 21_160_263_680)
        ],
        node: "box", holder: HolderView(kind: .process, pid: 4711),
        preparation: PreparationView(
            cdiDevice: "divvy.dev/gpu=lease-17", cdiSpecification: "/var/run/cdi/divvy-lease-17.json",
            edits: ContainerEdits(
                environment: ["DIVVY_LEASE=lease-17"],
                deviceNodes: [.init(path: "/dev/nvidia0", hostPath: "/dev/nvidia0")], mounts: [], hooks: []),
            processEnvironment: ["DIVVY_LEASE=lease-17"], hiddenDevices: ["/dev/nvidia1"]))

    static let leases = LeaseList(items: [
        granted,
        LeaseView(
            id: LeaseID(number: 18), name: nil, state: .ending, request: "--gpus 2",
            tenant: TenantView(uid: 0, name: "root"), askedAt: later(-90), grantedAt: later(-90), endedAt: nil,
            endReason: .deadline, deadline: nil, lapsesAt: later(20), heldSeconds: 90, gpuSeconds: 180, position: nil,
            grade: .exclusive, fences: Grade.exclusive.fences,
            grants: [0, 1].map { (index: Int) in
                GrantView(
                    gpu: GPUID("GPU-\(index)"), index: index, gpuName: nil, milliGPU: 1000, memoryBytes: 42_320_527_360)
            }, node: "box",
            holder: HolderView(
                kind: .container, engine: "docker", container: "0123456789abcdef0123456789abcdef0123456789abcdef"),
            preparation: nil),
        LeaseView(
            id: LeaseID(number: 19), name: "next, please", state: .waiting, request: "--gpus 8",
            tenant: TenantView(uid: 1000, name: "ada"), askedAt: later(-5), grantedAt: nil, endedAt: nil,
            endReason: nil,
            deadline: nil, lapsesAt: nil, heldSeconds: nil, gpuSeconds: 0, position: 1,
            explanation: .init(summary: "8 GPUs were asked for, 1 is free", counts: [], unblocks: "lease-18 ends"),
            grade: nil, fences: nil,
            grants: [], node: nil, holder: HolderView(kind: .starting, pid: 9, engine: "podman"), preparation: nil),
        LeaseView(
            id: LeaseID(number: 3), name: nil, state: .ended, request: "--gpus 1",
            tenant: TenantView(uid: 1000, name: "ada"), askedAt: later(-9000), grantedAt: later(-9000),
            endedAt: later(-8000), endReason: .holderEnded, deadline: nil, lapsesAt: nil, heldSeconds: 1000,
            gpuSeconds: 1000, position: nil, grade: .exclusive, fences: nil, grants: [], node: "box",
            holder: HolderView(kind: .nobody), preparation: nil),
    ])

    static let events = EventList(items: [
        EventView(
            sequence: 41, at: later(-600), kind: .leaseGranted, lease: LeaseID(number: 17), gpu: nil,
            text: "lease-17 was granted to ada"),
        EventView(
            sequence: 42, at: later(-1), kind: .gpuHealthChanged, lease: nil, gpu: GPUID("GPU-1"),
            text: "GPU 1 is lost: it fell off the bus"),
    ])
}
