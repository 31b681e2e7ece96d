public import CNVML
import CSimulatedDriver
import Synchronization

// Who uses a GPU.

/// When this process last read the state of every listed process.
private enum Sweep {
    static let wholeAt = Atomic<UInt64>(0)
    /// Microseconds between two looks that cost a system call for each process, and two that read its state.
    static let quickly: UInt64 = 1_000
    static let wholly: UInt64 = 50_000
    /// So few processes are looked at wholly every time.
    static let few: UInt32 = 8
}

extension GPU {
    /// Takes processes that are gone out of the model, as a driver does when their files are closed.
    ///
    /// Whoever looks does it, at most once in a millisecond for all processes together. Where there are many, only their
    /// existence is looked at mostly: that a process is dead and not yet buried, or another one has its pid, costs more
    /// to see. It is left to others where the pids mean nothing here (in a container) or the model may not be written.
    func dropDeadProcesses() {
        guard mapped.isWritable, mapped.sharesPIDs else { return }
        let now = model_now()
        let last = model_load_64(&model.pointee.sweptAt)
        guard now < last || now - last >= Sweep.quickly, model_exchange_64(&model.pointee.sweptAt, last, now) else {
            return
        }
        let whole = Sweep.wholeAt.load(ordering: .relaxed)
        let isWhole = now < whole || now - whole >= Sweep.wholly
        if isWhole { Sweep.wholeAt.store(now, ordering: .relaxed) }
        var seen: UInt32 = 0
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard let entry = model_process(model, slot), model_read_process(entry, &process) else { continue }
            let pid = model_owner_pid(process.owner)
            seen += 1
            let isAlive =
                isWhole || seen <= Sweep.few || pid_is_foreign(pid)
                ? listed_process_lives(mapped.file, &process) : driver_process_exists(pid)
            guard !isAlive else { continue }
            model_charge_energy(model, UInt32(process.owner >> 32) - 1)
            if model_remove_process(entry, process.owner) { model_edited(model) }
        }
    }

    /// Calls the body for each process that this one can see on the GPU, or on a part of it.
    ///
    /// A process whose pid in the caller's namespace cannot be found counts in sums, and is not listed.
    func forEachProcess(of part: MIGDevice? = nil, _ body: (ModelProcess, ModelPlace) -> Void) {
        guard mapped.sharesPIDs else { return }
        dropDeadProcesses()
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard model_read_process(model_process(model, slot), &process),
                model_owner_is_on(process.owner, number)
            else { continue }
            let place = model_read_place(model, slot)
            if pid_is_foreign(model_owner_pid(process.owner)) {
                let pid = foreign_process_pid(mapped.file, model_owner_pid(process.owner))
                guard pid != 0 else { continue }
                process.owner = model_owner(number, pid)
            }
            if let part, place.gpuInstance != part.instance.id + 1 || place.computeInstance != part.id + 1 { continue }
            body(process, place)
        }
    }
}

/// How a process uses a GPU; it is in one list only.
enum ProcessKind: UInt32 {
    case compute, graphics, served

    init(_ process: ModelProcess, _ place: ModelPlace) {
        self = process.graphics != 0 ? .graphics : place.served != 0 ? .served : .compute
    }
}

extension MappedModel {
    /// What is told of a process's memory: nothing while the GPUs work confidentially.
    func told(_ memory: UInt64) -> UInt64 {
        model_load_32(&model.pointee.confidentialFeature) != 0 ? NVML_MEMORY_NOT_AVAILABLE : memory
    }
}

extension ModelPlace {
    /// NVML's ids of where the process runs.
    var gpuInstanceID: UInt32 { gpuInstance &- 1 }
    var computeInstanceID: UInt32 { computeInstance &- 1 }
}

/// Fills a list of processes, or says how long it has to be.
func listProcesses<Entry>(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ entries: UnsafeMutablePointer<Entry>?,
    _ kind: ProcessKind, call: StaticString = #function, _ entry: (MappedModel, ModelProcess, ModelPlace) -> Entry
) -> nvmlReturn_t {
    withDevice(device, call) { gpu, part in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        let room = entries == nil ? 0 : count.pointee
        var found: UInt32 = 0
        gpu.forEachProcess(of: part) { process, place in
            guard ProcessKind(process, place) == kind else { return }
            if found < room { entries?[Int(found)] = entry(gpu.mapped, process, place) }
            found += 1
        }
        count.pointee = found
        return found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
}

private func current(_ mapped: MappedModel, _ process: ModelProcess, _ place: ModelPlace) -> nvmlProcessInfo_t {
    nvmlProcessInfo_t(
        pid: model_owner_pid(process.owner), usedGpuMemory: mapped.told(process.memory),
        gpuInstanceId: place.gpuInstanceID, computeInstanceId: place.computeInstanceID)
}

private func first(_ mapped: MappedModel, _ process: ModelProcess, _ place: ModelPlace) -> nvmlProcessInfo_v1_t {
    nvmlProcessInfo_v1_t(pid: model_owner_pid(process.owner), usedGpuMemory: mapped.told(process.memory))
}

@c public func nvmlDeviceGetComputeRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .compute, first)
}

@c(nvmlDeviceGetComputeRunningProcesses_v2) public func nvmlDeviceGetComputeRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .compute, current)
}

@c(nvmlDeviceGetComputeRunningProcesses_v3) public func nvmlDeviceGetComputeRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .compute, current)
}

@c public func nvmlDeviceGetGraphicsRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .graphics, first)
}

@c(nvmlDeviceGetGraphicsRunningProcesses_v2) public func nvmlDeviceGetGraphicsRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .graphics, current)
}

@c(nvmlDeviceGetGraphicsRunningProcesses_v3) public func nvmlDeviceGetGraphicsRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .graphics, current)
}

@c public func nvmlDeviceGetMPSComputeRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .served, first)
}

@c(nvmlDeviceGetMPSComputeRunningProcesses_v2) public func nvmlDeviceGetMPSComputeRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .served, current)
}

@c(nvmlDeviceGetMPSComputeRunningProcesses_v3) public func nvmlDeviceGetMPSComputeRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ entries: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> nvmlReturn_t {
    listProcesses(device, count, entries, .served, current)
}

/// The list of one mode, in a structure that says which.
@c public func nvmlDeviceGetRunningProcessDetailList(
    _ device: nvmlDevice_t?, _ list: UnsafeMutablePointer<nvmlProcessDetailList_v1_t>?
) -> nvmlReturn_t {
    guard let list else { return NVML_ERROR_INVALID_ARGUMENT }
    guard list.pointee.version == structVersion(nvmlProcessDetailList_v1_t.self, 1) else {
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
    }
    guard let kind = ProcessKind(rawValue: list.pointee.mode) else { return NVML_ERROR_INVALID_ARGUMENT }
    return listProcesses(device, &list.pointee.numProcArrayEntries, list.pointee.procArray, kind) {
        mapped, process, place in
        nvmlProcessDetail_v1_t(
            pid: model_owner_pid(process.owner), usedGpuMemory: mapped.told(process.memory),
            gpuInstanceId: place.gpuInstanceID, computeInstanceId: place.computeInstanceID,
            usedGpuCcProtectedMemory: 0)
    }
}

/// One sample per process, taken now; a caller that has seen the present has seen all.
@c public func nvmlDeviceGetProcessUtilization(
    _ device: nvmlDevice_t?, _ samples: UnsafeMutablePointer<nvmlProcessUtilizationSample_t>?,
    _ count: UnsafeMutablePointer<UInt32>?, _ lastSeen: UInt64
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let count else { return NVML_ERROR_INVALID_ARGUMENT }
        guard !gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        let now = driver_wall_clock()
        let room = samples == nil ? 0 : count.pointee
        var found: UInt32 = 0
        gpu.forEachProcess { process, _ in
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

/// The same in a versioned structure.
@c public func nvmlDeviceGetProcessesUtilizationInfo(
    _ device: nvmlDevice_t?, _ info: UnsafeMutablePointer<nvmlProcessesUtilizationInfo_v1_t>?
) -> nvmlReturn_t {
    withGPU(device, since: 550) { gpu in
        guard let info else { return NVML_ERROR_INVALID_ARGUMENT }
        guard info.pointee.version == structVersion(nvmlProcessesUtilizationInfo_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        guard !gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        let now = driver_wall_clock()
        let room = info.pointee.procUtilArray == nil ? 0 : info.pointee.processSamplesCount
        var found: UInt32 = 0
        gpu.forEachProcess { process, _ in
            if found < room {
                info.pointee.procUtilArray[Int(found)] = nvmlProcessUtilizationInfo_v1_t(
                    timeStamp: now, pid: model_owner_pid(process.owner), smUtil: process.load,
                    memUtil: memoryLoad(process.load), encUtil: 0, decUtil: 0, jpgUtil: 0, ofaUtil: 0)
            }
            found += 1
        }
        info.pointee.processSamplesCount = found
        guard found > 0 else { return NVML_ERROR_NOT_FOUND }
        return found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
}
