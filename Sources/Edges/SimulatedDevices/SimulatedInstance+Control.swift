import CSimulatedDriver

// Edits of a machine while it runs. Everybody who has its library loaded sees them at once.

extension SimulatedInstance {
    /// Sets how busy a GPU is, in per cent, apart from what its listed processes add.
    package func setLoad(gpu index: Int, percent: Int) throws(SimulationError) {
        guard (0...100).contains(percent) else { throw .badLoad(percent: percent) }
        let gpu = try gpu(index)
        model_charge_energy(file.model, UInt32(index))
        model_store_32(&gpu.pointee.load, UInt32(percent))
        model_edited(file.model)
    }

    /// Lists a running process as one that holds memory of a GPU, in bytes, and keeps it busy, in per cent.
    ///
    /// It leaves the list when it ends. A process that is on the GPU already is listed with the new numbers.
    package func addProcess(
        pid: Int32, gpu index: Int, memory: Int64, load: Int = 0, graphics: Bool = false
    ) throws(SimulationError) {
        let gpu = try gpu(index)
        guard (0...100).contains(load) else { throw .badLoad(percent: load) }
        let startTime = pid > 0 ? process_start_time(UInt32(pid)) : 0
        guard startTime != 0 else { throw .noSuchProcess(pid: pid) }
        model_charge_energy(file.model, UInt32(index))
        let owner = model_owner(UInt32(index), UInt32(pid))
        let free = Int64(gpu.pointee.memoryTotal - gpu.pointee.memoryReserved) - memoryUsed(index, except: owner)
        guard memory >= 0, memory <= free else { throw .notEnoughMemory(gpu: index, wanted: memory, free: free) }
        remove { $0 == owner }
        var process = ModelProcess(
            owner: owner, startTime: startTime, memory: UInt64(memory), load: UInt32(load), graphics: graphics ? 1 : 0)
        guard model_add_process(file.model, &process) else { throw .tooManyProcesses(limit: Int(MODEL_PROCESS_LIMIT)) }
        model_edited(file.model)
    }

    /// Takes a process off all GPUs. Nothing happens if it is on none.
    package func removeProcess(pid: Int32) {
        for index in 0..<gpuCount { model_charge_energy(file.model, UInt32(index)) }
        remove { model_owner_pid($0) == UInt32(bitPattern: pid) }
        model_edited(file.model)
    }

    /// Reports an XID, as the driver does when something goes wrong with a GPU.
    package func raiseXID(gpu index: Int, code: Int) throws(SimulationError) {
        _ = try gpu(index)
        let xidKind: UInt64 = 8
        _ = model_publish_event(file.model, UInt32(index), xidKind, UInt64(code))
        driver_wake_all(&file.model.pointee.newestEvent)
        model_edited(file.model)
    }

    /// Lets a GPU fall off the bus: every call for it fails from now on, and XID 79 says so.
    package func lose(gpu index: Int) throws(SimulationError) {
        model_store_32(&(try gpu(index)).pointee.lost, 1)
        try raiseXID(gpu: index, code: 79)
    }

    /// Brings a lost GPU back, as after a reboot: without its processes.
    package func restore(gpu index: Int) throws(SimulationError) {
        let gpu = try gpu(index)
        model_charge_energy(file.model, UInt32(index))
        remove { model_owner_is_on($0, UInt32(index)) }
        model_store_32(&gpu.pointee.load, 0)
        model_store_32(&gpu.pointee.lost, 0)
        model_edited(file.model)
    }

    /// Bytes that the other processes hold on a GPU.
    private func memoryUsed(_ index: Int, except owner: UInt64) -> Int64 {
        var bytes: UInt64 = 0
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard let entry = model_process(file.model, slot), model_read_process(entry, &process),
                model_owner_is_on(process.owner, UInt32(index)), process.owner != owner,
                process_start_time(model_owner_pid(process.owner)) == process.startTime
            else { continue }
            bytes += process.memory
        }
        return Int64(clamping: bytes)
    }

    private func remove(where matches: (UInt64) -> Bool) {
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let entry = model_process(file.model, slot) else { continue }
            let owner = model_load_64(&entry.pointee.owner)
            if owner > MODEL_PROCESS_WRITING, matches(owner) { model_remove_process(entry, owner) }
        }
    }

    private func gpu(_ index: Int) throws(SimulationError) -> UnsafeMutablePointer<ModelGPU> {
        guard (0..<gpuCount).contains(index), let gpu = model_gpu(file.model, UInt32(index)) else {
            throw .noSuchGPU(index: index, count: gpuCount)
        }
        return gpu
    }
}
