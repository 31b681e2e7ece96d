import CLimiter
public import CLimiterView

// What tools in a container are told of a GPU's memory: the limit is the whole, and what the container holds is used.

@c public func nvmlDeviceGetMemoryInfo(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_t>?
) -> Int32 {
    let status = real_memory(device, memory)
    guard status == Int32(NVML_SUCCESS), let memory, let view = MemoryView(of: device) else { return status }
    memory.pointee.total = min(memory.pointee.total, view.limit)
    memory.pointee.used = min(view.used, memory.pointee.total)
    memory.pointee.free = min(memory.pointee.free, memory.pointee.total - memory.pointee.used)
    return status
}

@c(nvmlDeviceGetMemoryInfo_v2) public func nvmlDeviceGetMemoryInfo2(
    _ device: nvmlDevice_t?, _ memory: UnsafeMutablePointer<nvmlMemory_v2_t>?
) -> Int32 {
    let status = real_memory_v2(device, memory)
    guard status == Int32(NVML_SUCCESS), let memory, let view = MemoryView(of: device) else { return status }
    memory.pointee.total = min(memory.pointee.total, view.limit)
    memory.pointee.reserved = 0
    memory.pointee.used = min(view.used, memory.pointee.total)
    memory.pointee.free = min(memory.pointee.free, memory.pointee.total - memory.pointee.used)
    return status
}

/// A container's part of a GPU, by its limits and its books.
private struct MemoryView {
    let limit: UInt64
    let used: UInt64

    /// Nil for what is not in the limits, as MIG devices, of which the driver tells the truth.
    init?(of device: nvmlDevice_t?) {
        guard let limits = view_limits(), let index = Self.place(of: device, limits),
            let gpu = view_gpu(limits, index)
        else { return nil }
        limit = gpu.pointee.memory
        var sum = gpu.pointee.unaccounted
        if let books = view_books() {
            for slot in 0..<view_slots(books) {
                let held = view_held(books, slot, index)
                if held > 0, view_is_alive(slot) { sum &+= held }
            }
        }
        used = sum
    }

    private static func place(of device: nvmlDevice_t?, _ limits: UnsafePointer<LimiterLimits>) -> UInt32? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(VIEW_UUID_LENGTH)) { text in
            guard let start = text.baseAddress, real_uuid(device, start) == Int32(NVML_SUCCESS) else { return nil }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { bytes in
                guard read(start, bytes) else { return nil }
                for index in 0..<min(limits.pointee.gpuCount, UInt32(LIMITER_GPUS))
                where view_has_uuid(view_gpu(limits, index), bytes.baseAddress) {
                    return index
                }
                return nil
            }
        }
    }

    /// The sixteen bytes of `GPU-...`; false when the text is none.
    private static func read(_ text: UnsafePointer<CChar>, _ bytes: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        guard text[0] == 71, text[1] == 80, text[2] == 85, text[3] == 45 else { return false }
        var count = 0
        var place = 4
        while count < 32 {
            let character = UInt8(bitPattern: text[place])
            place += 1
            let digit: UInt8
            switch character {
            case 48...57: digit = character - 48
            case 97...102: digit = character - 87
            case 65...70: digit = character - 55
            case 45: continue
            default: return false
            }
            bytes[count / 2] = count % 2 == 0 ? digit << 4 : bytes[count / 2] | digit
            count += 1
        }
        return true
    }
}
