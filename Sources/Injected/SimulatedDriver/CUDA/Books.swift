import CSimulatedCUDA
import CSimulatedDriver

/// Who holds how much of a GPU's memory: the entries of the device model, which NVML shows too.
///
/// An entry is one number of one process, so a process that dies at any point leaves the books whole, and dropping its
/// entry gives everything back. The GPU's lock is held from looking to charging: two processes never get the same byte.
enum Books {
    /// Charges bytes to this process, unless the GPU has no more of them.
    static func charge(gpu: UInt32, _ bytes: UInt64) -> Bool {
        let line = TimeLine(gpu: gpu)
        line.lock()
        defer { line.unlock() }
        guard hasRoom(gpu, bytes) || (dropTheDead(gpu, now: true) && hasRoom(gpu, bytes)) else { return false }
        process_held(process, gpu).pointee += bytes
        if publish(gpu) { return true }
        process_held(process, gpu).pointee -= bytes
        return false
    }

    private static func hasRoom(_ gpu: UInt32, _ bytes: UInt64) -> Bool {
        free(gpu) >= bytes && Limits.room(gpu).left >= bytes && Service.room(gpu) >= bytes
    }

    static func refund(gpu: UInt32, _ bytes: UInt64) {
        let line = TimeLine(gpu: gpu)
        line.lock()
        defer { line.unlock() }
        process_held(process, gpu).pointee -= bytes
        _ = publish(gpu)
    }

    /// What nobody holds, in bytes.
    static func free(_ gpu: UInt32) -> UInt64 {
        let total = Books.total(gpu)
        let used =
            Part.isOn(gpu)
            ? model_instance_memory(model, gpu, Part.instance(gpu)) : model_gpu_memory(model, gpu)
        return used < total ? total - used : 0
    }

    /// What there is for programs, in bytes.
    static func total(_ gpu: UInt32) -> UInt64 {
        guard let state = model_gpu(model, gpu) else { return 0 }
        if Part.isOn(gpu) { return Part.memory(gpu) }
        return state.pointee.memoryTotal - state.pointee.memoryReserved
    }

    /// Takes entries of dead processes out. Unless it must be `now`, at most once in a millisecond for everybody.
    @discardableResult
    static func dropTheDead(_ gpu: UInt32, now isUrgent: Bool) -> Bool {
        let now = model_now()
        let last = model_load_64(&model.pointee.sweptAt)
        if !isUrgent {
            guard now < last || now - last >= 1000, model_exchange_64(&model.pointee.sweptAt, last, now) else {
                return false
            }
        }
        var isAnyGone = false
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var entry = ModelProcess()
            guard let place = model_process(model, slot), model_read_process(place, &entry), isDead(entry) else {
                continue
            }
            model_charge_energy(model, UInt32(entry.owner >> 32) - 1)
            if model_remove_process(place, entry.owner) {
                isAnyGone = true
                model_edited(model)
            }
        }
        return isAnyGone
    }

    private static func isDead(_ entry: ModelProcess) -> Bool {
        let pid = model_owner_pid(entry.owner)
        if pid & 0x8000_0000 != 0 { return !Membership.isTaken(slot: pid & 0x7FFF_FFFF) }
        // A pid of another namespace says nothing here; those who share it will look.
        guard process.pointee.isForeign == 0, pid != process.pointee.pid else { return false }
        return process_start_time(pid) != entry.startTime
    }

    // MARK: This process's entry

    fileprivate static func owner(_ gpu: UInt32) -> UInt64 {
        let slot = time_token_slot(process.pointee.token)
        return model_owner(
            gpu, process.pointee.isForeign == 0 ? process.pointee.pid : Membership.foreignPID(slot: slot))
    }

    /// Lists this process as one that uses the GPU; the GPU's lock is held.
    static func publish(_ gpu: UInt32) -> Bool {
        let held = process_held(process, gpu).pointee
        if held == 0, process_contexts_on(process, gpu).pointee == 0 {
            removeEntry(gpu: gpu)
            return true
        }
        let owner = owner(gpu)
        let known = process_entry(process, gpu).pointee
        if known != 0, let entry = model_process(model, known - 1), model_load_64(&entry.pointee.owner) == owner {
            model_store_64(&entry.pointee.memory, held)
            return true
        }
        guard addEntry(gpu, owner, held) else { return false }
        model_edited(model)
        return true
    }

    /// Finds or makes the entry. One that was made for this pid before belongs to a dead process or to the control
    /// side; this process knows better what it holds.
    private static func addEntry(_ gpu: UInt32, _ owner: UInt64, _ held: UInt64) -> Bool {
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let entry = model_process(model, slot) else { continue }
            if model_load_64(&entry.pointee.owner) == owner { model_remove_process(entry, owner) }
        }
        var entry = ModelProcess()
        entry.owner = owner
        entry.startTime = process.pointee.isForeign == 0 ? process.pointee.startTime : 0
        entry.memory = held
        var place = Part.place(gpu)
        guard model_add_process_in(model, &entry, &place) else { return false }
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let place = model_process(model, slot) else { continue }
            guard model_load_64(&place.pointee.owner) == owner else { continue }
            process_entry(process, gpu).pointee = slot + 1
            return true
        }
        return false
    }

    static func removeEntry(gpu: UInt32) {
        let known = process_entry(process, gpu).pointee
        guard known != 0, let entry = model_process(model, known - 1) else { return }
        process_entry(process, gpu).pointee = 0
        model_charge_energy(model, gpu)
        if model_remove_process(entry, owner(gpu)) { model_edited(model) }
    }

    /// Shows how much of the time kernels of this process run, in per cent.
    static func show(load: UInt32, gpu: UInt32) {
        let known = process_entry(process, gpu).pointee
        guard known != 0, let entry = model_process(model, known - 1),
            model_load_64(&entry.pointee.owner) == owner(gpu),
            model_load_32(&entry.pointee.load) != load
        else { return }
        model_charge_energy(model, gpu)
        model_store_32(&entry.pointee.load, load)
    }
}

extension Books {
    /// Whether another process is listed on the GPU, besides the server of this one and the server's clients.
    static func othersAreOn(_ gpu: UInt32) -> Bool {
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let entry = model_process(model, slot), slot + 1 != process_entry(process, gpu).pointee else {
                continue
            }
            let owner = model_load_64(&entry.pointee.owner)
            guard model_owner_is_on(owner, gpu), owner != self.owner(gpu) else { continue }
            if Service.isJoined, model_read_place(model, slot).served != 0 { continue }
            if !Service.isServer(model_owner_pid(owner)) { return true }
        }
        return false
    }
}
