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
    /// It leaves the list when it ends. A served one computes through a multi-process server. In MIG mode a process runs
    /// in a slice and holds memory of its GPU instance. A process that is on the GPU already is listed with the new numbers.
    package func addProcess(
        pid: Int32, gpu index: Int, memory: Int64, load: Int = 0, graphics: Bool = false, isServed: Bool = false,
        slice: (gpuInstance: Int, computeInstance: Int)? = nil
    ) throws(SimulationError) {
        let gpu = try gpu(index)
        var place = ModelPlace()
        place.served = isServed ? 1 : 0
        let room = try capacity(of: gpu, index, slice, &place)
        guard (0...100).contains(load) else { throw .badLoad(percent: load) }
        let startTime = pid > 0 ? process_start_time(UInt32(pid)) : 0
        guard startTime != 0 else { throw .noSuchProcess(pid: pid) }
        model_charge_energy(file.model, UInt32(index))
        let owner = model_owner(UInt32(index), UInt32(pid))
        let free = room - memoryUsed(index, in: place.gpuInstance, except: owner)
        guard memory >= 0, memory <= free else { throw .notEnoughMemory(gpu: index, wanted: memory, free: free) }
        remove { $0 == owner }
        var process = ModelProcess(
            owner: owner, startTime: startTime, memory: UInt64(memory), load: UInt32(load), graphics: graphics ? 1 : 0)
        guard model_add_process_in(file.model, &process, &place) else {
            throw .tooManyProcesses(limit: Int(MODEL_PROCESS_LIMIT))
        }
        model_edited(file.model)
    }

    /// Takes a process off all GPUs. Nothing happens if it is on none.
    package func removeProcess(pid: Int32) {
        for index in 0..<gpuCount { model_charge_energy(file.model, UInt32(index)) }
        remove { model_owner_pid($0) == UInt32(bitPattern: pid) }
        model_edited(file.model)
    }

    /// Bytes that processes can hold on a GPU or in one of its slices, whose place is filled in.
    private func capacity(
        of gpu: UnsafeMutablePointer<ModelGPU>, _ index: Int, _ slice: (gpuInstance: Int, computeInstance: Int)?,
        _ place: inout ModelPlace
    ) throws(SimulationError) -> Int64 {
        guard let slice else { return Int64(gpu.pointee.memoryTotal - gpu.pointee.memoryReserved) }
        let partition = model_load_64(&gpu.pointee.partition)
        let slot = model_gpu_instance_slot(gpu, partition, UInt32(clamping: slice.gpuInstance))
        let code = slot < MODEL_SLICE_SLOTS ? model_partition_at(partition, slot) : 0
        guard code > 0, let kind = model_slice_kind(gpu, code - 1), let word = model_compute_word(gpu, slot),
            (0..<Int(MODEL_SLICE_SLOTS)).contains(slice.computeInstance),
            model_compute_at(model_load_64(word), UInt32(slice.computeInstance)) != 0
        else { throw .noSuchSlice(gpu: index, gpuInstance: slice.gpuInstance, compute: slice.computeInstance) }
        place.gpuInstance = UInt32(slice.gpuInstance) + 1
        place.computeInstance = UInt32(slice.computeInstance) + 1
        return Int64(kind.pointee.memory) - (12 << 20)
    }

    /// Bytes that the other processes hold on a GPU, or in one GPU instance (its id plus one).
    private func memoryUsed(_ index: Int, in gpuInstance: UInt32, except owner: UInt64) -> Int64 {
        var bytes: UInt64 = 0
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard let entry = model_process(file.model, slot), model_read_process(entry, &process),
                model_owner_is_on(process.owner, UInt32(index)), process.owner != owner,
                file.isAlive(process),
                gpuInstance == 0 || model_read_place(file.model, slot).gpuInstance == gpuInstance
            else { continue }
            bytes += process.memory
        }
        return Int64(clamping: bytes)
    }

    func remove(where matches: (UInt64) -> Bool) {
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let entry = model_process(file.model, slot) else { continue }
            let owner = model_load_64(&entry.pointee.owner)
            if owner > MODEL_PROCESS_WRITING, matches(owner) { model_remove_process(entry, owner) }
        }
    }

    func gpu(_ index: Int) throws(SimulationError) -> UnsafeMutablePointer<ModelGPU> {
        guard (0..<gpuCount).contains(index), let gpu = model_gpu(file.model, UInt32(index)) else {
            throw .noSuchGPU(index: index, count: gpuCount)
        }
        return gpu
    }
}
