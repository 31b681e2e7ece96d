import CSimulatedCUDA
import CSimulatedDriver

/// This process among those that use the machine: who lives, and who has left something behind.
///
/// A process owns a slot as long as it holds the lock on the slot's byte of the shared file. The kernel gives that
/// lock back when the process dies, so the living can be told from the dead at any time, in any PID namespace.
enum Membership {
    static func join() -> Bool {
        let time = process.pointee.time
        guard let time else { return false }
        process.pointee.pid = UInt32(bitPattern: getpid())
        process.pointee.startTime = process_start_time(process.pointee.pid)
        process.pointee.isForeign = process_pid_namespace() == model.pointee.pidNamespace ? 0 : 1
        for slot in 0..<UInt32(TIME_PROCESS_LIMIT) where lock_byte(process.pointee.file, place(slot)) {
            guard let entry = time_process(time, slot) else { return false }
            let before = atomic_read_64(&entry.pointee.serial)
            if before != 0 { clearUp(after: time_token(before, slot)) }
            let serial = atomic_add_64(&time.pointee.serials, 1)
            entry.pointee.pid = UInt64(process.pointee.pid)
            entry.pointee.pidNamespace = process_pid_namespace()
            entry.pointee.startTime = process.pointee.startTime
            Limits.tell(entry)
            atomic_write_64(&entry.pointee.serial, serial)
            process.pointee.token = time_token(serial, slot)
            return true
        }
        return false
    }

    /// Takes everything that belongs to this process out of the machine, when the process ends in order.
    static func leave() {
        atomic_write_32(&process.pointee.state, 2)
        for gpu in 0..<UInt32(PROCESS_GPU_LIMIT) { Books.removeEntry(gpu: gpu) }
        clearUp(after: process.pointee.token)
        let slot = time_token_slot(process.pointee.token)
        if let entry = time_process(process.pointee.time, slot) { atomic_write_64(&entry.pointee.serial, 0) }
        Service.leave()
    }

    /// Whether the process that a token means still lives.
    static func isAlive(_ token: UInt64) -> Bool {
        if token == process.pointee.token { return true }
        let slot = time_token_slot(token)
        guard slot < UInt32(TIME_PROCESS_LIMIT), let entry = time_process(process.pointee.time, slot),
            atomic_read_64(&entry.pointee.serial) == time_token_serial(token)
        else { return false }
        return byte_is_locked(process.pointee.file, place(slot))
    }

    /// Whether anybody owns that slot.
    static func isTaken(slot: UInt32) -> Bool {
        slot == time_token_slot(process.pointee.token) || byte_is_locked(process.pointee.file, place(slot))
    }

    /// Frees the contexts of a process that is gone, and its memory where only its slot tells that it is gone.
    private static func clearUp(after token: UInt64) {
        for gpu in 0..<model.pointee.gpuCount {
            for number in 0..<UInt32(TIME_GPU_LINES) {
                guard let line = time_line(process.pointee.time, gpu, number) else { continue }
                for index in 0..<UInt32(min(line.pointee.highest, UInt64(TIME_CONTEXT_LIMIT))) {
                    guard let context = time_context(line, index) else { continue }
                    _ = atomic_replace_64(&context.pointee.owner, token, 0)
                }
            }
        }
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let entry = model_process(model, slot) else { continue }
            let owner = model_load_64(&entry.pointee.owner)
            if model_owner_pid(owner) == foreignPID(slot: time_token_slot(token)) { model_remove_process(entry, owner) }
        }
    }

    /// What stands for the pid of a process that cannot know its pid in the model's PID namespace: no real pid is as
    /// large. The slot's lock tells whether it lives.
    static func foreignPID(slot: UInt32) -> UInt32 { 0x8000_0000 | slot }

    private static func place(_ slot: UInt32) -> Int64 { TIME_LOCK_OFFSET + Int64(slot) }
}
