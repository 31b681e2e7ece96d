import CLimiter
import CLimiterView

/// A container's part of a GPU, by its limits and its books.
struct PartView {
    let gpu: UnsafePointer<LimiterGPU>
    /// Its place in the limits.
    let index: UInt32

    /// Nil for what is not in the limits, as MIG devices, of which the driver tells the truth.
    init?(of device: nvmlDevice_t?) {
        guard let limits = view_limits(), let index = Self.place(of: device, limits),
            let gpu = view_gpu(limits, index)
        else { return nil }
        self.gpu = gpu
        self.index = index
    }

    /// What the container holds of the GPU, and what lives on the host in its place.
    private var used: (memory: UInt64, spilled: UInt64) {
        var (memory, spilled) = (gpu.pointee.unaccounted, UInt64(0))
        if let books = view_books() {
            for slot in 0..<view_slots(books) {
                let held = view_held(books, slot, index)
                if held > 0, view_is_alive(slot) { memory &+= held }
            }
            memory &+= view_orphaned(books, index)
            spilled = view_spilled(books, index)
        }
        return (min(memory, gpu.pointee.memory), min(spilled, gpu.pointee.spill))
    }

    /// The limit as the whole, where the GPU has that much and so much free.
    func memory(total: UInt64, free: UInt64) -> (total: UInt64, free: UInt64, used: UInt64) {
        let (used, spilled) = used
        let whole = min(total, gpu.pointee.memory)
        let held = min(used, whole)
        return (whole + gpu.pointee.spill, min(free, whole - held) + gpu.pointee.spill - spilled, held + spilled)
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
