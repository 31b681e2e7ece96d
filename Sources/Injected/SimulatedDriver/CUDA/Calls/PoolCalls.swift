public import CSimulatedCUDA

// Stream-ordered memory, and the pools that it comes from.

private func withPool(_ pool: CUmemoryPool?, _ call: StaticString, _ body: (Pool) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    process_lock(&process.pointee.memoryLock)
    defer { process_unlock(&process.pointee.memoryLock) }
    guard let pool, pool.pointee.tag == UInt32(TAG_POOL), pool.pointee.isDoomed == 0 else {
        return CUDA_ERROR_INVALID_VALUE
    }
    return body(pool)
}

private func allocate(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int, _ pool: Pool?, _ stream: Stream
) -> CUresult {
    guard let result, size > 0, let pool else { return CUDA_ERROR_INVALID_VALUE }
    let context: Context = stream.pointee.context
    if stream.pointee.capture != nil { return GraphMemory.capture(result, UInt64(size), in: stream) }
    guard context.health == CUDA_SUCCESS else { return context.health }
    guard let allocation = Pools.allocate(UInt64(size), pool, context) else { return CUDA_ERROR_OUT_OF_MEMORY }
    result.pointee = allocation.pointee.address
    return CUDA_SUCCESS
}

@c public func cuMemAllocAsync(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int, _ stream: CUstream?
) -> CUresult {
    withStream(stream) { stream in
        process_lock(&process.pointee.memoryLock)
        let pool = Pools.current(stream.pointee.context.pointee.device)
        process_unlock(&process.pointee.memoryLock)
        return allocate(result, size, pool, stream)
    }
}

@c public func cuMemAllocFromPoolAsync(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int, _ pool: CUmemoryPool?, _ stream: CUstream?
) -> CUresult {
    withStream(stream) { stream in
        guard let pool, pool.pointee.tag == UInt32(TAG_POOL), pool.pointee.isDoomed == 0 else {
            return CUDA_ERROR_INVALID_VALUE
        }
        return allocate(result, size, pool, stream)
    }
}

@c public func cuMemFreeAsync(_ address: CUdeviceptr, _ stream: CUstream?) -> CUresult {
    withStream(stream) { stream in
        if stream.pointee.capture == nil {
            process_lock(&process.pointee.memoryLock)
            let kind = Ranges.begin(at: address)?.pointee.kind
            process_unlock(&process.pointee.memoryLock)
            guard let kind, kind == UInt32(MEMORY_POOL) || kind == UInt32(MEMORY_PLAIN) || kind == UInt32(MEMORY_GRAPH)
            else { return CUDA_ERROR_INVALID_VALUE }
        }
        return stream.submit(OPERATION_FREE, address)
    }
}

// MARK: Pools

@c public func cuMemPoolCreate(
    _ result: UnsafeMutablePointer<CUmemoryPool?>?, _ properties: UnsafePointer<CUmemPoolProps>?
) -> CUresult {
    if let error = notReady() { return error }
    guard let result, let wanted = properties?.pointee, Int(wanted.allocType) == CU_MEM_ALLOCATION_TYPE_PINNED else {
        return CUDA_ERROR_INVALID_VALUE
    }
    guard Int(wanted.location.type) == CU_MEM_LOCATION_TYPE_DEVICE, wanted.handleTypes == 0 else {
        return CUDA_ERROR_NOT_SUPPORTED
    }
    guard gpu(of: wanted.location.id) != nil else { return CUDA_ERROR_INVALID_DEVICE }
    process_lock(&process.pointee.memoryLock)
    defer { process_unlock(&process.pointee.memoryLock) }
    guard let pool = Pools.make(wanted.location.id, maxSize: UInt64(max(wanted.maxSize, 0)), isDefault: false) else {
        return CUDA_ERROR_OUT_OF_MEMORY
    }
    result.pointee = pool
    return CUDA_SUCCESS
}

@c public func cuMemPoolDestroy(_ pool: CUmemoryPool?) -> CUresult {
    withPool(pool, #function) { pool in
        guard pool.pointee.isDefault == 0 else { return CUDA_ERROR_INVALID_VALUE }
        Pools.destroy(pool)
        return CUDA_SUCCESS
    }
}

@c public func cuMemPoolTrimTo(_ pool: CUmemoryPool?, _ size: Int) -> CUresult {
    withPool(pool, #function) { pool in
        Pools.trim(pool, to: UInt64(max(size, 0)))
        return CUDA_SUCCESS
    }
}

@c public func cuMemPoolGetAttribute(
    _ pool: CUmemoryPool?, _ attribute: Int32, _ value: UnsafeMutableRawPointer?
) -> CUresult {
    withPool(pool, #function) { pool in
        guard let value else { return CUDA_ERROR_INVALID_VALUE }
        let number: UInt64
        switch attribute {
        case 1, 2, 3:
            value.storeBytes(of: Int32(pool_setting(pool, UInt32(attribute)).pointee), as: Int32.self)
            return CUDA_SUCCESS
        case 4: number = pool.pointee.threshold
        case 5: number = pool.pointee.reserved
        case 6: number = pool.pointee.reservedHigh
        case 7: number = pool.pointee.used
        case 8: number = pool.pointee.usedHigh
        default: return CUDA_ERROR_INVALID_VALUE
        }
        value.storeBytes(of: number, as: UInt64.self)
        return CUDA_SUCCESS
    }
}

@c public func cuMemPoolSetAttribute(
    _ pool: CUmemoryPool?, _ attribute: Int32, _ value: UnsafeMutableRawPointer?
) -> CUresult {
    withPool(pool, #function) { pool in
        guard let value else { return CUDA_ERROR_INVALID_VALUE }
        switch attribute {
        case 1, 2, 3: pool_setting(pool, UInt32(attribute)).pointee = value.load(as: Int32.self) == 0 ? 0 : 1
        case 4: pool.pointee.threshold = value.load(as: UInt64.self)
        case 6, 8:
            // High-water marks can only be set back.
            guard value.load(as: UInt64.self) == 0 else { return CUDA_ERROR_INVALID_VALUE }
            if attribute == 6 { pool.pointee.reservedHigh = pool.pointee.reserved }
            if attribute == 8 { pool.pointee.usedHigh = pool.pointee.used }
        default: return CUDA_ERROR_INVALID_VALUE
        }
        return CUDA_SUCCESS
    }
}

/// A pool of a GPU can be reached from that GPU, and from those that reach its memory.
@c public func cuMemPoolSetAccess(
    _ pool: CUmemoryPool?, _ list: UnsafePointer<CUmemAccessDesc>?, _ count: Int
) -> CUresult {
    withPool(pool, #function) { pool in
        guard count == 0 || (count > 0 && list != nil) else { return CUDA_ERROR_INVALID_VALUE }
        for index in 0..<count {
            guard let device = list?[index].location.id, gpu(of: device) != nil else {
                return CUDA_ERROR_INVALID_DEVICE
            }
            guard device == pool.pointee.device || canAccess(device, pool.pointee.device) else {
                return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED
            }
        }
        return CUDA_SUCCESS
    }
}

@c public func cuMemPoolGetAccess(
    _ flags: UnsafeMutablePointer<UInt32>?, _ pool: CUmemoryPool?, _ location: UnsafePointer<CUmemLocation>?
) -> CUresult {
    withPool(pool, #function) { pool in
        guard let location else { return CUDA_ERROR_INVALID_VALUE }
        return give(location.pointee.id == pool.pointee.device ? 3 : 0, to: flags)
    }
}

@c public func cuDeviceGetDefaultMemPool(
    _ result: UnsafeMutablePointer<CUmemoryPool?>?, _ device: CUdevice
) -> CUresult {
    withDevice(device) { _ in
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        return give(Pools.standard(device), to: result)
    }
}

@c public func cuDeviceGetMemPool(_ result: UnsafeMutablePointer<CUmemoryPool?>?, _ device: CUdevice) -> CUresult {
    withDevice(device) { _ in
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        return give(Pools.current(device), to: result)
    }
}

@c public func cuDeviceSetMemPool(_ device: CUdevice, _ pool: CUmemoryPool?) -> CUresult {
    withPool(pool, #function) { pool in
        guard gpu(of: device) != nil, pool.pointee.device == device else { return CUDA_ERROR_INVALID_VALUE }
        process_current_pool(process, UInt32(device)).pointee = pool
        return CUDA_SUCCESS
    }
}
