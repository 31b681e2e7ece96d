import CLimiter
import CLimiterShim

// Memory that goes from process to process: it is charged where it was made.

@c(hook_exportHandle) public func hookExportHandle(
    _ real: UInt32, _ result: UInt64, _ handle: UInt64, _ kind: UInt64, _ flags: UInt64
) -> Int32 {
    let status = real4(real, result, handle, kind, flags)
    guard status == Answer.success, load32(&state.pointee.state) == 1 else { return status }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    if let cell = Handles.all.find(handle) { Handles.export(cell) }
    return status
}

/// What comes back from outside is ours still.
@c(hook_importHandle) public func hookImportHandle(
    _ real: UInt32, _ result: UInt64, _ shareable: UInt64, _ kind: UInt64
) -> Int32 {
    let status = real3(real, result, shareable, kind)
    guard status == Answer.success, Limiter.isReady else { return status }
    let handle = written(result)
    let device = memoryDevice(of: handle)
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    if let known = Handles.all.find(handle) {
        known.pointee.count &+= 1
    } else if let gpu = device.flatMap({ Devices.gpu($0) }), let cell = Handles.all.make(handle) {
        cell.pointee = Cell(key: handle, size: 0, context: 0, gpu: gpu, count: 1, flags: CELL_IMPORTED)
        Sharing.openUnknown(gpu)
    }
    return status
}

/// Where the memory of a handle is; nil on the host. It is said in the third and fourth word of its properties.
func memoryDevice(of handle: UInt64) -> Int32? {
    var properties: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    let call = UInt32(REAL_cuMemGetAllocationPropertiesFromHandle)
    guard ask2(call, &properties, handle) == Answer.success, UInt32(truncatingIfNeeded: properties.1) == 1 else {
        return nil
    }
    return Int32(truncatingIfNeeded: properties.1 >> 32)
}

// MARK: Handles of plain memory

@c(hook_exportMemory) public func hookExportMemory(_ real: UInt32, _ result: UInt64, _ address: UInt64) -> Int32 {
    let status = real2(real, result, address)
    guard status == Answer.success, load32(&state.pointee.state) == 1 else { return status }
    var (base, size): (UInt64, UInt64) = (address, 0)
    _ = asked3(UInt32(REAL_cuMemGetAddressRange_v2), &base, &size, address)
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    if let cell = Memory.allocations.find(base) { Handles.export(cell) }
    return status
}

/// After the driver has opened memory of another process: how much it is, and where, is for the driver to tell.
@c(hook_openedMemory) public func hookOpenedMemory(_ status: Int32, _ result: UInt64) -> Int32 {
    guard status == Answer.success, Limiter.isReady, let scope = Devices.current() else { return status }
    let address = written(result)
    var (base, size, device): (UInt64, UInt64, Int32) = (0, 0, scope.device)
    guard asked3(UInt32(REAL_cuMemGetAddressRange_v2), &base, &size, address) == Answer.success else { return status }
    // The attribute that says which GPU it is on.
    _ = ask3(UInt32(REAL_cuPointerGetAttribute), &device, 9, address)
    guard let gpu = Devices.gpu(device) ?? scope.gpu else { return status }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    guard let cell = Handles.all.make(address) else { return status }
    cell.pointee.count &+= 1
    guard cell.pointee.count == 1 else { return status }
    let bytes = Memory.rounded(size)
    cell.pointee = Cell(key: address, size: bytes, context: 0, gpu: gpu, count: 1, flags: CELL_IMPORTED)
    Sharing.open(gpu, bytes)
    return status
}

@c(hook_closeMemory) public func hookCloseMemory(_ real: UInt32, _ address: UInt64) -> Int32 {
    let status = real1(real, address)
    guard status == Answer.success, load32(&state.pointee.state) == 1 else { return status }
    Handles.change(address) { $0.pointee.count -= min(1, $0.pointee.count) }
    return status
}

// MARK: Pools: what is imported is an address, and freed like any other

/// All that a pool has may be anybody's from now on.
@c(hook_exportPool) public func hookExportPool(
    _ real: UInt32, _ result: UInt64, _ pool: UInt64, _ kind: UInt64, _ flags: UInt64
) -> Int32 {
    let status = real4(real, result, pool, kind, flags)
    if status == Answer.success, Limiter.isReady, let gpu = Pools.gpu(of: pool) { Sharing.export(gpu, 1 << 50) }
    return status
}

@c(hook_importPointer) public func hookImportPointer(
    _ real: UInt32, _ result: UInt64, _ pool: UInt64, _ data: UInt64
) -> Int32 {
    let status = hookOpenedMemory(real3(real, result, pool, data), result)
    if status == Answer.success { store32(&state.pointee.hasImported, 1) }
    return status
}

extension Sharing {
    /// Frees an address that may be another process's memory.
    @inline(never)
    static func free(_ address: UInt64, _ call: () -> Int32) -> Int32 {
        let status = call()
        guard status == Answer.success else { return status }
        Handles.change(address) { if $0.pointee.has(CELL_IMPORTED) { $0.pointee.count -= min(1, $0.pointee.count) } }
        return status
    }
}
