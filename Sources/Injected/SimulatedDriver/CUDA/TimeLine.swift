import CSimulatedCUDA

/// The time line of a GPU, which its contexts share.
///
/// Contexts start kernels in turn, for a slice of two milliseconds each. A kernel that has started is never stopped,
/// and a change of context costs. Whoever has the turn writes down when its kernels start and end; nobody has to be
/// there at those times. So a context that is late to look at the clock loses nothing: its kernels start when the GPU
/// was free for them, in the past if need be. Who does not use its turn, or died, loses it by the clock.
struct TimeLine {
    let gpu: UnsafeMutablePointer<TimeGPU>

    /// The line of the whole GPU, whose lock guards its memory's books, too.
    init(gpu number: UInt32) { gpu = time_line(process.pointee.time, number, 0) }
    /// The line of what this process computes on: the GPU, or a part of it.
    init(computingOn number: UInt32) { gpu = time_line(process.pointee.time, number, Part.line(number)) }
    init(of context: UnsafeMutablePointer<DriverContext>) { gpu = context.pointee.time }

    // MARK: The lock

    /// Held for microseconds, by whatever process; taken from a holder that is dead.
    func lock() {
        let mine = process.pointee.token
        var tries = 0
        while !atomic_replace_64(&gpu.pointee.lock, 0, mine) {
            tries += 1
            if tries < 64 {
                processor_pause()
            } else if tries % 64 != 0 {
                sched_yield()
            } else {
                let holder = atomic_read_64(&gpu.pointee.lock)
                if holder != 0, !Membership.isAlive(holder), atomic_replace_64(&gpu.pointee.lock, holder, mine) {
                    return
                }
                sleep_for(20_000)
            }
        }
    }

    func unlock() { _ = atomic_replace_64(&gpu.pointee.lock, process.pointee.token, 0) }

    // MARK: Places on the GPU

    /// Finds a free place for a context, or one that a dead process left; nil when the GPU has as many as it can.
    func addContext() -> UInt64? {
        lock()
        defer { unlock() }
        dropTheDead(at: clock_now())
        for index in 0..<UInt32(TIME_CONTEXT_LIMIT) {
            guard let place = time_context(gpu, index) else { return nil }
            guard atomic_read_64(&place.pointee.owner) == 0 else { continue }
            place.pointee.wants = 0
            place.pointee.busy = 0
            place.pointee.busyUntil = 0
            place.pointee.group = 0
            place.pointee.hasWork = 0
            gpu.pointee.highest = max(gpu.pointee.highest, UInt64(index) + 1)
            atomic_write_64(&place.pointee.owner, process.pointee.token)
            return UInt64(index) + 1
        }
        return nil
    }

    /// Frees the places of dead processes, whose kernels end with them.
    private func dropTheDead(at now: UInt64) {
        var isAnyDead = false
        var latest = now
        for index in 0..<UInt32(min(gpu.pointee.highest, UInt64(TIME_CONTEXT_LIMIT))) {
            guard let place = time_context(gpu, index) else { continue }
            let owner = atomic_read_64(&place.pointee.owner)
            guard owner == 0 || !Membership.isAlive(owner) else {
                latest = max(latest, place.pointee.busyUntil)
                continue
            }
            isAnyDead = isAnyDead || place.pointee.busyUntil > now
            place.pointee.busyUntil = min(place.pointee.busyUntil, now)
            place.pointee.wants = 0
            place.pointee.hasWork = 0
            _ = atomic_replace_64(&place.pointee.owner, owner, 0)
        }
        if isAnyDead { gpu.pointee.busyUntil = min(gpu.pointee.busyUntil, latest) }
    }

    func removeContext(_ number: UInt64) {
        lock()
        defer { unlock() }
        guard let place = context(number) else { return }
        place.pointee.wants = 0
        place.pointee.hasWork = 0
        atomic_write_64(&place.pointee.owner, 0)
        if gpu.pointee.last == number { gpu.pointee.last = 0 }
        if gpu.pointee.turn == number { pass(at: clock_now()) }
    }

    // MARK: The turn; the lock is held

    /// Takes the turn if it can be had. If not, the caller is in the queue, and `wake` says when to look again at the
    /// latest; its doorbell rings when the turn comes.
    func takeTurn(_ number: UInt64, at now: UInt64, _ wake: inout UInt64) -> Bool {
        let mine = context(number)
        if hasTurn(number) {
            gpu.pointee.drained = 0
            mine?.pointee.hasWork = 1
            return true
        }
        if gpu.pointee.turn != 0, let end = timeLeft(at: now) {
            mine?.pointee.wants = 1
            wake = min(wake, end)
            return false
        }
        mine?.pointee.wants = 1
        pass(at: now)
        if hasTurn(number) {
            mine?.pointee.hasWork = 1
            return true
        }
        wake = min(wake, gpu.pointee.sliceEnd + TIME_GRACE)
        return false
    }

    /// Whether the context has the turn, or one of its group.
    func hasTurn(_ number: UInt64) -> Bool { gpu.pointee.turn == number || areOneGroup(gpu.pointee.turn, number) }

    /// Until when the one whose turn it is must be waited for; nil when it can be passed over.
    private func timeLeft(at now: UInt64) -> UInt64? {
        guard let holder = context(gpu.pointee.turn) else { return nil }
        let owner = atomic_read_64(&holder.pointee.owner)
        if owner == 0 { return nil }
        if gpu.pointee.drained != 0 { return now < gpu.pointee.busyUntil ? gpu.pointee.busyUntil : nil }
        let end = max(gpu.pointee.busyUntil, gpu.pointee.sliceEnd)
        guard now >= end + TIME_GRACE else { return end + TIME_GRACE }
        if !Membership.isAlive(owner) {
            holder.pointee.wants = 0
            _ = atomic_replace_64(&holder.pointee.owner, owner, 0)
            return nil
        }
        return now < end + TIME_PATIENCE ? end + TIME_PATIENCE : nil
    }

    /// Gives the turn to the next context that wants it, in their order on the GPU, or to nobody.
    func pass(at now: UInt64) {
        let limit = max(gpu.pointee.highest, 1)
        let from = leader(of: gpu.pointee.turn != 0 ? gpu.pointee.turn : gpu.pointee.last)
        gpu.pointee.sliceStart = 0
        gpu.pointee.drained = 0
        for step in 0..<limit {
            guard let number = wanting(at: (from + step) % limit + 1), let next = context(number) else { continue }
            next.pointee.wants = 0
            gpu.pointee.turn = number
            gpu.pointee.sliceEnd = max(gpu.pointee.busyUntil, now) + TIME_SWITCH + TIME_SLICE
            ring(next)
            if next.pointee.group != 0 { ringGroup(of: number) }
            return
        }
        gpu.pointee.turn = 0
    }

    /// Whether another context waits for its turn.
    func othersWant(_ number: UInt64) -> Bool { firstWaiting(besides: number) != nil }

    /// Leaves the rest of the turn to whoever wants it: there is nothing to start now.
    func drain(_ number: UInt64, at now: UInt64) {
        context(number)?.pointee.hasWork = 0
        if groupHasWork(number, at: now) { return }
        guard let next = firstWaiting(besides: number) else {
            gpu.pointee.drained = 1
            return
        }
        if now >= gpu.pointee.busyUntil {
            pass(at: now)
        } else {
            gpu.pointee.drained = 1
            ring(next)
        }
    }

    /// Finds a place for a kernel on the time line. The result is when it ends; nil when it cannot start yet, and then
    /// `wake` says when to look again.
    func place(
        _ number: UInt64, ready: UInt64, duration: UInt64, at now: UInt64, _ wake: inout UInt64
    ) -> UInt64? {
        guard let mine = context(number) else { return nil }
        let isOurs = gpu.pointee.last == number || areOneGroup(gpu.pointee.last, number)
        var start = max(ready, gpu.pointee.busyUntil)
        if isOurs, mine.pointee.group != 0 { start = max(ready, mine.pointee.busyUntil, gpu.pointee.heldSince) }
        if gpu.pointee.sliceStart == 0 || start >= gpu.pointee.sliceEnd {
            if gpu.pointee.sliceStart != 0, othersWant(number) {
                // The others of the group may not have begun yet: the slice is theirs, too.
                if now < gpu.pointee.sliceEnd, hasMates(number) {
                    wake = min(wake, gpu.pointee.sliceEnd)
                    return nil
                }
                mine.pointee.wants = 1
                pass(at: now)
                wake = min(wake, gpu.pointee.sliceEnd + TIME_GRACE)
                return nil
            }
            // The next slice is not begun before its time: somebody else may want it by then.
            guard start <= now else {
                wake = min(wake, start)
                return nil
            }
            if !isOurs {
                start += TIME_SWITCH
                gpu.pointee.heldSince = start
            }
            gpu.pointee.last = number
            gpu.pointee.sliceStart = start
            gpu.pointee.sliceEnd = start + TIME_SLICE
        }
        let length = mine.pointee.group == 0 ? duration : stretched(duration, number, at: start)
        mine.pointee.busy += length
        mine.pointee.busyUntil = start + length
        gpu.pointee.busyUntil = max(gpu.pointee.busyUntil, start + length)
        return start + length
    }

    func context(_ number: UInt64) -> UnsafeMutablePointer<TimeContext>? {
        number == 0 ? nil : time_context(gpu, UInt32(number - 1))
    }

    private func firstWaiting(besides number: UInt64) -> UnsafeMutablePointer<TimeContext>? {
        let limit = max(gpu.pointee.highest, 1)
        for step in 0..<(limit - 1) {
            let candidate = (number + step) % limit + 1
            guard let other = context(candidate), !areOneGroup(candidate, number) else { continue }
            if other.pointee.wants != 0, atomic_read_64(&other.pointee.owner) != 0 { return other }
        }
        return nil
    }

    func ring(_ context: UnsafeMutablePointer<TimeContext>) {
        _ = atomic_add_32(&context.pointee.doorbell, 1)
        futex_wake(&context.pointee.doorbell, true)
    }
}
