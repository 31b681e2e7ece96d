import CSimulatedCUDA

/// What operations do when they are due.
enum Effects {
    /// Does it, and tells how long a GPU would have taken, in nanoseconds.
    static func perform(_ operation: Operation) -> UInt64 {
        let it = operation.pointee
        switch Int(it.kind) {
        case OPERATION_COPY:
            copy_memory(it.a, it.b, it.c)
            if it.flags == 1 { free(pointer(it.b)) }
            return it.d
        case OPERATION_COPY_3D:
            guard let copy = pointer(it.a)?.assumingMemoryBound(to: CUDA_MEMCPY3D.self) else { return 0 }
            Copies.perform(copy.pointee)
            if it.flags == 1 { free(copy) }
            return it.d
        case OPERATION_SET:
            set(it)
            return it.c * it.d * UInt64(it.flags) / 1000
        case OPERATION_WRITE_VALUE:
            if it.flags == 8 {
                pointer(it.a)?.assumingMemoryBound(to: UInt64.self).pointee = it.b
            } else {
                pointer(it.a)?.assumingMemoryBound(to: UInt32.self).pointee = UInt32(truncatingIfNeeded: it.b)
            }
        case OPERATION_FREE:
            Pools.free(it.a)
        case OPERATION_GRAPH_ALLOC:
            GraphMemory.allocate(it)
        default: break
        }
        return 0
    }

    static func pointer(_ address: UInt64) -> UnsafeMutableRawPointer? { .init(bitPattern: UInt(address)) }

    private static func set(_ it: DriverOperation) {
        for row in 0..<it.d {
            let address = it.a + row * it.e
            let bytes = it.c * UInt64(it.flags)
            if it.b == 0 {
                zero(address, bytes)
            } else if it.flags == 1 {
                set_memory(address, UInt8(truncatingIfNeeded: it.b), bytes)
            } else if it.flags == 2, let words = pointer(address)?.assumingMemoryBound(to: UInt16.self) {
                words.update(repeating: UInt16(truncatingIfNeeded: it.b), count: Int(it.c))
            } else if let words = pointer(address)?.assumingMemoryBound(to: UInt32.self) {
                words.update(repeating: UInt32(truncatingIfNeeded: it.b), count: Int(it.c))
            }
        }
    }

    /// Large stretches are given back instead of being touched: programs zero gigabytes that nobody ever reads.
    private static func zero(_ address: UInt64, _ bytes: UInt64) {
        let block = Memory.block
        process_lock(&process.pointee.memoryLock)
        let range = Ranges.find(address)
        let isPrivate = range.map { $0.pointee.file < 0 && $0.pointee.mappedSize >= $0.pointee.size } ?? false
        process_unlock(&process.pointee.memoryLock)
        let first = Memory.rounded(address, to: block)
        let last = (address + bytes) / block * block
        guard isPrivate, last > first else {
            set_memory(address, 0, bytes)
            return
        }
        set_memory(address, 0, first - address)
        forget_memory(first, Int(last - first))
        set_memory(last, 0, address + bytes - last)
    }
}

/// Waits for memory to have a value.
enum Values {
    static func isReached(_ wait: Operation) -> Bool {
        let it = wait.pointee
        guard let address = UnsafeMutableRawPointer(bitPattern: UInt(it.a)) else { return true }
        if it.flags == 8 {
            let value = atomic_read_64(address.assumingMemoryBound(to: UInt64.self))
            return isReached(value, it.b, it.c, isNotBehind: Int64(bitPattern: value &- it.b) >= 0)
        }
        let value = atomic_read_32(address.assumingMemoryBound(to: UInt32.self))
        let wanted = UInt32(truncatingIfNeeded: it.b)
        return isReached(
            UInt64(value), UInt64(wanted), it.c, isNotBehind: Int32(bitPattern: value &- wanted) >= 0)
    }

    private static func isReached(_ value: UInt64, _ wanted: UInt64, _ how: UInt64, isNotBehind: Bool) -> Bool {
        switch how & 3 {
        case 0: isNotBehind
        case 1: value == wanted
        case 2: value & wanted != 0
        default: ~(value | wanted) != 0
        }
    }
}
