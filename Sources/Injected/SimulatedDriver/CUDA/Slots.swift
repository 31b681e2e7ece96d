import CSimulatedCUDA

/// Where the driver's objects live.
///
/// Slots come in powers of two and are used again by objects of the same size, never given back: reading the tag of a
/// handle that was destroyed is safe. A new object is all zeros.
enum Slots {
    static func make<Object>(_ type: Object.Type) -> UnsafeMutablePointer<Object>? {
        let size = exponent(MemoryLayout<Object>.size)
        process_lock(&process.pointee.slotLock)
        defer { process_unlock(&process.pointee.slotLock) }
        guard let memory = take(size) else { return nil }
        memset(memory, 0, 1 << size)
        return memory.assumingMemoryBound(to: Object.self)
    }

    static func free<Object>(_ object: UnsafeMutablePointer<Object>) {
        let size = exponent(MemoryLayout<Object>.size)
        let memory = UnsafeMutableRawPointer(object)
        process_lock(&process.pointee.slotLock)
        defer { process_unlock(&process.pointee.slotLock) }
        guard let first = process_free_slot(process, UInt32(size)) else { return }
        // The second word links free slots; the first holds the tag, which is nobody's.
        memory.storeBytes(of: 0, as: UInt64.self)
        memory.storeBytes(of: first.pointee, toByteOffset: 8, as: UnsafeMutableRawPointer?.self)
        first.pointee = memory
    }

    private static func take(_ size: Int) -> UnsafeMutableRawPointer? {
        guard let first = process_free_slot(process, UInt32(size)) else { return nil }
        if let memory = first.pointee {
            first.pointee = memory.load(fromByteOffset: 8, as: UnsafeMutableRawPointer?.self)
            return memory
        }
        let slabSize = 1 << 20
        if process.pointee.slabLeft < 1 << UInt64(size) {
            guard let slab = map_private(0, slabSize) else { return nil }
            process.pointee.slab = slab.assumingMemoryBound(to: UInt8.self)
            process.pointee.slabLeft = UInt64(slabSize)
        }
        guard let slab = process.pointee.slab else { return nil }
        process.pointee.slab = slab + (1 << size)
        process.pointee.slabLeft -= 1 << UInt64(size)
        return UnsafeMutableRawPointer(slab)
    }

    /// The power of two that holds so many bytes; at least 16, at most 2^15.
    private static func exponent(_ size: Int) -> Int {
        var exponent = 4
        while 1 << exponent < size { exponent += 1 }
        return exponent
    }
}

/// A number that no other object of this process has.
func newID() -> UInt64 { atomic_add_64(&process.pointee.ids, 1) }
