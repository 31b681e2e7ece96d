import CLimiter
import Glibc

/// A container's part of one GPU, as the one who keeps the turns sees it.
struct Tenancy {
    let id: Int
    let container: LimitedContainer
    let part: Int

    private var gate: UnsafeMutableRawPointer { UnsafeMutableRawPointer(container.gpuLimits(part)) + 64 }
    private var epochWord: UnsafeMutablePointer<UInt32> { (gate + 4).assumingMemoryBound(to: UInt32.self) }
    private var deadlineWord: UnsafeMutablePointer<UInt64> { (gate + 16).assumingMemoryBound(to: UInt64.self) }
    private var changes: UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(container.limits) + 28).assumingMemoryBound(to: UInt32.self)
    }
    private var heartbeat: UnsafeMutablePointer<UInt64> {
        (UnsafeMutableRawPointer(container.limits) + 16).assumingMemoryBound(to: UInt64.self)
    }

    var bell: UnsafeMutablePointer<UInt32> {
        (container.bells + LimitedContainer.Layout.bell(part)).assumingMemoryBound(to: UInt32.self)
    }
    var bellValue: UInt32 { container.read(LimitedContainer.Layout.bell(part), as: UInt32.self) ?? 0 }
    var epoch: UInt32 { epochWord.pointee }
    var deadline: UInt64 { deadlineWord.pointee }

    /// The most of the GPU's time that it may have, in thousandths; nil is all of it.
    var most: UInt64? {
        let limits = container.parts[part]
        let own: UInt64 =
            switch limits.policy {
            case .share: 1000
            case .cap: UInt64(limits.milli)
            case .burst(let most): UInt64(most)
            }
        let most = container.isThrottled ? min(own, UInt64(LIMITER_THROTTLE)) : own
        return most >= 1000 ? nil : most
    }

    /// Tells the container what it has had of the GPU's time of late, in thousandths; nil is that nobody counts.
    func setHad(_ milli: UInt64?) { container.gpuLimits(part).pointee.had = milli.map { $0 + 1 } ?? 0 }

    func beat(_ now: UInt64) { limiter_put_64(heartbeat, now) }

    /// Takes turns from now on, or launches at will.
    func setMode(turns: Bool, period: UInt64) {
        let gate = gate.assumingMemoryBound(to: LimiterGate.self)
        gate.pointee.period = period
        if gate.pointee.window == 0 { gate.pointee.window = 4_000_000 }
        limiter_put_32(
            self.gate.assumingMemoryBound(to: UInt32.self), UInt32(turns ? LIMITER_TURNS : LIMITER_OPEN))
        var count: UInt32 = 0
        for index in container.parts.indices where container.gpuLimits(index).pointee.gate.mode != 0 { count += 1 }
        container.limits.pointee.gates = count
        limiter_raise(epochWord)
        limiter_raise(changes)
    }

    /// Gives the turn: kernels may start until then.
    func open(at now: UInt64, until deadline: UInt64, window: UInt64, processes: UInt64) {
        let gate = gate.assumingMemoryBound(to: LimiterGate.self)
        gate.pointee.opened = now
        gate.pointee.window = window * processes
        gate.pointee.processes = processes
        limiter_put_64(deadlineWord, deadline)
        limiter_raise(epochWord)
        limiter_raise(changes)
    }

    func extend(until deadline: UInt64) { limiter_put_64(deadlineWord, deadline) }

    func close(at now: UInt64) {
        limiter_put_64(deadlineWord, min(deadline, now))
        // Whoever was allowed to launch and has not yet is to ask again; what was drained stays so.
        limiter_raise(changes)
    }

    /// What the container's processes do.
    struct Demand {
        /// Somebody waits for the turn, or has work in flight.
        var isWanting = false
        var isWaiting = false
        var isRunning = false
        /// How many processes there are that do.
        var processes = 0
        /// All work of the newest turn is done, and when.
        var isDrained = true
        var drainedAt: UInt64 = 0
        /// When the work in flight ends, by estimate.
        var endsAt: UInt64 = 0
    }

    func demand(checkingLife: Bool) -> Demand {
        let count = container.slots
        var demand = Demand()
        guard count > 0 else { return demand }
        var activities = [LimiterActivity](repeating: LimiterActivity(), count: count)
        guard container.read(LimitedContainer.Layout.activities(part), count, into: &activities) else { return demand }
        for (slot, activity) in activities.enumerated() where activity.waiting > 0 || activity.running > 0 {
            if checkingLife, !container.isAlive(slot: slot) { continue }
            demand.isWanting = true
            demand.processes += 1
            demand.isWaiting = demand.isWaiting || activity.waiting > 0
            guard activity.running > 0 else {
                if activity.drained == epoch { demand.drainedAt = max(demand.drainedAt, activity.drainedAt) }
                continue
            }
            demand.isRunning = true
            demand.endsAt = max(demand.endsAt, activity.endsAt)
            if activity.drained != epoch { demand.isDrained = false }
            if activity.drained == epoch { demand.drainedAt = max(demand.drainedAt, activity.drainedAt) }
        }
        return demand
    }
}
