import CSimulatedCUDA

/// Clients of one multi-process server are one context to the rest of the GPU: they have its turn together. Among
/// themselves they run at the same time, each on its part of the multiprocessors.
extension TimeLine {
    /// Puts a context into the group of this process's server; without a server it stays alone.
    func joinGroup(_ number: UInt64, share: UInt64) {
        guard Service.isJoined, let place = context(number) else { return }
        lock()
        defer { unlock() }
        place.pointee.share = max(share, 1)
        place.pointee.group = process.pointee.serverSerial
    }

    func areOneGroup(_ one: UInt64, _ other: UInt64) -> Bool {
        guard let first = context(one), let second = context(other) else { return false }
        return first.pointee.group != 0 && first.pointee.group == second.pointee.group
    }

    /// The place in the order of turns: a group has one, that of its first context.
    func leader(of number: UInt64) -> UInt64 {
        guard let mine = context(number), mine.pointee.group != 0 else { return number }
        for other in 1..<max(number, 1) where areOneGroup(other, number) {
            if let place = context(other), atomic_read_64(&place.pointee.owner) != 0 { return other }
        }
        return number
    }

    /// Who wants the turn that comes to that place: the context, or the first one of its group; nil where nobody does.
    func wanting(at number: UInt64) -> UInt64? {
        guard let place = context(number), atomic_read_64(&place.pointee.owner) != 0, leader(of: number) == number
        else { return nil }
        if place.pointee.wants != 0 { return number }
        guard place.pointee.group != 0 else { return nil }
        for other in (number + 1)..<(max(gpu.pointee.highest, number) + 1) where areOneGroup(other, number) {
            guard let mate = context(other), atomic_read_64(&mate.pointee.owner) != 0 else { continue }
            if mate.pointee.wants != 0 { return other }
        }
        return nil
    }

    /// How long a kernel takes on the context's part of the GPU. Where those that run at its start have more than the
    /// whole GPU together, each takes as much longer.
    func stretched(_ duration: UInt64, _ number: UInt64, at start: UInt64) -> UInt64 {
        guard let mine = context(number) else { return duration }
        var shares = mine.pointee.share
        forEachMate(of: number) { mate in
            // Who has more to start does so at once.
            if mate.pointee.busyUntil > start || hasWork(mate, at: start) { shares += mate.pointee.share }
        }
        let (high, low) = duration.multipliedFullWidth(by: max(shares, 10_000))
        return high == 0 ? low / mine.pointee.share : .max / 4
    }

    func hasMates(_ number: UInt64) -> Bool {
        var hasMates = false
        forEachMate(of: number) { _ in hasMates = true }
        return hasMates
    }

    /// Whether another one of the group, which lives, has kernels to start.
    func groupHasWork(_ number: UInt64, at now: UInt64) -> Bool {
        var found = false
        forEachMate(of: number) { mate in
            if !found { found = hasWork(mate, at: now) }
        }
        return found
    }

    /// Whether a context has kernels to start, and lives.
    private func hasWork(_ place: UnsafeMutablePointer<TimeContext>, at now: UInt64) -> Bool {
        guard place.pointee.hasWork != 0 else { return false }
        // Who was to look again long ago may be dead.
        if place.pointee.busyUntil + 2 * TIME_SLICE < now, !Membership.isAlive(atomic_read_64(&place.pointee.owner)) {
            place.pointee.hasWork = 0
            return false
        }
        return true
    }

    /// Tells those of the group who wait that the turn came.
    func ringGroup(of number: UInt64) {
        forEachMate(of: number) { mate in
            guard mate.pointee.wants != 0 else { return }
            mate.pointee.wants = 0
            ring(mate)
        }
    }

    /// Gives up what a context has started: its server ended it, and the GPU is free of it at once.
    func abandon(_ number: UInt64, at now: UInt64) {
        lock()
        defer { unlock() }
        guard let mine = context(number) else { return }
        mine.pointee.hasWork = 0
        guard mine.pointee.busyUntil > now else { return }
        mine.pointee.busyUntil = now
        var latest = now
        for index in 0..<UInt32(min(gpu.pointee.highest, UInt64(TIME_CONTEXT_LIMIT))) {
            guard let other = time_context(gpu, index) else { continue }
            latest = max(latest, other.pointee.busyUntil)
        }
        gpu.pointee.busyUntil = min(gpu.pointee.busyUntil, latest)
    }

    private func forEachMate(of number: UInt64, _ body: (UnsafeMutablePointer<TimeContext>) -> Void) {
        guard let mine = context(number), mine.pointee.group != 0 else { return }
        for index in 0..<UInt32(min(gpu.pointee.highest, UInt64(TIME_CONTEXT_LIMIT))) {
            guard UInt64(index) + 1 != number, let other = time_context(gpu, index),
                other.pointee.group == mine.pointee.group, atomic_read_64(&other.pointee.owner) != 0
            else { continue }
            body(other)
        }
    }
}
