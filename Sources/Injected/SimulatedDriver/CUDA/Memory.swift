import CSimulatedCUDA

/// Memory of a GPU.
///
/// Behind it is memory of this process that costs nothing until it is touched; its address is the device address too.
/// Charged are blocks of two mebibytes, as a driver does it: small allocations of a context share them.
enum Memory {
    /// What physical memory comes in, in bytes.
    static var block: UInt64 { 2 << 20 }
    static var granule: UInt64 { 512 }
    /// What is at most carved from a block that others share.
    static var smallest: UInt64 { 1 << 20 }

    static func rounded(_ size: UInt64, to unit: UInt64) -> UInt64 { (size + unit - 1) / unit * unit }

    /// Allocates for a context; the result is nil when the GPU has no more.
    static func allocate(_ size: UInt64, _ kind: Int, _ context: Context) -> Allocation? {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        return allocateLocked(size, kind, context)
    }

    /// The same while `memoryLock` is held.
    static func allocateLocked(_ size: UInt64, _ kind: Int, _ context: Context) -> Allocation? {
        guard size <= 1 << 46, let allocation = Slots.make(DriverAllocation.self) else { return nil }
        allocation.pointee.size = size
        allocation.pointee.kind = UInt32(kind)
        allocation.pointee.gpu = context.pointee.gpu
        allocation.pointee.device = context.pointee.device
        allocation.pointee.context = context
        allocation.pointee.file = -1
        allocation.pointee.id = newID()
        let isPlain = kind == MEMORY_PLAIN || kind == MEMORY_ARRAY
        let isBacked = size <= smallest && isPlain ? carve(allocation) : map(allocation)
        if isBacked {
            if Ranges.insert(allocation) { return allocation }
            unback(allocation)
        }
        Slots.free(allocation)
        return nil
    }

    /// Gives an allocation back, wherever it came from; `memoryLock` is held.
    static func free(_ allocation: Allocation) {
        Ranges.remove(allocation)
        Pools.forget(allocation)
        unback(allocation)
        Slots.free(allocation)
    }

    /// Gives everything back that belongs to a context.
    static func freeAll(of context: Context) {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        while let allocation = Ranges.last(where: { $0.pointee.context == context }) { free(allocation) }
        Pools.drop { $0.pointee.context == context }
    }

    /// What the GPU is charged for an allocation, in bytes: managed memory is on the host until it is fetched.
    private static func charge(_ allocation: Allocation, _ size: UInt64) -> UInt64 {
        allocation.pointee.kind == UInt32(MEMORY_MANAGED) ? 0 : size
    }

    private static func map(_ allocation: Allocation) -> Bool {
        let size = rounded(allocation.pointee.size, to: block)
        let charged = charge(allocation, size)
        guard charged == 0 || Books.charge(gpu: allocation.pointee.gpu, charged) else { return false }
        guard let memory = map_private(0, Int(size)) else {
            if charged > 0 { Books.refund(gpu: allocation.pointee.gpu, charged) }
            return false
        }
        allocation.pointee.address = UInt64(UInt(bitPattern: memory))
        allocation.pointee.charged = charged
        allocation.pointee.mappedSize = size
        return true
    }

    /// Gives back what is behind an allocation that no list holds any more.
    static func unback(_ allocation: Allocation) {
        if let chunk = allocation.pointee.chunk { return putBack(allocation, chunk) }
        if allocation.pointee.mappedSize > 0 {
            let start = allocation.pointee.address - allocation.pointee.fileOffset
            let size = Int(allocation.pointee.mappedSize)
            if allocation.pointee.kind == UInt32(MEMORY_GRAPH) || allocation.pointee.kind == UInt32(MEMORY_MAPPED) {
                // The addresses stay reserved.
                _ = map_nothing(start, size)
            } else {
                munmap(UnsafeMutableRawPointer(bitPattern: UInt(start)), size)
            }
        }
        if allocation.pointee.file >= 0 { close(allocation.pointee.file) }
        if let physical = allocation.pointee.physical { Physical.leave(physical) }
        if allocation.pointee.charged > 0 {
            Books.refund(gpu: allocation.pointee.gpu, allocation.pointee.charged)
        }
    }

    // MARK: Small allocations

    private static func carve(_ allocation: Allocation) -> Bool {
        let granules = Int(rounded(max(allocation.pointee.size, 1), to: granule) / granule)
        var chunk = process.pointee.chunks
        while let candidate = chunk {
            chunk = candidate.pointee.next
            guard candidate.pointee.context == allocation.pointee.context,
                Int(candidate.pointee.granulesTaken) + granules <= 4096,
                let first = findRun(candidate, granules)
            else { continue }
            take(allocation, candidate, first, granules)
            return true
        }
        guard let new = addChunk(allocation) else { return false }
        take(allocation, new, 0, granules)
        return true
    }

    private static func addChunk(_ allocation: Allocation) -> UnsafeMutablePointer<DriverChunk>? {
        guard Books.charge(gpu: allocation.pointee.gpu, block) else { return nil }
        guard let chunk = Slots.make(DriverChunk.self), let memory = map_private(0, Int(block)) else {
            Books.refund(gpu: allocation.pointee.gpu, block)
            return nil
        }
        chunk.pointee.address = UInt64(UInt(bitPattern: memory))
        chunk.pointee.gpu = allocation.pointee.gpu
        chunk.pointee.context = allocation.pointee.context
        chunk.pointee.file = -1
        chunk.pointee.next = process.pointee.chunks
        process.pointee.chunks = chunk
        return chunk
    }

    private static func findRun(_ chunk: UnsafeMutablePointer<DriverChunk>, _ length: Int) -> Int? {
        var run = 0
        var granule = 0
        while granule < 4096 {
            guard let word = chunk_word(chunk, UInt32(granule / 64))?.pointee else { return nil }
            if granule % 64 == 0, word == .max {
                (run, granule) = (0, granule + 64)
                continue
            }
            run = word >> UInt64(granule % 64) & 1 == 0 ? run + 1 : 0
            granule += 1
            if run == length { return granule - length }
        }
        return nil
    }

    private static func take(
        _ allocation: Allocation, _ chunk: UnsafeMutablePointer<DriverChunk>, _ first: Int, _ length: Int
    ) {
        for granule in first..<(first + length) {
            chunk_word(chunk, UInt32(granule / 64)).pointee |= 1 << UInt64(granule % 64)
        }
        chunk.pointee.granulesTaken += UInt32(length)
        allocation.pointee.chunk = chunk
        allocation.pointee.address = chunk.pointee.address + UInt64(first) * Memory.granule
        // What somebody else left there is not for everybody's eyes, and a driver gives out zeros.
        set_memory(allocation.pointee.address, 0, UInt64(length) * Memory.granule)
    }

    private static func putBack(_ allocation: Allocation, _ chunk: UnsafeMutablePointer<DriverChunk>) {
        let first = Int((allocation.pointee.address - chunk.pointee.address) / granule)
        let length = Int(rounded(max(allocation.pointee.size, 1), to: granule) / granule)
        for granule in first..<(first + length) {
            chunk_word(chunk, UInt32(granule / 64)).pointee &= ~(1 << UInt64(granule % 64))
        }
        chunk.pointee.granulesTaken -= UInt32(length)
        guard chunk.pointee.granulesTaken == 0 else { return }
        if process.pointee.chunks == chunk {
            process.pointee.chunks = chunk.pointee.next
        } else {
            var before = process.pointee.chunks
            while let other = before, other.pointee.next != chunk { before = other.pointee.next }
            before?.pointee.next = chunk.pointee.next
        }
        munmap(UnsafeMutableRawPointer(bitPattern: UInt(chunk.pointee.address)), Int(block))
        if chunk.pointee.file >= 0 { close(chunk.pointee.file) }
        Books.refund(gpu: chunk.pointee.gpu, block)
        Slots.free(chunk)
    }
}
