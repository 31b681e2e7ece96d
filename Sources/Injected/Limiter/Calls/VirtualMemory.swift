import CLimiter
import CLimiterShim

// Memory by handles: it lives as long as anybody has the handle or anything is mapped, and as long it is charged.

enum Handles {
    static var all: UnsafeMutablePointer<LimiterTable> { handle_table(state) }
    static var mappings: UnsafeMutablePointer<LimiterTable> { mapping_table(state) }

    /// Changes a handle's entry; what nobody has and nothing is mapped of is given back.
    static func change(_ handle: UInt64, _ body: (UnsafeMutablePointer<Cell>) -> Void) {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        changeLocked(handle, body)
    }

    static func changeLocked(_ handle: UInt64, _ body: (UnsafeMutablePointer<Cell>) -> Void) {
        guard let cell = all.find(handle) else { return }
        body(cell)
        guard cell.pointee.count == 0, cell.pointee.context == 0 else { return }
        let copy = cell.pointee
        all.remove(cell)
        if copy.has(CELL_MULTICAST) {
            unmapAllLocked(of: copy.key)
        } else if copy.has(CELL_IMPORTED) {
            if copy.size == 0 { Sharing.closeUnknown(copy.gpu) } else { Sharing.close(copy.gpu, copy.size) }
        } else if copy.has(CELL_EXPORTED) {
            Sharing.giveBackExported(copy.gpu, copy.size, copy.size)
        } else {
            Books.refund(copy.gpu, copy.size)
        }
    }

    /// Notes that something is mapped of a handle; the lock is held.
    static func map(_ handle: UInt64, at key: UInt64, _ size: UInt64, upTo end: UInt64) {
        guard let owner = all.find(handle), let mapping = mappings.make(key) else { return }
        owner.pointee.context &+= 1
        mapping.pointee.size = size
        mapping.pointee.context = handle
        guard owner.pointee.has(CELL_IMPORTED), end > owner.pointee.size else { return }
        // How much it is of somebody else's memory is known only now.
        let before = owner.pointee.size
        owner.pointee.size = end
        Sharing.open(owner.pointee.gpu, end - before)
        if before == 0 { Sharing.closeUnknown(owner.pointee.gpu) }
    }

    /// Notes that others may have it; the lock is held.
    static func export(_ cell: UnsafeMutablePointer<Cell>) {
        guard cell.pointee.flags == 0 else { return }
        cell.pointee.set(CELL_EXPORTED)
        Sharing.export(cell.pointee.gpu, cell.pointee.size)
    }
}

@c(hook_createHandle) public func hookCreateHandle(
    _ real: UInt32, _ result: UInt64, _ size: UInt64, _ properties: UInt64, _ flags: UInt64
) -> Int32 {
    // A `CUmemAllocationProp`: the location's kind and number are its third and fourth word; 1 is a GPU.
    guard Limiter.isReady, size > 0, let wanted: UnsafeMutablePointer<Int32> = place(properties), wanted[2] == 1,
        Devices.isThere(wanted[3])
    else {
        return real4(real, result, size, properties, flags)
    }
    guard let gpu = Devices.gpu(wanted[3]) else { return Answer.outOfMemory }
    let charged = Memory.rounded(size)
    guard Books.reserve(gpu, charged) || Books.reserveUrgently(gpu, charged) else { return Answer.outOfMemory }
    let status = real4(real, result, size, properties, flags)
    guard status == Answer.success else {
        Books.refund(gpu, charged)
        return status
    }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    if let cell = Handles.all.make(written(result)) {
        cell.pointee.size &+= charged
        cell.pointee.gpu = gpu
        cell.pointee.count &+= 1
    }
    return status
}

@c(hook_releaseHandle) public func hookReleaseHandle(_ real: UInt32, _ handle: UInt64) -> Int32 {
    let status = real1(real, handle)
    if status == Answer.success { Handles.change(handle) { $0.pointee.count -= min(1, $0.pointee.count) } }
    return status
}

@c(hook_retainHandle) public func hookRetainHandle(_ real: UInt32, _ result: UInt64, _ address: UInt64) -> Int32 {
    let status = real2(real, result, address)
    if status == Answer.success { Handles.change(written(result)) { $0.pointee.count &+= 1 } }
    return status
}

@c(hook_map) public func hookMap(
    _ real: UInt32, _ address: UInt64, _ size: UInt64, _ offset: UInt64, _ handle: UInt64, _ flags: UInt64
) -> Int32 {
    let status = real5(real, address, size, offset, handle, flags)
    guard status == Answer.success else { return status }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    Handles.map(handle, at: address, size, upTo: Sizes.sum(offset, size))
    return status
}

@c(hook_unmap) public func hookUnmap(_ real: UInt32, _ address: UInt64, _ size: UInt64) -> Int32 {
    let status = real2(real, address, size)
    guard status == Answer.success else { return status }
    take_lock(&state.pointee.tableLock)
    defer { give_lock(&state.pointee.tableLock) }
    var next = address
    while next &- address < size {
        guard let mapping = Handles.mappings.find(next) else {
            next &+= Memory.block
            continue
        }
        next &+= max(mapping.pointee.size, Memory.block)
        Handles.unmap(mapping)
    }
    return status
}
