import CSimulatedCUDA

typealias Pool = UnsafeMutablePointer<DriverPool>

/// Pools from which streams allocate. What is freed stays charged to the GPU until a synchronisation finds that the
/// pool keeps more than its threshold. `memoryLock` is held in all that does not say otherwise.
enum Pools {
    static func make(_ device: Int32, maxSize: UInt64, isDefault: Bool) -> Pool? {
        guard let pool = Slots.make(DriverPool.self) else { return nil }
        pool.pointee.device = device
        pool.pointee.gpu = process_gpu(process, UInt32(device)).pointee
        pool.pointee.isDefault = isDefault ? 1 : 0
        pool.pointee.maxSize = maxSize
        for index in 0..<UInt32(4) { pool_setting(pool, index).pointee = 1 }
        pool.pointee.next = process.pointee.pools
        process.pointee.pools = pool
        pool.pointee.tag = UInt32(TAG_POOL)
        return pool
    }

    /// The pool that a GPU has from the beginning.
    static func standard(_ device: Int32) -> Pool? {
        let place = process_default_pool(process, UInt32(device))
        if place?.pointee == nil { place?.pointee = make(device, maxSize: 0, isDefault: true) }
        return place?.pointee
    }

    static func current(_ device: Int32) -> Pool? {
        process_current_pool(process, UInt32(device)).pointee ?? standard(device)
    }

    /// Allocates from a pool; takes the lock itself.
    static func allocate(_ size: UInt64, _ pool: Pool, _ context: Context) -> Allocation? {
        if let allocation = tryToAllocate(size, pool, context) { return allocation }
        // Memory may be on its way back in some stream.
        _ = context.synchronize()
        _ = giveUpUnused(gpu: pool.pointee.gpu)
        return tryToAllocate(size, pool, context)
    }

    private static func tryToAllocate(_ size: UInt64, _ pool: Pool, _ context: Context) -> Allocation? {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        let taken = Memory.rounded(size, to: Memory.block)
        guard let allocation = reuse(taken, pool, context) ?? reserve(size, taken, pool, context) else { return nil }
        allocation.pointee.size = size
        pool.pointee.used += taken
        pool.pointee.usedHigh = max(pool.pointee.usedHigh, pool.pointee.used)
        return allocation
    }

    private static func reserve(_ size: UInt64, _ taken: UInt64, _ pool: Pool, _ context: Context) -> Allocation? {
        if pool.pointee.maxSize > 0, pool.pointee.reserved + taken > pool.pointee.maxSize {
            trim(pool, to: 0)
            guard pool.pointee.reserved + taken <= pool.pointee.maxSize else { return nil }
        }
        guard let allocation = Memory.allocateLocked(size, MEMORY_POOL, context) else { return nil }
        allocation.pointee.pool = pool
        pool.pointee.reserved += taken
        pool.pointee.reservedHigh = max(pool.pointee.reservedHigh, pool.pointee.reserved)
        return allocation
    }

    private static func reuse(_ taken: UInt64, _ pool: Pool, _ context: Context) -> Allocation? {
        var before: Allocation?
        var cached = pool.pointee.cached
        while let each = cached {
            if each.pointee.mappedSize == taken, each.pointee.context == context, Ranges.insert(each) {
                if let before {
                    before.pointee.next = each.pointee.next
                } else {
                    pool.pointee.cached = each.pointee.next
                }
                return each
            }
            before = each
            cached = each.pointee.next
        }
        return nil
    }

    /// Frees at its place in a stream; takes the lock itself.
    static func free(_ address: UInt64) {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        guard let allocation = Ranges.begin(at: address) else { return }
        if allocation.pointee.pool != nil { putBack(allocation) } else { Memory.free(allocation) }
    }

    static func putBack(_ allocation: Allocation) {
        guard let pool = allocation.pointee.pool else { return Memory.free(allocation) }
        guard pool.pointee.isDoomed == 0 else { return Memory.free(allocation) }
        Ranges.remove(allocation)
        pool.pointee.used -= allocation.pointee.mappedSize
        allocation.pointee.next = pool.pointee.cached
        pool.pointee.cached = allocation
    }

    /// An allocation that is in use goes without coming back to its pool.
    static func forget(_ allocation: Allocation) {
        guard let pool = allocation.pointee.pool else { return }
        allocation.pointee.pool = nil
        pool.pointee.used -= allocation.pointee.mappedSize
        pool.pointee.reserved -= allocation.pointee.mappedSize
        if pool.pointee.isDoomed != 0, pool.pointee.used == 0 { end(pool) }
    }

    /// Gives unused blocks back until the pool keeps no more than that, in bytes.
    static func trim(_ pool: Pool, to limit: UInt64) {
        while pool.pointee.reserved > limit, let cached = pool.pointee.cached {
            pool.pointee.cached = cached.pointee.next
            release(cached, pool)
        }
    }

    private static func release(_ cached: Allocation, _ pool: Pool) {
        pool.pointee.reserved -= cached.pointee.mappedSize
        Memory.unback(cached)
        Slots.free(cached)
    }

    /// Gives back all unused blocks that satisfy the condition.
    static func drop(where matches: (Allocation) -> Bool) {
        var pool = process.pointee.pools
        while let each = pool {
            pool = each.pointee.next
            var kept: Allocation?
            while let cached = each.pointee.cached {
                each.pointee.cached = cached.pointee.next
                if matches(cached) {
                    release(cached, each)
                } else {
                    cached.pointee.next = kept
                    kept = cached
                }
            }
            each.pointee.cached = kept
        }
    }

    /// Whether there was anything to give up; takes the lock itself.
    static func giveUpUnused(gpu: UInt32) -> Bool {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        var isAny = false
        drop { cached in
            guard cached.pointee.gpu == gpu else { return false }
            isAny = true
            return true
        }
        return isAny
    }

    /// What a synchronisation does; takes the lock itself.
    @inline(__always)
    static func trimAfterSynchronization() {
        if process.pointee.pools != nil { trimAll() }
    }

    @inline(never)
    private static func trimAll() {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        var pool = process.pointee.pools
        while let each = pool {
            pool = each.pointee.next
            if each.pointee.cached != nil, each.pointee.reserved > each.pointee.threshold {
                trim(each, to: each.pointee.threshold)
            }
        }
    }

    /// Ends a pool when nothing of it is in use any more.
    static func destroy(_ pool: Pool) {
        trim(pool, to: 0)
        for index in 0..<process.pointee.gpuCount where process_current_pool(process, index).pointee == pool {
            process_current_pool(process, index).pointee = nil
        }
        pool.pointee.isDoomed = 1
        if pool.pointee.used == 0 { end(pool) }
    }

    private static func end(_ pool: Pool) {
        if process.pointee.pools == pool {
            process.pointee.pools = pool.pointee.next
        } else {
            var before = process.pointee.pools
            while let other = before, other.pointee.next != pool { before = other.pointee.next }
            before?.pointee.next = pool.pointee.next
        }
        Slots.free(pool)
    }
}
