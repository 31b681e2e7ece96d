import CLimiter
import CLimiterShim

// Contexts: they take memory of their own, and with them goes what was allocated in them.

private enum Contexts {
    static var all: UnsafeMutablePointer<LimiterTable> { context_table(state) }

    /// Charges a context before there is one; nil when the container may not have it.
    static func reserve(_ device: Int32) -> (gpu: UInt32, bytes: UInt64)? {
        guard let gpu = Devices.gpu(device), let limit = limit_of(limits, gpu) else { return nil }
        let bytes = limit.pointee.context
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
    }

    /// Forgets a context that is gone, and what was in it.
    static func forget(_ context: UInt64) {
        Memory.forgetAll(of: context)
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        guard let cell = all.find(context) else { return }
        Books.refund(cell.pointee.gpu, cell.pointee.size)
        all.remove(cell)
    }

    static func primary(_ device: Int32) -> UInt64? {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        let number = UInt64(UInt32(bitPattern: device))
        return all.first { $0.pointee.count == 1 && $0.pointee.context == number }?.pointee.key
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
    if status == Answer.success, load32(&state.pointee.state) == 1 { Contexts.forget(context) }
    return status
}

/// The primary context is charged when it comes to be, whoever has it.
@c(hook_retainPrimary) public func hookRetainPrimary(_ real: UInt32, _ result: UInt64, _ device: UInt64) -> Int32 {
    let number = Int32(truncatingIfNeeded: device)
    guard Limiter.isReady, Contexts.primary(number) == nil, Devices.isThere(number) else {
        return real2(real, result, device)
    }
    guard let (gpu, bytes) = Contexts.reserve(number) else { return Answer.outOfMemory }
    let status = real2(real, result, device)
    if status == Answer.success {
        Contexts.remember(written(result), gpu, bytes, primaryOf: number)
    } else {
        Books.refund(gpu, bytes)
    }
    return status
}

@c(hook_releasePrimary) public func hookReleasePrimary(_ real: UInt32, _ device: UInt64) -> Int32 {
    let number = Int32(truncatingIfNeeded: device)
    if load32(&state.pointee.state) == 1, let context = Contexts.primary(number) { Lanes.forget(context) }
    let status = real1(real, device)
    guard status == Answer.success, load32(&state.pointee.state) == 1, let context = Contexts.primary(number) else {
        return status
    }
    var (flags, isActive): (UInt32, Int32) = (0, 1)
    let known = tell3(UInt32(REAL_cuDevicePrimaryCtxGetState), device, &flags, &isActive)
    if known == Answer.success, isActive == 0 {
        Contexts.forget(context)
        if let gpu = Devices.gpu(number) { Pools.settle(gpu) }
    }
    return status
}
