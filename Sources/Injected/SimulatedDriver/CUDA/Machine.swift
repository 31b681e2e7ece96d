import CSimulatedCUDA
import CSimulatedDriver

/// The state of this process.
var process: UnsafeMutablePointer<DriverProcess> { driver_process() }

/// The device model of the machine that this library belongs to.
var model: UnsafeMutablePointer<DeviceModel> { process.pointee.model }

/// Where the machine lies, and which of its GPUs this process sees.
enum Machine {
    /// Opens the machine and joins it, once for a process.
    static func start() -> CUresult {
        process_lock(&process.pointee.lock)
        defer { process_unlock(&process.pointee.lock) }
        switch atomic_read_32(&process.pointee.state) {
        case 0: break
        case 1: return CUDA_SUCCESS
        default: return CUDA_ERROR_NOT_INITIALIZED
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4200) { buffer in
            guard let path = buffer.baseAddress else { return CUDA_ERROR_OPERATING_SYSTEM }
            guard findDevices(path) else { return CUDA_ERROR_NO_DEVICE }
            let length = strlen(path)
            findGPUs(path)
            let served = Service.join()
            guard served == CUDA_SUCCESS else { return served }
            chooseGPUs()
            guard process.pointee.gpuCount > 0 else {
                Service.leave()
                return CUDA_ERROR_NO_DEVICE
            }
            Service.limitMemory()
            path[length] = 0
            guard Membership.join() else { return CUDA_ERROR_NO_DEVICE }
            watch_forks()
            at_process_end { Membership.leave() }
            atomic_write_32(&process.pointee.state, 1)
            return CUDA_SUCCESS
        }
    }

    /// The CUDA version of the machine's driver, before `cuInit` too; 0 where there is no machine.
    static func readVersion() -> UInt32 {
        if let known = process.pointee.model { return known.pointee.cudaVersion }
        process_lock(&process.pointee.lock)
        defer { process_unlock(&process.pointee.lock) }
        guard atomic_read_32(&process.pointee.state) == 0, process.pointee.model == nil else {
            return process.pointee.model?.pointee.cudaVersion ?? 0
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4200) { buffer in
            guard let path = buffer.baseAddress, findDevices(path) else { return 0 }
            return model.pointee.cudaVersion
        }
    }

    /// Writes the path of the device directory and maps its model: `../dev` seen from the library, else `/dev`.
    private static func findDevices(_ path: UnsafeMutablePointer<CChar>) -> Bool {
        if driver_own_path(path, 4000) {
            if let slash = strrchr(path, 47) { slash.pointee = 0 } else { strcpy(path, ".") }
            strcat(path, "/../dev")
            if map(path) { return true }
        }
        strcpy(path, "/dev")
        return map(path)
    }

    private static func map(_ directory: UnsafeMutablePointer<CChar>) -> Bool {
        let length = strlen(directory)
        defer { directory[length] = 0 }
        strcat(directory, "/nvidiactl")
        let file = open_file(directory, true)
        guard file >= 0 else { return false }
        guard map(file) else {
            close(file)
            return false
        }
        if process.pointee.file > 0 { close(process.pointee.file) }
        process.pointee.file = file
        return true
    }

    /// Maps the model and, behind it, this driver's own part, for which the file is made longer when it is too short.
    private static func map(_ file: Int32) -> Bool {
        let modelSize = MemoryLayout<DeviceModel>.size
        let offset = Int64(TIME_OFFSET)
        let size = offset + Int64(MemoryLayout<DeviceTime>.size)
        let found = regular_file_size(file)
        guard found >= modelSize, modelSize <= Int(offset), let mapped = map_shared(0, modelSize, file, 0) else {
            return false
        }
        let model = mapped.assumingMemoryBound(to: DeviceModel.self)
        guard model.pointee.magic == MODEL_MAGIC, model.pointee.layout == MODEL_LAYOUT,
            model.pointee.gpuCount <= MODEL_GPU_LIMIT, found >= size || ftruncate(file, Int(size)) == 0,
            let behind = map_shared(0, Int(size - offset), file, offset)
        else {
            munmap(mapped, modelSize)
            return false
        }
        let time = behind.assumingMemoryBound(to: DeviceTime.self)
        _ = atomic_replace_64(&time.pointee.layout, 0, UInt64(TIME_LAYOUT))
        guard atomic_read_64(&time.pointee.layout) == UInt64(TIME_LAYOUT) else {
            munmap(mapped, modelSize)
            munmap(behind, Int(size - offset))
            return false
        }
        process.pointee.model = model
        process.pointee.time = time
        return true
    }

    /// Lists the GPUs whose nodes can be opened.
    private static func findGPUs(_ path: UnsafeMutablePointer<CChar>) {
        let length = strlen(path)
        var there: UInt32 = 0
        for number in 0..<model.pointee.gpuCount {
            path[length] = 0
            strcat(path, "/nvidia")
            append(decimal: model_gpu(model, number).pointee.minorNumber, to: path)
            let node = open_file(path, true)
            guard node >= 0 else { continue }
            close(node)
            process_gpu(process, there).pointee = number
            there += 1
        }
        process.pointee.gpuCount = there
    }

    /// Keeps of these what the server has, and of that what `CUDA_VISIBLE_DEVICES` asks for, in its order.
    private static func chooseGPUs() {
        Service.keepServedGPUs()
        if let wanted = getenv("CUDA_VISIBLE_DEVICES") { choose(wanted, process.pointee.gpuCount) }
        if process.pointee.partGPU == 0 { passOverPartitioned() }
    }

    /// GPUs in MIG mode cannot be used as a whole. Where there are no others, the first part of the first is used.
    private static func passOverPartitioned() {
        let first = process_gpu(process, 0).pointee
        var whole: UInt32 = 0
        let count = process.pointee.gpuCount
        for index in 0..<count {
            let number = process_gpu(process, index).pointee
            guard let state = model_gpu(model, number), model_load_32(&state.pointee.migMode) == 0 else { continue }
            process_gpu(process, whole).pointee = number
            whole += 1
        }
        process.pointee.gpuCount = whole
        if whole == 0, count > 0, Part.choose(first, named: nil, 0) { process.pointee.gpuCount = 1 }
    }

    /// Keeps what the list names, up to its first entry that names nothing, as the real driver does.
    private static func choose(_ list: UnsafePointer<CChar>, _ there: UInt32) {
        var chosen = InlineArray<16, UInt32>(repeating: 0)
        var count: UInt32 = 0
        var entry = list
        while entry.pointee != 0 {
            while entry.pointee == 32 { entry += 1 }
            let length = strcspn(entry, ", ")
            if count == 0, length > 4, strncmp(entry, "MIG-", 4) == 0 {
                for index in 0..<there {
                    let number = process_gpu(process, index).pointee
                    guard Part.choose(number, named: entry, length) else { continue }
                    process_gpu(process, 0).pointee = number
                    process.pointee.gpuCount = 1
                    return
                }
            }
            guard let gpu = find(entry, length, there) else { break }
            for index in 0..<count where chosen[Int(index)] == gpu {
                // A GPU that is named twice makes the whole list void.
                process.pointee.gpuCount = 0
                return
            }
            chosen[Int(count)] = gpu
            count += 1
            entry += length
            while entry.pointee == 32 { entry += 1 }
            guard entry.pointee == 44 else { break }
            entry += 1
        }
        for index in 0..<count { process_gpu(process, index).pointee = chosen[Int(index)] }
        process.pointee.gpuCount = count
    }

    /// The GPU that an index or the beginning of a UUID means.
    static func find(_ entry: UnsafePointer<CChar>, _ length: Int, _ there: UInt32) -> UInt32? {
        if length > 4, strncmp(entry, "GPU-", 4) == 0 {
            var found: UInt32?
            for index in 0..<there {
                let number = process_gpu(process, index).pointee
                guard strncmp(model_uuid(model_gpu(model, number)), entry, length) == 0 else { continue }
                // Two that begin alike: the entry names neither.
                guard found == nil else { return nil }
                found = number
            }
            return found
        }
        var index: UInt32 = 0
        guard length > 0, length < 4 else { return nil }
        for place in 0..<length {
            guard entry[place] >= 48, entry[place] <= 57 else { return nil }
            index = index * 10 + UInt32(entry[place] - 48)
        }
        return index < there ? process_gpu(process, index).pointee : nil
    }
}

/// Appends a number to a text that has room for it.
func append(decimal number: UInt32, to text: UnsafeMutablePointer<CChar>) {
    var end = text + strlen(text)
    var divisor: UInt32 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
        end.pointee = CChar(truncatingIfNeeded: 48 + number / divisor % 10)
        end += 1
        divisor /= 10
    }
    end.pointee = 0
}

/// What a call answers at once: that the driver does not work in this process, or an error that was ordered; nil when
/// it may go on. A call that is to hang does not come back until it may.
@inline(__always)
func notReady(_ call: StaticString = #function) -> CUresult? {
    guard atomic_read_32(&process.pointee.state) == 1 else { return CUDA_ERROR_NOT_INITIALIZED }
    return model_has_faults(model) ? meetFault(call) : nil
}

@inline(never)
private func meetFault(_ call: StaticString) -> CUresult? {
    let name = UnsafeRawPointer(call.utf8Start).assumingMemoryBound(to: CChar.self)
    let hash = model_call_hash(name, call.utf8CodeUnitCount)
    var result: UInt32 = 0
    switch model_meet_fault(model, hash, true, &result) {
    case MODEL_FAULT_FAIL.rawValue:
        return CUresult(result)
    case MODEL_FAULT_HANG.rawValue:
        while model_still_hangs(model, hash) { sleep_for(5_000_000) }
        return nil
    default:
        return nil
    }
}

/// Runs a call that needs a current context.
@inline(__always)
func withContext(_ call: StaticString = #function, _ body: (Context) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let context = Contexts.current else { return CUDA_ERROR_INVALID_CONTEXT }
    if let error = context.failure { return error }
    return body(context)
}

/// Runs a call on a stream, whose context need not be the current one.
@inline(__always)
func withStream(_ handle: CUstream?, _ call: StaticString = #function, _ body: (Stream) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let stream = Contexts.stream(handle) else {
        return Contexts.current == nil ? CUDA_ERROR_INVALID_CONTEXT : CUDA_ERROR_INVALID_HANDLE
    }
    if let error = stream.pointee.context.failure { return error }
    return body(stream)
}

/// Answers a number or a handle where the caller wants it.
@inline(__always)
func give<Value>(_ value: Value, to place: UnsafeMutablePointer<Value>?) -> CUresult {
    guard let place else { return CUDA_ERROR_INVALID_VALUE }
    place.pointee = value
    return CUDA_SUCCESS
}
