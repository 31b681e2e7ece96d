import CLimiter
import CLimiterShim

/// The container's account of each GPU: nothing is allocated that was not charged before.
///
/// An account changes under a lock whose word names the process that has it. Whoever finds it in the hands of a dead
/// process takes it, and adds up anew what the living hold: that is all there is to know.
enum Books {
    /// Charges; false, and nothing changed, when the container would have more than its limit.
    @inline(__always)
    static func reserve(_ gpu: UInt32, _ bytes: UInt64) -> Bool {
        guard let book = book_of(state.pointee.books, gpu), let limit = limit_of(limits, gpu) else { return false }
        lock(book, gpu)
        let used = book.pointee.used &+ bytes
        let besides = limit.pointee.unaccounted &+ book.pointee.orphaned
        let isTooMuch = used &+ besides > limit.pointee.memory || used < bytes
        if !isTooMuch { add(book, gpu, bytes) }
        unlock(book)
        return !isTooMuch
    }

    /// The same, after all else was tried: what the dead held, and what pools keep for later.
    static func reserveUrgently(_ gpu: UInt32, _ bytes: UInt64) -> Bool {
        if reserve(gpu, bytes) { return true }
        guard let limit = limit_of(limits, gpu), bytes <= limit.pointee.memory else { return refuse(gpu) }
        if reap(gpu), reserve(gpu, bytes) { return true }
        if Pools.giveUpUnused(gpu), reserve(gpu, bytes) { return true }
        return refuse(gpu)
    }

    /// Charges what is there already.
    static func charge(_ gpu: UInt32, _ bytes: UInt64) {
        guard bytes > 0, let book = book_of(state.pointee.books, gpu) else { return }
        lock(book, gpu)
        add(book, gpu, bytes)
        unlock(book)
    }

    @inline(__always)
    static func refund(_ gpu: UInt32, _ bytes: UInt64) {
        guard bytes > 0, let book = book_of(state.pointee.books, gpu),
            let held = held_of(process_of(state.pointee.books, state.pointee.slot), gpu)
        else { return }
        lock(book, gpu)
        book.pointee.used -= min(bytes, book.pointee.used)
        held.pointee -= min(bytes, held.pointee)
        unlock(book)
    }

    /// What the container holds, as far as its limit is concerned.
    static func used(_ gpu: UInt32) -> UInt64 {
        guard let book = book_of(state.pointee.books, gpu), let limit = limit_of(limits, gpu) else { return .max }
        return load64(&book.pointee.used) &+ limit.pointee.unaccounted &+ load64(&book.pointee.orphaned)
    }

    @inline(__always)
    private static func add(_ book: UnsafeMutablePointer<LimiterBook>, _ gpu: UInt32, _ bytes: UInt64) {
        held_of(process_of(state.pointee.books, state.pointee.slot), gpu).pointee &+= bytes
        book.pointee.used &+= bytes
        if book.pointee.used > book.pointee.peak { book.pointee.peak = book.pointee.used }
    }

    @inline(never)
    static func refuse(_ gpu: UInt32) -> Bool {
        if let book = book_of(state.pointee.books, gpu) { _ = add64(&book.pointee.refused, 1) }
        return false
    }

    // MARK: The dead

    /// Takes back what dead processes held; false when there was nothing.
    static func reap(_ gpu: UInt32) -> Bool {
        guard let books = state.pointee.books, let book = book_of(books, gpu) else { return false }
        var found = false
        for slot in 0..<min(load32(&books.pointee.highest), UInt32(LIMITER_PROCESSES)) {
            guard let process = process_of(books, slot), hasSomething(slot, gpu),
                !Membership.isAlive(slot, process)
            else { continue }
            lock(book, gpu)
            // Somebody else may have been faster, and a new process may have the slot.
            if hasSomething(slot, gpu), !Membership.isAlive(slot, process) {
                bury(slot, gpu)
                found = true
            }
            sum(book, gpu)
            unlock(book)
        }
        return found
    }

    /// The same, ten times a second at most.
    static func reapNowAndThen(_ gpu: UInt32) {
        let now = UInt32(truncatingIfNeeded: clock_now() / 1_000_000)
        guard now &- state.pointee.lookedAt > 100 else { return }
        state.pointee.lookedAt = now
        _ = reap(gpu)
    }

    /// Makes a slot that somebody left a new process's.
    static func clear(_ slot: UInt32, _ gpu: UInt32) {
        guard let books = state.pointee.books, let book = book_of(books, gpu),
            let activity = activity_of(books, gpu, slot), let detail = detail_of(books, gpu, slot)
        else { return }
        activity.pointee = LimiterActivity()
        guard hasSomething(slot, gpu) else {
            detail.pointee = LimiterDetail()
            return
        }
        lock(book, gpu)
        bury(slot, gpu)
        sum(book, gpu)
        unlock(book)
    }

    private static func hasSomething(_ slot: UInt32, _ gpu: UInt32) -> Bool {
        guard let held = held_of(process_of(state.pointee.books, slot), gpu),
            let detail = detail_of(state.pointee.books, gpu, slot)
        else { return false }
        return load64(held) != 0 || detail.pointee.spilled != 0 || detail.pointee.imported != 0
            || detail.pointee.unmapped != 0
    }

    /// What a dead process held is nobody's, but for what others have opened of it; the lock is held.
    private static func bury(_ slot: UInt32, _ gpu: UInt32) {
        guard let books = state.pointee.books, let held = held_of(process_of(books, slot), gpu),
            let detail = detail_of(books, gpu, slot), let book = book_of(books, gpu)
        else { return }
        book.pointee.orphaned &+= min(detail.pointee.exported, held.pointee)
        detail.pointee = LimiterDetail()
        store64(held, 0)
    }

    /// Adds up what all slots hold; the lock is held.
    private static func sum(_ book: UnsafeMutablePointer<LimiterBook>, _ gpu: UInt32) {
        guard let books = state.pointee.books else { return }
        var (used, spilled): (UInt64, UInt64) = (0, 0)
        for slot in 0..<UInt32(LIMITER_PROCESSES) {
            used &+= held_of(process_of(books, slot), gpu).pointee
            spilled &+= detail_of(books, gpu, slot).pointee.spilled
        }
        store64(&book.pointee.used, used)
        store64(&book.pointee.spilled, spilled)
        if book.pointee.orphaned > 0 { Sharing.clip(book, gpu) }
    }

    // MARK: The lock

    @inline(__always)
    static func lock(_ book: UnsafeMutablePointer<LimiterBook>, _ gpu: UInt32) {
        if !replace64(&book.pointee.lock, 0, state.pointee.token) { lockSlowly(book, gpu) }
    }

    @inline(__always)
    static func unlock(_ book: UnsafeMutablePointer<LimiterBook>) { store64(&book.pointee.lock, 0) }

    @inline(never)
    private static func lockSlowly(_ book: UnsafeMutablePointer<LimiterBook>, _ gpu: UInt32) {
        var tries = 0
        while !replace64(&book.pointee.lock, 0, state.pointee.token) {
            tries += 1
            if tries < 64 {
                pause_processor()
            } else if tries % 64 != 0 {
                sched_yield()
            } else {
                let holder = load64(&book.pointee.lock)
                // Another thread of this process has the same word, and lives.
                if holder != 0, holder != state.pointee.token, !Membership.isAlive(holder),
                    replace64(&book.pointee.lock, holder, state.pointee.token)
                {
                    return sum(book, gpu)
                }
                sleep_for(20_000)
            }
        }
    }
}
