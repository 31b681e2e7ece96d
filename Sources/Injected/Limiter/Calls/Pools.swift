import CLimiter
import CLimiterShim

// Memory that streams allocate. It belongs to pools, which keep what is freed; so pools are charged, for what they have
// reserved, and not allocations.

/// The pools of this process. `poolLock` is held in all that does not say otherwise.
enum Pools {
    private static var reserved: UInt64 { 5 }

    private static func attribute(_ pool: UInt64, _ attribute: UInt64) -> UInt64 {
        var value: UInt64 = 0
        let status = attribute3(UInt32(REAL_cuMemPoolGetAttribute), pool, attribute, &value)
        return status == Answer.success ? value : 0
    }

    /// The entry of a pool; nil when there are too many, which is as if there were no memory.
    private static func entry(_ pool: UInt64, _ gpu: UInt32) -> UnsafeMutablePointer<LimiterPool>? {
        var free: UnsafeMutablePointer<LimiterPool>?
        for index in 0..<state.pointee.poolCount {
            guard let entry = pool_of(state, index) else { continue }
            if entry.pointee.pool == pool { return entry }
            if entry.pointee.pool == 0 { free = entry }
        }
        if free == nil, state.pointee.poolCount < UInt32(LIMITER_POOLS) {
            free = pool_of(state, state.pointee.poolCount)
            state.pointee.poolCount += 1
        }
        free?.pointee = LimiterPool(pool: pool, charged: 0, gpu: gpu, reserved: 0)
        return free
    }

    /// Charges a pool for what it has now; `paid` was charged for it already.
    private static func settle(_ entry: UnsafeMutablePointer<LimiterPool>, paid: UInt64 = 0) {
        let now = attribute(entry.pointee.pool, reserved)
        let before = entry.pointee.charged &+ paid
        entry.pointee.charged = now
        // In one step: what is given back is anybody's at once.
        if now > before { Books.charge(entry.pointee.gpu, now - before) }
        if now < before { Books.refund(entry.pointee.gpu, before - now) }
    }

    /// Charges all pools of a GPU for what they have now: what was freed in streams may be gone. Takes the lock.
    static func settle(_ gpu: UInt32) {
        guard load32(&state.pointee.poolCount) > 0 else { return }
        take_lock(&state.pointee.poolLock)
        settleLocked(gpu)
        give_lock(&state.pointee.poolLock)
    }

    private static func settleLocked(_ gpu: UInt32) {
        for index in 0..<state.pointee.poolCount {
            guard let entry = pool_of(state, index), entry.pointee.pool != 0, entry.pointee.gpu == gpu else { continue }
            settle(entry)
        }
    }

    /// Makes the pools of a GPU give back what they do not use; false when that was nothing. Takes the lock.
    static func giveUpUnused(_ gpu: UInt32) -> Bool {
        guard load32(&state.pointee.poolCount) > 0 else { return false }
        take_lock(&state.pointee.poolLock)
        defer { give_lock(&state.pointee.poolLock) }
        return giveUpUnusedLocked(gpu)
    }

    private static func giveUpUnusedLocked(_ gpu: UInt32) -> Bool {
        let before = Books.used(gpu)
        for index in 0..<state.pointee.poolCount {
            guard let entry = pool_of(state, index), entry.pointee.pool != 0, entry.pointee.gpu == gpu else { continue }
            _ = real2(UInt32(REAL_cuMemPoolTrimTo), entry.pointee.pool, 0)
            settle(entry)
        }
        return Books.used(gpu) < before
    }

    /// The GPU of a pool that is known here.
    static func gpu(of pool: UInt64) -> UInt32? {
        take_lock(&state.pointee.poolLock)
        defer { give_lock(&state.pointee.poolLock) }
        for index in 0..<state.pointee.poolCount {
            if let entry = pool_of(state, index), entry.pointee.pool == pool { return entry.pointee.gpu }
        }
        return nil
    }

    static func make(_ pool: UInt64, _ gpu: UInt32) {
        take_lock(&state.pointee.poolLock)
        _ = entry(pool, gpu)
        give_lock(&state.pointee.poolLock)
    }

    /// A pool that is gone holds nothing, as soon as what was allocated from it is freed; that is not seen any more.
    static func remove(_ pool: UInt64) {
        take_lock(&state.pointee.poolLock)
        defer { give_lock(&state.pointee.poolLock) }
        for index in 0..<state.pointee.poolCount {
            guard let entry = pool_of(state, index), entry.pointee.pool == pool else { continue }
            Books.refund(entry.pointee.gpu, entry.pointee.charged)
            entry.pointee = LimiterPool()
        }
    }

    /// Allocates from a pool: what it may have to reserve is charged before, and what it has reserved afterwards. Takes
    /// the lock.
    static func allocate(
        _ size: UInt64, _ pool: UInt64, _ scope: Scope, _ call: () -> Int32, _ undo: () -> Void
    ) -> Int32 {
        guard let gpu = scope.gpu else { return Answer.outOfMemory }
        take_lock(&state.pointee.poolLock)
        defer { give_lock(&state.pointee.poolLock) }
        guard let entry = entry(pool, gpu) else { return Answer.outOfMemory }
        settle(entry)
        let wanted = Memory.rounded(size)
        guard reserve(gpu, wanted, entry) else {
            _ = Books.refuse(gpu)
            return Answer.outOfMemory
        }
        let before = entry.pointee.charged
        let status = call()
        settle(entry, paid: wanted)
        // A pool may take more than it was asked for.
        guard status == Answer.success, entry.pointee.charged > before &+ wanted, let limit = limit_of(limits, gpu),
            Books.used(gpu) > limit.pointee.memory
        else { return status }
        undo()
        _ = giveUpUnusedLocked(gpu)
        _ = Books.refuse(gpu)
        return Answer.outOfMemory
    }

    /// Charges what a pool may come to need. Whether it could use what it keeps is known to nobody, so at the limit it
    /// has to give up as much of that first.
    private static func reserve(_ gpu: UInt32, _ wanted: UInt64, _ entry: UnsafeMutablePointer<LimiterPool>) -> Bool {
        if Books.reserve(gpu, wanted) || Books.reap(gpu) && Books.reserve(gpu, wanted) { return true }
        let kept = entry.pointee.charged - min(wanted, entry.pointee.charged)
        _ = real2(UInt32(REAL_cuMemPoolTrimTo), entry.pointee.pool, kept)
        settle(entry)
        if Books.reserve(gpu, wanted) || giveUpUnusedLocked(gpu) && Books.reserve(gpu, wanted) { return true }
        // What was freed may be on its way back in some stream.
        guard load32(&state.pointee.captures) == 0, real0(UInt32(REAL_cuCtxSynchronize)) == Answer.success else {
            return false
        }
        _ = giveUpUnusedLocked(gpu)
        return Books.reserve(gpu, wanted)
    }
}

/// Whether a stream is being captured: what is called then is not done, but written down.
func isCapturing(_ stream: UInt64) -> Bool {
    guard load32(&state.pointee.captures) > 0 else { return false }
    var status: Int32 = 0
    return tell2(UInt32(REAL_cuStreamIsCapturing), stream, &status) == Answer.success && status == 1
}

/// A stream as the functions without a thread's own default stream understand it.
private func explicit(_ stream: UInt64, _ real: UInt32, own: Int) -> UInt64 {
    stream == 0 && real == UInt32(own) ? 2 : stream
}

@c(hook_allocateAsync) public func hookAllocateAsync(
    _ real: UInt32, _ result: UInt64, _ size: UInt64, _ stream: UInt64
) -> Int32 {
    guard Limiter.isReady, size > 0, let scope = Devices.current() else { return real3(real, result, size, stream) }
    let queue = explicit(stream, real, own: REAL_cuMemAllocAsync_ptsz)
    if isCapturing(queue) {
        let status = real3(real, result, size, stream)
        if status == Answer.success { Graphs.noteCaptured(queue, size) }
        return status
    }
    var pool: UInt64 = 0
    guard ask2(UInt32(REAL_cuDeviceGetMemPool), &pool, UInt64(UInt32(bitPattern: scope.device))) == Answer.success
    else { return real3(real, result, size, stream) }
    return Pools.allocate(
        size, pool, scope, { real3(real, result, size, stream) },
        { _ = real1(UInt32(REAL_cuMemFree_v2), written(result)) })
}

@c(hook_allocateFromPool) public func hookAllocateFromPool(
    _ real: UInt32, _ result: UInt64, _ size: UInt64, _ pool: UInt64, _ stream: UInt64
) -> Int32 {
    guard Limiter.isReady, size > 0, pool != 0, let scope = Devices.current() else {
        return real4(real, result, size, pool, stream)
    }
    let queue = explicit(stream, real, own: REAL_cuMemAllocFromPoolAsync_ptsz)
    if isCapturing(queue) {
        let status = real4(real, result, size, pool, stream)
        if status == Answer.success { Graphs.noteCaptured(queue, size) }
        return status
    }
    return Pools.allocate(
        size, pool, scope, { real4(real, result, size, pool, stream) },
        { _ = real1(UInt32(REAL_cuMemFree_v2), written(result)) })
}

@c(hook_createPool) public func hookCreatePool(_ real: UInt32, _ result: UInt64, _ properties: UInt64) -> Int32 {
    let status = real2(real, result, properties)
    guard status == Answer.success, Limiter.isReady, let wanted: UnsafeMutablePointer<Int32> = place(properties),
        wanted[2] == 1, let gpu = Devices.gpu(wanted[3])
    else { return status }
    Pools.make(written(result), gpu)
    return status
}

@c(hook_destroyPool) public func hookDestroyPool(_ real: UInt32, _ pool: UInt64) -> Int32 {
    let status = real1(real, pool)
    if status == Answer.success, load32(&state.pointee.state) == 1 { Pools.remove(pool) }
    return status
}

@c(hook_trimPool) public func hookTrimPool(_ real: UInt32, _ pool: UInt64, _ bytes: UInt64) -> Int32 {
    let status = real2(real, pool, bytes)
    if status == Answer.success, load32(&state.pointee.state) == 1, let gpu = Devices.current()?.gpu {
        Pools.settle(gpu)
    }
    return status
}
