import CLimiter
import CLimiterShim

/// Whose turn it is on a GPU, as far as this container is concerned.
struct Gate {
    let gpu: UInt32
    let limit: UnsafePointer<LimiterGPU>

    init?(_ gpu: UInt32) {
        guard let limit = limit_of(limits, gpu) else { return nil }
        self.gpu = gpu
        self.limit = limit
    }

    @inline(__always)
    var isInUse: Bool { limit.pointee.gate.mode == UInt32(LIMITER_TURNS) }
    @inline(__always)
    var epoch: UInt32 { load32(epoch_of(limits, gpu)) }
    /// Nanoseconds of work that may be in flight.
    @inline(__always)
    var window: UInt64 { limit.pointee.gate.window }

    /// Markers that are under way at least, so that the GPU goes on while the thread looks away: where there are
    /// several processes, the others see to that.
    var pipeline: UInt64 { limit.pointee.gate.processes > 1 ? 1 : 2 }

    /// Until when kernels may start; 0 when they may not.
    ///
    /// Without an agent a container with a cap goes by the clock, a part of every period, and any other one is free:
    /// nobody is left who could give it a turn.
    func end(at now: UInt64) -> UInt64 {
        let deadline = load64(deadline_of(limits, gpu))
        if now < deadline { return deadline }
        guard isAbandoned(at: now) else { return 0 }
        let policy = limit.pointee.policy
        let isThrottled = limit.pointee.flags & UInt32(LIMITER_THROTTLED) != 0
        guard policy != UInt32(LIMITER_SHARE) || isThrottled else { return .max }
        let own = UInt64(policy == UInt32(LIMITER_CAP) ? limit.pointee.milli : limit.pointee.burst)
        let most = isThrottled ? UInt64(LIMITER_THROTTLE) : own
        let end = now / period * period + period / 1000 * min(most, 1000)
        return now < end ? end : 0
    }

    private func isAbandoned(at now: UInt64) -> Bool { limits.pointee.heartbeat &+ LIMITER_PATIENCE < now }
    private var period: UInt64 { max(limit.pointee.gate.period, 1_000_000) }

    var activity: UnsafeMutablePointer<LimiterActivity>? { activity_of(state.pointee.books, gpu, state.pointee.slot) }

    /// Tells the agent that there is something to see.
    func ring() {
        guard let bell = bell_of(state.pointee.books, gpu) else { return }
        _ = add32(bell, 1)
        wake_waiters(bell, true)
    }

    /// Sleeps until the turn may have come.
    func waitForTurn(since seen: UInt32) {
        guard let waiting = waiting_of(activity) else { return }
        if add32(waiting, 1) == 1 { ring() }
        // Where the clock gives the turns, the next one comes with the next period.
        let now = clock_now()
        let pause = isAbandoned(at: now) ? period - now % period : 20_000_000
        if epoch == seen { wait_for_change(epoch_of(limits, gpu), seen, pause, true) }
        _ = add32(waiting, .max)
    }
}

/// A launch that may not go without asking. It returns when the launch may be made, and may allow more of the same
/// function in the same stream.
@c(gate_enter) public func gateEnter(_ key: UInt64, _ stream: UInt64) {
    guard let thread = limiter_thread() else { return }
    if thread.pointee.left > 0 { Lanes.giveBack(thread) }
    thread.pointee.mustMark = 0
    guard Limiter.isReady, load32(gates_of(limits)) != 0, let scope = Devices.current(), let number = scope.gpu,
        let gate = Gate(number), gate.isInUse
    else { return }
    let isWithCaptures = load32(&state.pointee.captures) > 0
    if isWithCaptures, isCapturing(stream) { return }
    guard let lane = Lanes.of(scope.context, number) else { return }
    // Elsewhere in the process something may be captured that our questions would spoil.
    var mode: Int32 = 2
    if isWithCaptures { _ = ask1(UInt32(REAL_cuThreadExchangeStreamCaptureMode), &mode) }
    Admission(gate: gate, lane: lane, thread: thread, key: key, stream: stream).run()
    if isWithCaptures { _ = ask1(UInt32(REAL_cuThreadExchangeStreamCaptureMode), &mode) }
}

/// Behind a launch that has to be measured, or takes long.
@c(gate_leave) public func gateLeave() {
    guard let thread = limiter_thread(), let lane: Lane = thread.pointee.lane else { return }
    take_lock(&lane.pointee.lock)
    lane.mark(thread.pointee.index)
    give_lock(&lane.pointee.lock)
}

/// Lets a launch in: when it is the container's turn, and not too much is in flight.
private struct Admission {
    let gate: Gate
    let lane: Lane
    let thread: UnsafeMutablePointer<LimiterThread>
    let key: UInt64
    let stream: UInt64

    /// How much work a marker stands for at most, in nanoseconds, where its kernels are shorter.
    private var marked: UInt64 { 250_000 }
    /// What a function is taken for that was never seen.
    private var unknown: UInt64 { 100_000 }
    /// The most launches that may go without asking.
    private var most: UInt64 { 256 }

    func run() {
        take_lock(&lane.pointee.lock)
        guard let index = lane.stream(stream, thread) else {
            give_lock(&lane.pointee.lock)
            return
        }
        while gate.isInUse {
            let epoch = gate.epoch
            let now = clock_now()
            let end = gate.end(at: now)
            if end == 0 {
                // What was launched in the turn has to be seen to end.
                lane.markTails(of: thread)
                give_lock(&lane.pointee.lock)
                gate.waitForTurn(since: epoch)
                take_lock(&lane.pointee.lock)
                continue
            }
            let estimate = Estimates.of(key)
            var inFlight = lane.pointee.outstanding
            if inFlight > 0 && (inFlight + estimate > gate.window || now + inFlight >= end) {
                lane.poll(now)
                inFlight = lane.pointee.outstanding
            }
            let remaining = lane.remaining(at: now)
            let isFull =
                inFlight + estimate > gate.window && (lane.pending >= gate.pipeline || inFlight > 2 * gate.window)
            if inFlight > 0 && (isFull || now + remaining >= end) {
                lane.markTails(of: thread)
                give_lock(&lane.pointee.lock)
                sleep_for(min(max(remaining / 2, 20_000), 500_000))
                take_lock(&lane.pointee.lock)
                continue
            }
            admit(index, estimate, inFlight, now, end, epoch)
            break
        }
        give_lock(&lane.pointee.lock)
    }

    private func admit(
        _ index: UInt32, _ estimate: UInt64, _ inFlight: UInt64, _ now: UInt64, _ end: UInt64, _ epoch: UInt32
    ) {
        guard let place = stream_of(lane, index) else { return }
        if let activity = gate.activity, load32(&activity.pointee.running) == 0 {
            store32(&activity.pointee.running, 1)
        }
        // A measurement is of one function, from a known beginning.
        if place.pointee.count > 0, place.pointee.estimate >= marked || estimate == 0 { lane.mark(index) }
        if place.pointee.count == 0, place.pointee.pending == 0 {
            lane.begin(index, isKnown: estimate > 0)
        }
        let length = estimate == 0 ? unknown : estimate
        var count: UInt64 = 1
        if estimate > 0, estimate < marked {
            let room = min(marked, max(gate.window, inFlight + 1) - inFlight, end - now - min(inFlight, end - now))
            count = min(max(room / estimate, 1), most)
        }
        let isFirst = place.pointee.count == 0
        if inFlight == 0 { lane.pointee.busySince = now }
        place.pointee.key = isFirst || place.pointee.key == key ? key : 0
        place.pointee.count += UInt32(count)
        place.pointee.estimate += length * count
        place.pointee.launchedAt = now
        lane.pointee.outstanding += length * count
        lane.pointee.launchedAt = now
        thread.pointee.lane = lane
        thread.pointee.index = index
        thread.pointee.key = key
        thread.pointee.stream = stream
        thread.pointee.estimate = length
        thread.pointee.epoch = epoch
        thread.pointee.word = epoch_of(limits, gate.gpu)
        thread.pointee.left = UInt32(count - 1)
        thread.pointee.mustMark = estimate == 0 || estimate >= marked ? 1 : 0
    }
}

/// What a launch takes, learned from what the same took before. Threads may overwrite one another's words, each of
/// which is an estimate then too.
enum Estimates {
    /// Nanoseconds; 0 for what was never seen.
    static func of(_ key: UInt64) -> UInt64 {
        guard key != 0, let cell = estimate_of(state, key), cell.pointee.key == key else { return 0 }
        return cell.pointee.nanoseconds
    }

    static func learn(_ key: UInt64, _ nanoseconds: UInt64) {
        guard key != 0, let cell = estimate_of(state, key) else { return }
        let seen = min(max(nanoseconds, 1000), 10_000_000_000)
        if cell.pointee.key == key {
            cell.pointee.nanoseconds = cell.pointee.nanoseconds - cell.pointee.nanoseconds / 4 + seen / 4
        } else {
            cell.pointee = LimiterEstimate(key: key, nanoseconds: seen)
        }
    }
}
