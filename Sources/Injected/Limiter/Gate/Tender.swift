import CLimiter
import CLimiterShim

/// The thread of a process that sees to its lanes while the program does something else: it tells the agent when the
/// work of a turn is done, and when there is none.
enum Tender {
    static func start() -> Bool {
        start_thread(
            { _ in
                Tender.run()
                return nil
            }, nil)
    }

    /// How long after its last launch a process counts as one that has work, in nanoseconds.
    private static var lingering: UInt64 { 500_000 }
    private static var glance: UInt64 { 1_000_000 }

    private static func run() {
        sleep_exactly()
        // Nothing that this thread asks is to spoil what others capture.
        var mode: Int32 = 2
        _ = ask1(UInt32(REAL_cuThreadExchangeStreamCaptureMode), &mode)
        while true {
            let seen = load32(changes_of(limits))
            var pause: UInt64 = 100_000_000
            for index in 0..<limits.pointee.gpuCount {
                guard let gate = Gate(index), gate.isInUse, let activity = gate.activity else { continue }
                pause = min(pause, look(gate, activity))
            }
            wait_for_change(changes_of(limits), seen, pause, true)
        }
    }

    /// How long what is in flight on a GPU will take, by estimate, and when something was launched last.
    private static func survey(_ gpu: UInt32, _ now: UInt64) -> (outstanding: UInt64, launchedAt: UInt64) {
        var (outstanding, launchedAt): (UInt64, UInt64) = (0, 0)
        for index in 0..<UInt32(LANES) {
            guard let lane: Lane = lane_of(state, index), lane.pointee.context != 0, lane.pointee.gpu == gpu else {
                continue
            }
            take_lock(&lane.pointee.lock)
            if lane.pointee.context != 0 {
                _ = real1(UInt32(REAL_cuCtxSetCurrent), lane.pointee.context)
                lane.poll(now)
                outstanding = max(outstanding, lane.remaining(at: now))
                launchedAt = max(launchedAt, lane.pointee.launchedAt)
            }
            give_lock(&lane.pointee.lock)
        }
        return (outstanding, launchedAt)
    }

    /// Tells the agent how things are. The result is when to look again.
    private static func look(_ gate: Gate, _ activity: UnsafeMutablePointer<LimiterActivity>) -> UInt64 {
        let epoch = gate.epoch
        let now = clock_now()
        let end = gate.end(at: now)
        let isSettled = load32(&activity.pointee.drained) == epoch && load32(&activity.pointee.running) == 0
        if end == 0, isSettled { return 100_000_000 }
        let (outstanding, launchedAt) = survey(gate.gpu, now)
        store64(&activity.pointee.endsAt, now + outstanding)
        if end != 0 {
            if outstanding == 0, now > launchedAt + lingering, load32(&activity.pointee.running) == 1 {
                store32(&activity.pointee.running, 0)
                gate.ring()
            }
            return min(end - now, glance)
        }
        guard outstanding == 0 else { return min(max(outstanding / 2, 20_000), 200_000) }
        if load32(&activity.pointee.drained) != epoch {
            store64(&activity.pointee.drainedAt, now)
            store32(&activity.pointee.drained, epoch)
            store32(&activity.pointee.running, 0)
            gate.ring()
        }
        return 100_000_000
    }
}
