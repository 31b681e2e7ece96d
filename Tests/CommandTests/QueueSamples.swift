import API
import Fleet

/// Queues, somebody who waits in each way, and reservations.
extension Samples {
    static func queue(
        _ path: String, weight: Int64 = 1, guaranteed: QuotaView = QuotaView(), maximum: QuotaView = QuotaView(),
        tenantMaximum: QuotaView = QuotaView(), changed: Bool = false, used: AmountView, running: Int = 0,
        waiting: Int = 0, isSpecial: Bool = false
    ) -> QueueView {
        QueueView(
            path: path, weight: weight, guaranteed: guaranteed, maximum: maximum, tenantMaximum: tenantMaximum,
            lends: !isSpecial, borrows: true, priority: isSpecial ? 5 : 0, tenants: isSpecial ? ["ada", "bob"] : nil,
            placementPolicy: isSpecial ? "spread" : nil, longestSeconds: isSpecial ? 43_200 : nil,
            minimumRunSeconds: isSpecial ? 600 : 0,
            idle: isSpecial
                ? .init(warnAfterSeconds: 1800, graceSeconds: 600, action: "release", keepMilliGPU: 100) : nil,
            changed: changed, used: used, running: running, waiting: waiting, users: [])
    }

    static let report = QueueReportView(
        order: "fair", backfill: "easy", preemption: "reclaim",
        capacity: AmountView(milliGPU: 8000, memoryBytes: 8 * 42_320_527_360),
        queues: [
            queue("default", used: AmountView(milliGPU: 0, memoryBytes: 0)),
            queue(
                "research", weight: 3, guaranteed: QuotaView(milliGPU: 4000), maximum: QuotaView(milliGPU: 6500),
                changed: true, used: AmountView(milliGPU: 2500, memoryBytes: 100 << 30), running: 3, waiting: 2),
            queue(
                "research/vision", guaranteed: QuotaView(milliGPU: 1000, memoryBytes: 40 << 30),
                tenantMaximum: QuotaView(memoryBytes: 80 << 30),
                used: AmountView(milliGPU: 1000, memoryBytes: 42_320_527_360), running: 1, waiting: 1, isSpecial: true),
        ],
        waiting: [
            WaitingView(
                id: LeaseID(number: 19), name: "next, please", tenant: TenantView(uid: 1000, name: "ada"),
                queue: "research/vision", position: 1, priority: 6, request: "8 x any GPU, for 2h", askedAt: later(-5),
                waitedSeconds: 5.25,
                explanation: .init(
                    summary: "it needs 8 GPUs and 1 fits now: 7 of the 8 GPUs of box are taken by leases",
                    counts: [.init(reason: "are taken by leases", gpus: 7)], unblocks: "7 more GPUs that are free"),
                startsAt: later(6600), startsInSeconds: 6600),
            WaitingView(
                id: LeaseID(number: 20), name: nil, tenant: TenantView(uid: 1001, name: "bob"), queue: "research",
                position: 2, priority: 0, request: "1 x any GPU", askedAt: later(-4000), waitedSeconds: 4000,
                explanation: .init(
                    summary: "it would fit, but would delay lease-19, which comes first", counts: [],
                    unblocks: "a time (--for): who says when they end can go ahead of those who need more"),
                startsAt: nil, startsInSeconds: nil),
        ])

    static let reservations = ReservationList(items: [
        ReservationView(
            name: "course", request: "1 x any GPU", maker: TenantView(uid: 0, name: "root"), tenants: ["ada", "bob"],
            from: later(-60), until: later(3540), startsInSeconds: 0, lengthSeconds: 3600,
            grants: [
                GrantView(gpu: GPUID("GPU-0"), index: 0, gpuName: "A100", milliGPU: 1000, memoryBytes: 42_320_527_360)
            ]),
        ReservationView(
            name: "demo", request: "2 x any GPU", maker: TenantView(uid: 0, name: "root"), tenants: [],
            from: later(5400), until: later(12_600), startsInSeconds: 5400, lengthSeconds: 7200,
            grants: [0, 1].map { (index: Int) in
                GrantView(
                    gpu: GPUID("GPU-\(index)"), index: index, gpuName: "A100", milliGPU: 1000,
                    memoryBytes: 42_320_527_360)
            }),
    ])

    /// It is to make room and has been warned of being idle.
    static var pressed: LeaseView {
        var lease = granted
        lease.announcedEnd = AnnouncedEndView(beneficiary: LeaseID(number: 19), at: later(25))
        lease.idle = IdleView(lastActive: later(-500), warnedAt: later(-20))
        return lease
    }

    /// It knows when it starts.
    static var foreseen: LeaseView {
        var lease = leases.items[2]
        lease.queue = "research/vision"
        lease.priority = 6
        lease.startsAt = later(6600)
        return lease
    }

    static let drained: GPUView = {
        var resting = gpu(0, health: .init(state: .healthy, reason: nil), free: 1000)
        resting.drained = "loud fan"
        return resting
    }()
}
