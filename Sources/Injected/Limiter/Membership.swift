import CLimiter
import CLimiterShim

/// This process among those of its container: who lives, and who has left something behind.
///
/// A process owns a slot of the books as long as it holds the lock on the slot's byte of the file; the kernel gives
/// that lock back when the process dies, whatever it died of. A program that closes all its files loses the lock too,
/// so where pids can be understood, they have to tell the same before anybody is declared dead.
enum Membership {
    static func join() -> Bool {
        let books: UnsafeMutablePointer<LimiterBooks> = state.pointee.books
        let own = pid_namespace()
        for slot in 0..<UInt32(LIMITER_PROCESSES) {
            guard let process = process_of(books, slot), lock_byte(state.pointee.file, byte(slot)) else { continue }
            let before = load64(&process.pointee.serial)
            if before != 0, isRunning(process, own) { continue }
            // Whoever had the slot is nobody now: a lock that it died with is a dead one's for everybody, also for us.
            store64(&process.pointee.serial, 0)
            let serial = add64(&books.pointee.serials, 1)
            state.pointee.slot = slot
            state.pointee.token = token(serial, slot)
            state.pointee.pidNamespace = own
            for gpu in 0..<UInt32(LIMITER_GPUS) { Books.clear(slot, gpu) }
            process.pointee.pid = UInt64(getpid())
            process.pointee.pidNamespace = own
            process.pointee.startTime = start_time_of(UInt64(getpid()))
            store64(&process.pointee.serial, serial)
            while true {
                let highest = load32(&books.pointee.highest)
                if highest > slot || replace32(&books.pointee.highest, highest, slot + 1) { break }
            }
            return true
        }
        return false
    }

    /// Whether the process that a token means still lives.
    static func isAlive(_ token: UInt64) -> Bool {
        let slot = UInt32(truncatingIfNeeded: token & 0xFFFF)
        guard token != state.pointee.token else { return true }
        guard slot < UInt32(LIMITER_PROCESSES), let process = process_of(state.pointee.books, slot),
            load64(&process.pointee.serial) == token >> 16
        else { return false }
        return isAlive(slot, process)
    }

    static func isAlive(_ slot: UInt32, _ process: UnsafeMutablePointer<LimiterProcess>) -> Bool {
        slot == state.pointee.slot || byte_is_locked(state.pointee.file, byte(slot))
            || isRunning(process, state.pointee.pidNamespace)
    }

    /// What the table of processes says, where its pids mean what they meant to the process.
    private static func isRunning(_ process: UnsafeMutablePointer<LimiterProcess>, _ own: UInt64) -> Bool {
        process.pointee.pidNamespace == own && process.pointee.startTime != 0
            && start_time_of(process.pointee.pid) == process.pointee.startTime
    }

    private static func token(_ serial: UInt64, _ slot: UInt32) -> UInt64 { serial << 16 | UInt64(slot) }
    private static func byte(_ slot: UInt32) -> Int64 { LIMITER_LOCK_OFFSET + Int64(slot) }
}
