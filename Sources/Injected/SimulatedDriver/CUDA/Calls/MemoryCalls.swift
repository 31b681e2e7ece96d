public import CSimulatedCUDA
import CSimulatedDriver

// Allocating and freeing device memory, and asking how much there is.

/// Allocates on the current context's GPU.
func allocate(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int, _ kind: Int, _ call: StaticString
) -> CUresult {
    withContext(call) { context in
        guard let result, size > 0 else { return CUDA_ERROR_INVALID_VALUE }
        guard context.health == CUDA_SUCCESS else { return context.health }
        guard let allocation = Memory.allocateUrgently(UInt64(size), kind, context) else {
            return CUDA_ERROR_OUT_OF_MEMORY
        }
        result.pointee = allocation.pointee.address
        return CUDA_SUCCESS
    }
}

extension Memory {
    /// Allocates; what pools keep for later is given up before anybody is refused.
    static func allocateUrgently(_ size: UInt64, _ kind: Int, _ context: Context) -> Allocation? {
        if let allocation = allocate(size, kind, context) { return allocation }
        return Pools.giveUpUnused(gpu: context.pointee.gpu) ? allocate(size, kind, context) : nil
    }
}

@c public func cuMemAlloc_v2(_ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int) -> CUresult {
    allocate(result, size, MEMORY_PLAIN, #function)
}

@c public func cuMemAllocPitch_v2(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ pitch: UnsafeMutablePointer<Int>?, _ width: Int, _ height: Int,
    _ elementSize: UInt32
) -> CUresult {
    guard let pitch, width > 0, height > 0, elementSize == 4 || elementSize == 8 || elementSize == 16 else {
        return CUDA_ERROR_INVALID_VALUE
    }
    guard let row = Sizes.rounded(width, to: 512), let size = Sizes.product(row, height) else {
        return CUDA_ERROR_OUT_OF_MEMORY
    }
    let status = allocate(result, size, MEMORY_PLAIN, #function)
    if status == CUDA_SUCCESS { pitch.pointee = row }
    return status
}

/// Frees memory of whatever kind, when everything that may use it is done.
@c public func cuMemFree_v2(_ address: CUdeviceptr) -> CUresult {
    if let error = notReady() { return error }
    guard address != 0 else { return CUDA_SUCCESS }
    process_lock(&process.pointee.memoryLock)
    let owner = freeable(address)?.pointee.context
    process_unlock(&process.pointee.memoryLock)
    if Contexts.isValid(owner) { _ = owner?.synchronize() } else { _ = Contexts.current?.synchronize() }
    process_lock(&process.pointee.memoryLock)
    defer { process_unlock(&process.pointee.memoryLock) }
    guard let allocation = freeable(address) else { return CUDA_ERROR_INVALID_VALUE }
    if allocation.pointee.kind == UInt32(MEMORY_POOL) { Pools.putBack(allocation) } else { Memory.free(allocation) }
    return CUDA_SUCCESS
}

private func freeable(_ address: UInt64) -> Allocation? {
    guard let allocation = Ranges.begin(at: address) else { return nil }
    switch Int(allocation.pointee.kind) {
    case MEMORY_PLAIN, MEMORY_MANAGED, MEMORY_POOL, MEMORY_GRAPH: return allocation
    case MEMORY_IMPORTED: return allocation.pointee.references == 0 ? allocation : nil
    default: return nil
    }
}

@c public func cuMemGetInfo_v2(
    _ free: UnsafeMutablePointer<Int>?, _ total: UnsafeMutablePointer<Int>?
) -> CUresult {
    withContext { context in
        guard let free, let total else { return CUDA_ERROR_INVALID_VALUE }
        let gpu = context.pointee.gpu
        Books.dropTheDead(gpu, now: false)
        let limit = Limits.room(gpu)
        free.pointee = Int(min(Books.free(gpu), limit.left, Service.room(gpu)))
        total.pointee = Int(min(Books.total(gpu), limit.whole))
        return context.health
    }
}

@c public func cuMemGetAddressRange_v2(
    _ base: UnsafeMutablePointer<CUdeviceptr>?, _ size: UnsafeMutablePointer<Int>?, _ address: CUdeviceptr
) -> CUresult {
    if let error = notReady() { return error }
    process_lock(&process.pointee.memoryLock)
    defer { process_unlock(&process.pointee.memoryLock) }
    guard let range = Ranges.find(address) else { return CUDA_ERROR_NOT_FOUND }
    base?.pointee = range.pointee.address
    size?.pointee = Int(range.pointee.size)
    return CUDA_SUCCESS
}

// MARK: Managed memory: on the host, until it is fetched

@c public func cuMemAllocManaged(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int, _ flags: UInt32
) -> CUresult {
    guard flags == 1 || flags == 2 else { return CUDA_ERROR_INVALID_VALUE }
    return allocate(result, size, MEMORY_MANAGED, #function)
}

private func prefetch(
    _ address: CUdeviceptr, _ size: Int, toDevice device: CUdevice?, _ handle: CUstream?, _ call: StaticString
) -> CUresult {
    withStream(handle, call) { stream in
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        guard size > 0, let range = Ranges.find(address), range.pointee.kind == UInt32(MEMORY_MANAGED) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        if range.pointee.charged > 0 {
            Books.refund(gpu: range.pointee.gpu, range.pointee.charged)
            range.pointee.charged = 0
        }
        guard let device else { return stream.submit(OPERATION_NOTHING) }
        guard gpu(of: device) != nil else { return CUDA_ERROR_INVALID_DEVICE }
        range.pointee.gpu = process_gpu(process, UInt32(device)).pointee
        // What does not fit stays where it is.
        let wanted = range.pointee.mappedSize
        if Books.charge(gpu: range.pointee.gpu, wanted) { range.pointee.charged = wanted }
        return stream.submit(OPERATION_NOTHING)
    }
}

@c public func cuMemPrefetchAsync(
    _ address: CUdeviceptr, _ size: Int, _ device: CUdevice, _ stream: CUstream?
) -> CUresult {
    prefetch(address, size, toDevice: device == -1 ? nil : device, stream, #function)
}

@c public func cuMemPrefetchAsync_v2(
    _ address: CUdeviceptr, _ size: Int, _ location: CUmemLocation, _ flags: UInt32, _ stream: CUstream?
) -> CUresult {
    let isDevice = Int(location.type) == CU_MEM_LOCATION_TYPE_DEVICE
    return prefetch(address, size, toDevice: isDevice ? location.id : nil, stream, #function)
}

@c public func cuMemAdvise(
    _ address: CUdeviceptr, _ size: Int, _ advice: Int32, _ device: CUdevice
) -> CUresult {
    if let error = notReady() { return error }
    return Ranges.know(address) && advice > 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE
}

@c public func cuMemAdvise_v2(
    _ address: CUdeviceptr, _ size: Int, _ advice: Int32, _ location: CUmemLocation
) -> CUresult {
    cuMemAdvise(address, size, advice, location.id)
}
