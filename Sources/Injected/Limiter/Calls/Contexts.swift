import CLimiter
import CLimiterShim

// Contexts: they take memory of their own, and with them goes what was allocated in them.

private enum Contexts {
    static var all: UnsafeMutablePointer<LimiterTable> { context_table(state) }

    /// Charges a context before there is one; nil when the container may not have it.
    static func reserve(_ device: Int32) -> (gpu: UInt32, bytes: UInt64)? {
        guard let gpu = Devices.gpu(device), let limit = limit_of(limits, gpu) else { return nil }
        let bytes = limit.pointee.context > 0 ? limit.pointee.context : limit.pointee.measured
        guard bytes == 0 || Books.reserve(gpu, bytes) || Books.reserveUrgently(gpu, bytes) else { return nil }
        return (gpu, bytes)
    }

    static func remember(_ context: UInt64, _ gpu: UInt32, _ bytes: UInt64, primaryOf device: Int32?) {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        guard let cell = all.make(context) else { return }
        cell.pointee = Cell(
            key: context, size: bytes, context: UInt64(UInt32(bitPattern: device ?? 0)), gpu: gpu,
            count: device == nil ? 0 : 1)
        note(gpu, bytes, 1)
    }

    /// Tells the agent what is charged for contexts, and for how many.
    private static func note(_ gpu: UInt32, _ bytes: UInt64, _ count: UInt64) {
        guard let detail = detail_of(state.pointee.books, gpu, state.pointee.slot) else { return }
        detail.pointee.contextBytes &+= bytes
        detail.pointee.contexts &+= count
    }

    /// Forgets a context that is gone, and what was in it.
    static func forget(_ context: UInt64) {
        Memory.forgetAll(of: context)
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        for limit in 0..<charged {
            guard let cell = all.find(context &+ limit &+ 1) else { continue }
            giveBack(cell, contexts: 0)
        }
        if let cell = all.find(context) { giveBack(cell, contexts: 1) }
    }

    private static func giveBack(_ cell: UnsafeMutablePointer<Cell>, contexts: UInt64) {
        Books.refund(cell.pointee.gpu, cell.pointee.size)
        note(cell.pointee.gpu, 0 &- cell.pointee.size, 0 &- contexts)
        all.remove(cell)
    }

    // MARK: Limits of a context: stacks of threads, what kernels print, what they allocate

    /// The limits that take memory are the first ones.
    private static var charged: UInt64 { 3 }

    /// What a limit of that value takes at most: stacks there are as many as threads that can run at once.
    private static func bytes(_ limit: UInt64, _ value: UInt64, _ device: Int32) -> UInt64 {
        guard limit == 0 else { return Memory.rounded(value) }
        var (processors, threads): (Int32, Int32) = (0, 0)
        let number = UInt64(UInt32(bitPattern: device))
        guard ask3(UInt32(REAL_cuDeviceGetAttribute), &processors, 16, number) == Answer.success,
            ask3(UInt32(REAL_cuDeviceGetAttribute), &threads, 39, number) == Answer.success
        else { return 0 }
        return Memory.rounded(Sizes.product(value, UInt64(max(processors, 0)) * UInt64(max(threads, 0))))
    }

    /// Charges what a limit takes more than it took at first. A context has that from the beginning, and it is charged
    /// with the context.
    static func setLimit(_ limit: UInt64, _ value: UInt64, _ call: () -> Int32) -> Int32 {
        guard Limiter.isReady, limit < charged, let scope = Devices.current(), let gpu = scope.gpu else {
            return call()
        }
        var before: UInt64 = 0
        guard ask2(UInt32(REAL_cuCtxGetLimit), &before, limit) == Answer.success else { return call() }
        let key = scope.context &+ limit &+ 1
        let known = find(key)
        let base = known?.context ?? bytes(limit, before, scope.device)
        let wanted = bytes(limit, value, scope.device)
        let (old, new) = (known?.size ?? 0, wanted - min(base, wanted))
        let more = new - min(old, new)
        guard more == 0 || Books.reserve(gpu, more) || Books.reserveUrgently(gpu, more) else {
            return Answer.outOfMemory
        }
        let status = call()
        guard status == Answer.success else {
            Books.refund(gpu, more)
            return status
        }
        Books.refund(gpu, old - min(old, new))
        note(gpu, new &- old, 0)
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        all.make(key)?.pointee = Cell(key: key, size: new, context: base, gpu: gpu, count: 0)
        return status
    }

    private static func find(_ key: UInt64) -> Cell? {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        return all.find(key)?.pointee
    }

    // MARK: The primary context

    static func primary(_ device: Int32) -> UInt64? {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        let number = UInt64(UInt32(bitPattern: device))
        return all.first { $0.pointee.count == 1 && $0.pointee.context == number }?.pointee.key
    }

    /// Calls what may bring a device's primary context into being, which is charged then, whoever has it.
    static func withPrimary(_ device: Int32, _ call: () -> Int32, _ handle: () -> UInt64) -> Int32 {
        guard Limiter.isReady, primary(device) == nil, Devices.isThere(device) else { return call() }
        guard let (gpu, bytes) = reserve(device) else { return Answer.outOfMemory }
        let status = call()
        let context = status == Answer.success ? handle() : 0
        if context != 0 { remember(context, gpu, bytes, primaryOf: device) } else { Books.refund(gpu, bytes) }
        return status
    }

    /// Forgets a device's primary context if nobody has it any more.
    static func settlePrimary(_ device: Int32) {
        guard load32(&state.pointee.state) == 1, let context = primary(device) else { return }
        var (flags, isActive): (UInt32, Int32) = (0, 1)
        let number = UInt64(UInt32(bitPattern: device))
        guard tell3(UInt32(REAL_cuDevicePrimaryCtxGetState), number, &flags, &isActive) == Answer.success,
            isActive == 0
        else { return }
        forget(context)
        if let gpu = Devices.gpu(device) { Pools.settle(gpu) }
    }

    static func create(_ device: UInt64, _ result: UInt64, _ call: () -> Int32) -> Int32 {
        guard Limiter.isReady, Devices.isThere(Int32(truncatingIfNeeded: device)) else { return call() }
        guard let (gpu, bytes) = reserve(Int32(truncatingIfNeeded: device)) else { return Answer.outOfMemory }
        let status = call()
        if status == Answer.success {
            remember(written(result), gpu, bytes, primaryOf: nil)
        } else {
            Books.refund(gpu, bytes)
        }
        return status
    }
}

@c(hook_createContext) public func hookCreateContext(
    _ real: UInt32, _ result: UInt64, _ flags: UInt64, _ device: UInt64
) -> Int32 {
    Contexts.create(device, result) { real3(real, result, flags, device) }
}

@c(hook_createContextAffine) public func hookCreateContextAffine(
    _ real: UInt32, _ result: UInt64, _ affinity: UInt64, _ count: UInt64, _ flags: UInt64, _ device: UInt64
) -> Int32 {
    Contexts.create(device, result) { real5(real, result, affinity, count, flags, device) }
}

@c(hook_createContextParameters) public func hookCreateContextParameters(
    _ real: UInt32, _ result: UInt64, _ parameters: UInt64, _ flags: UInt64, _ device: UInt64
) -> Int32 {
    Contexts.create(device, result) { real4(real, result, parameters, flags, device) }
}

@c(hook_destroyContext) public func hookDestroyContext(_ real: UInt32, _ context: UInt64) -> Int32 {
    // Nobody may ask for its events when they are gone.
    Lanes.forget(context)
    let status = real1(real, context)
    Devices.forgetContexts()
    if status == Answer.success, load32(&state.pointee.state) == 1 { Contexts.forget(context) }
    return status
}

@c(hook_retainPrimary) public func hookRetainPrimary(_ real: UInt32, _ result: UInt64, _ device: UInt64) -> Int32 {
    Contexts.withPrimary(
        Int32(truncatingIfNeeded: device), { real2(real, result, device) }, { written(result) })
}

@c(hook_releasePrimary) public func hookReleasePrimary(_ real: UInt32, _ device: UInt64) -> Int32 {
    let number = Int32(truncatingIfNeeded: device)
    if load32(&state.pointee.state) == 1, let context = Contexts.primary(number) { Lanes.forget(context) }
    let status = real1(real, device)
    Devices.forgetContexts()
    if status == Answer.success { Contexts.settlePrimary(number) }
    return status
}

@c(hook_setLimit) public func hookSetLimit(_ real: UInt32, _ limit: UInt64, _ value: UInt64) -> Int32 {
    Contexts.setLimit(limit & 0xFFFF_FFFF, value) { real2(real, limit, value) }
}

// MARK: Green contexts: parts of a primary context, which they keep

@c(hook_createGreen) public func hookCreateGreen(
    _ real: UInt32, _ result: UInt64, _ resources: UInt64, _ device: UInt64, _ flags: UInt64
) -> Int32 {
    Contexts.withPrimary(
        Int32(truncatingIfNeeded: device), { real4(real, result, resources, device, flags) },
        {
            var context: UInt64 = 0
            guard ask2(UInt32(REAL_cuDevicePrimaryCtxRetain), &context, device) == Answer.success else { return 0 }
            _ = real1(UInt32(REAL_cuDevicePrimaryCtxRelease_v2), device)
            return context
        })
}

@c(hook_destroyGreen) public func hookDestroyGreen(_ real: UInt32, _ green: UInt64) -> Int32 {
    guard load32(&state.pointee.state) == 1 else { return real1(real, green) }
    var context: UInt64 = 0
    if ask2(UInt32(REAL_cuCtxFromGreenCtx), &context, green) == Answer.success { Lanes.forget(context) }
    let status = real1(real, green)
    Devices.forgetContexts()
    guard status == Answer.success else { return status }
    for device in 0..<Int32(LIMITER_DEVICES) { Contexts.settlePrimary(device) }
    return status
}
