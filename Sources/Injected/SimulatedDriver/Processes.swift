public import CNVML
import CSimulatedDriver

// Who uses a GPU.

extension GPU {
    /// Takes processes that are gone out of the model, as a driver does when their files are closed.
    ///
    /// Whoever looks does it, at most once in a millisecond for all processes together. It is left to others where the
    /// pids mean nothing here (in a container) or the model may not be written.
    func dropDeadProcesses() {
        guard mapped.isWritable, mapped.sharesPIDs else { return }
        let now = model_now()
        let last = model_load_64(&model.pointee.sweptAt)
        guard now < last || now - last >= 1000, model_exchange_64(&model.pointee.sweptAt, last, now) else { return }
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard let entry = model_process(model, slot), model_read_process(entry, &process) else { continue }
            guard process_start_time(model_owner_pid(process.owner)) != process.startTime else { continue }
            model_charge_energy(model, UInt32(process.owner >> 32) - 1)
            if model_remove_process(entry, process.owner) { model_edited(model) }
        }
    }

    /// Calls the body for each process that this one can see on the GPU.
    ///
    /// A pid of another PID namespace cannot be told to the caller: such processes count in sums, and are not listed.
    func forEachProcess(_ body: (ModelProcess) -> Void) {
        guard mapped.sharesPIDs else { return }
        dropDeadProcesses()
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard model_read_process(model_process(model, slot), &process),
                model_owner_is_on(process.owner, number)
            else { continue }
            body(process)
        }
    }
}

/// Fills a list of processes, or says how long it has to be.
private func list<Entry>(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ entries: UnsafeMutablePointer<Entry>?,
    graphics: Bool, _ entry: (ModelProcess) -> Entry
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        let room = entries == nil ? 0 : count.pointee
        var found: UInt32 = 0
        gpu.forEachProcess { process in
            guard (process.graphics != 0) == graphics else { return }
            if found < room { entries?[Int(found)] = entry(process) }
            found += 1
        }
        count.pointee = found
        return found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
}

private func current(_ process: ModelProcess) -> nvmlProcessInfo_t {
    nvmlProcessInfo_t(
        pid: model_owner_pid(process.owner), usedGpuMemory: process.memory, gpuInstanceId: NVML_NO_INSTANCE,
        computeInstanceId: NVML_NO_INSTANCE)
}

private func first(_ process: ModelProcess) -> nvmlProcessInfo_v1_t {
    nvmlProcessInfo_v1_t(pid: model_owner_pid(process.owner), usedGpuMemory: process.memory)
}

@c public func nvmlDeviceGetComputeRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> nvmlReturn_t {
    list(device, count, entries, graphics: false, first)
}

@c(nvmlDeviceGetComputeRunningProcesses_v2) public func nvmlDeviceGetComputeRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    list(device, count, entries, graphics: false, current)
}

@c(nvmlDeviceGetComputeRunningProcesses_v3) public func nvmlDeviceGetComputeRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    list(device, count, entries, graphics: false, current)
}

@c public func nvmlDeviceGetGraphicsRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> nvmlReturn_t {
    list(device, count, entries, graphics: true, first)
}

@c(nvmlDeviceGetGraphicsRunningProcesses_v2) public func nvmlDeviceGetGraphicsRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    list(device, count, entries, graphics: true, current)
}

@c(nvmlDeviceGetGraphicsRunningProcesses_v3) public func nvmlDeviceGetGraphicsRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    list(device, count, entries, graphics: true, current)
}

/// No simulated process runs under a multi-process server.
@c public func nvmlDeviceGetMPSComputeRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> nvmlReturn_t {
    answer(device, count) { _ in 0 }
}

@c(nvmlDeviceGetMPSComputeRunningProcesses_v2) public func nvmlDeviceGetMPSComputeRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    answer(device, count) { _ in 0 }
}

@c(nvmlDeviceGetMPSComputeRunningProcesses_v3) public func nvmlDeviceGetMPSComputeRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    answer(device, count) { _ in 0 }
}

/// One sample per process, taken now; a caller that has seen the present has seen all.
@c public func nvmlDeviceGetProcessUtilization(
    _ device: nvmlDevice_t?, _ samples: UnsafeMutablePointer<nvmlProcessUtilizationSample_t>?,
    _ count: UnsafeMutablePointer<UInt32>?, _ lastSeen: UInt64
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        let now = driver_wall_clock()
        let room = samples == nil ? 0 : count.pointee
        var found: UInt32 = 0
        gpu.forEachProcess { process in
            if found < room {
                samples?[Int(found)] = nvmlProcessUtilizationSample_t(
                    pid: model_owner_pid(process.owner), timeStamp: now, smUtil: process.load,
                    memUtil: memoryLoad(process.load), encUtil: 0, decUtil: 0)
            }
            found += 1
        }
        guard found > 0, now > lastSeen else {
            count.pointee = 0
            return NVML_ERROR_NOT_FOUND
        }
        count.pointee = found
        return found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
}
