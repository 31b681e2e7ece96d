import CLimiter
public import CLimiterView

// What tools in a container are told of who uses a GPU: the container's own processes, and nobody else's. They are
// named by the pids that they have where the tool runs; one that has none there is not named.

/// The container's processes on a GPU, by its books.
struct OwnProcesses {
    private let books: UnsafePointer<LimiterBooks>
    private let gpu: UInt32
    private let namespace: UInt64

    init?(of device: nvmlDevice_t?) {
        guard let view = PartView(of: device), let books = view_books() else { return nil }
        self.books = books
        gpu = view.index
        namespace = view_pid_namespace()
    }

    func forEach(_ body: (_ pid: UInt32, _ memory: UInt64) -> Void) {
        for slot in 0..<view_slots(books) {
            let (pid, held) = (view_pid(books, slot, namespace), view_held(books, slot, gpu))
            if pid != 0, held > 0, view_is_alive(slot) { body(pid, held) }
        }
    }

    func contains(_ pid: UInt32) -> Bool {
        for slot in 0..<view_slots(books) where view_pid(books, slot, namespace) == pid && view_is_alive(slot) {
            return true
        }
        return false
    }
}

/// Lists who computes. It is the books that say so, of which every program of the container has a page: whatever pids
/// the driver knows, these are right.
private func listComputing(
    _ list: Int, _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ put: (_ index: Int, _ pid: UInt32, _ memory: UInt64) -> Void, isThere: Bool
) -> Int32? {
    guard let count, let own = OwnProcesses(of: device) else { return nil }
    var none: UInt32 = 0
    let status = real_list(UInt32(list), device, &none, nil)
    guard status == Int32(NVML_SUCCESS) || status == Int32(NVML_ERROR_INSUFFICIENT_SIZE) else { return status }
    let room = isThere ? count.pointee : 0
    var found: UInt32 = 0
    own.forEach { pid, memory in
        if found < room { put(Int(found), pid, memory) }
        found += 1
    }
    count.pointee = found
    return found > room ? Int32(NVML_ERROR_INSUFFICIENT_SIZE) : Int32(NVML_SUCCESS)
}

private func listComputing(
    _ list: Int, _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ processes: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> Int32 {
    // No MIG instance is all ones.
    let answer = listComputing(
        list, device, count,
        { index, pid, memory in
            processes?[index] = nvmlProcessInfo_t(
                pid: pid, usedGpuMemory: memory, gpuInstanceId: .max, computeInstanceId: .max)
        }, isThere: processes != nil)
    return answer ?? real_list(UInt32(list), device, count, processes)
}

/// Lists who does something else, as the driver knows them.
private func listOthers(
    _ list: Int, _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?,
    stride: Int
) -> Int32 {
    let status = real_list(UInt32(list), device, count, processes)
    guard status == Int32(NVML_SUCCESS), let count, let processes, let own = OwnProcesses(of: device) else {
        return status
    }
    var kept = 0
    for index in 0..<Int(count.pointee) {
        let entry = processes + index * stride
        guard own.contains(entry.load(as: UInt32.self)) else { continue }
        if kept != index { (processes + kept * stride).copyMemory(from: entry, byteCount: stride) }
        kept += 1
    }
    count.pointee = UInt32(kept)
    return status
}

@c public func nvmlDeviceGetComputeRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ processes: UnsafeMutablePointer<nvmlProcessInfo_v1_t>?
) -> Int32 {
    let answer = listComputing(
        VIEW_COMPUTE_1, device, count,
        { processes?[$0] = nvmlProcessInfo_v1_t(pid: $1, usedGpuMemory: $2) }, isThere: processes != nil)
    return answer ?? real_list(UInt32(VIEW_COMPUTE_1), device, count, processes)
}

@c(nvmlDeviceGetComputeRunningProcesses_v2) public func nvmlDeviceGetComputeRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ processes: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> Int32 { listComputing(VIEW_COMPUTE_2, device, count, processes) }

@c(nvmlDeviceGetComputeRunningProcesses_v3) public func nvmlDeviceGetComputeRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?,
    _ processes: UnsafeMutablePointer<nvmlProcessInfo_t>?
) -> Int32 { listComputing(VIEW_COMPUTE_3, device, count, processes) }

@c public func nvmlDeviceGetGraphicsRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?
) -> Int32 { listOthers(VIEW_GRAPHICS_1, device, count, processes, stride: 16) }

@c(nvmlDeviceGetGraphicsRunningProcesses_v2) public func nvmlDeviceGetGraphicsRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?
) -> Int32 { listOthers(VIEW_GRAPHICS_2, device, count, processes, stride: 24) }

@c(nvmlDeviceGetGraphicsRunningProcesses_v3) public func nvmlDeviceGetGraphicsRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?
) -> Int32 { listOthers(VIEW_GRAPHICS_3, device, count, processes, stride: 24) }

@c public func nvmlDeviceGetMPSComputeRunningProcesses(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?
) -> Int32 { listOthers(VIEW_MPS_1, device, count, processes, stride: 16) }

@c(nvmlDeviceGetMPSComputeRunningProcesses_v2) public func nvmlDeviceGetMPSComputeRunningProcesses2(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?
) -> Int32 { listOthers(VIEW_MPS_2, device, count, processes, stride: 24) }

@c(nvmlDeviceGetMPSComputeRunningProcesses_v3) public func nvmlDeviceGetMPSComputeRunningProcesses3(
    _ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?, _ processes: UnsafeMutableRawPointer?
) -> Int32 { listOthers(VIEW_MPS_3, device, count, processes, stride: 24) }
