public import CSimulatedCUDA

// Memory of the host that GPUs reach. It costs nothing of theirs.

private func allocate(
    _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: Int, _ flags: UInt32, _ call: StaticString
) -> CUresult {
    withContext(call) { context in
        guard let result, size > 0, flags < 32 else { return CUDA_ERROR_INVALID_VALUE }
        let mapped = Memory.rounded(UInt64(size), to: 65536)
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        guard size < 1 << 46, let range = Slots.make(DriverAllocation.self), let memory = map_private(0, Int(mapped))
        else { return CUDA_ERROR_OUT_OF_MEMORY }
        range.pointee.kind = UInt32(MEMORY_HOST)
        range.pointee.address = UInt64(UInt(bitPattern: memory))
        range.pointee.size = UInt64(size)
        range.pointee.mappedSize = mapped
        range.pointee.file = -1
        range.pointee.flags = flags
        range.pointee.id = newID()
        range.pointee.context = context
        range.pointee.device = context.pointee.device
        guard Ranges.insert(range) else { return CUDA_ERROR_OUT_OF_MEMORY }
        result.pointee = memory
        return CUDA_SUCCESS
    }
}

@c public func cuMemHostAlloc(
    _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: Int, _ flags: UInt32
) -> CUresult {
    allocate(result, size, flags, #function)
}

@c public func cuMemAllocHost_v2(
    _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: Int
) -> CUresult {
    allocate(result, size, 0, #function)
}

@c public func cuMemFreeHost(_ memory: UnsafeMutableRawPointer?) -> CUresult {
    if let error = notReady() { return error }
    Contexts.synchronizeAll()
    return withMemory("cuMemFreeHost") { take(memory, MEMORY_HOST, else: CUDA_ERROR_INVALID_VALUE) }
}

private func take(_ memory: UnsafeMutableRawPointer?, _ kind: Int, else error: CUresult) -> CUresult {
    guard let range = Ranges.begin(at: UInt64(UInt(bitPattern: memory))), range.pointee.kind == UInt32(kind) else {
        return error
    }
    Memory.free(range)
    return CUDA_SUCCESS
}

@c public func cuMemHostRegister_v2(
    _ memory: UnsafeMutableRawPointer?, _ size: Int, _ flags: UInt32
) -> CUresult {
    withContext { context in
        withMemory(#function) {
            guard let memory, size > 0, flags < 16 else { return CUDA_ERROR_INVALID_VALUE }
            let address = UInt64(UInt(bitPattern: memory))
            guard !Ranges.overlap(address, UInt64(size)) else { return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED }
            guard let range = Slots.make(DriverAllocation.self) else { return CUDA_ERROR_OUT_OF_MEMORY }
            range.pointee.kind = UInt32(MEMORY_REGISTERED)
            range.pointee.address = address
            range.pointee.size = UInt64(size)
            range.pointee.file = -1
            range.pointee.flags = flags
            range.pointee.id = newID()
            range.pointee.context = context
            range.pointee.device = context.pointee.device
            return Ranges.insert(range) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY
        }
    }
}

@c public func cuMemHostRegister(_ memory: UnsafeMutableRawPointer?, _ size: Int, _ flags: UInt32) -> CUresult {
    cuMemHostRegister_v2(memory, size, flags)
}

@c public func cuMemHostUnregister(_ memory: UnsafeMutableRawPointer?) -> CUresult {
    if let error = notReady() { return error }
    Contexts.synchronizeAll()
    return withMemory("cuMemHostUnregister") {
        take(memory, MEMORY_REGISTERED, else: CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED)
    }
}

@c public func cuMemHostGetDevicePointer_v2(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ memory: UnsafeMutableRawPointer?, _ flags: UInt32
) -> CUresult {
    withMemory(#function) {
        let address = UInt64(UInt(bitPattern: memory))
        guard flags == 0, let kind = Ranges.find(address)?.pointee.kind,
            kind == UInt32(MEMORY_HOST) || kind == UInt32(MEMORY_REGISTERED)
        else { return CUDA_ERROR_INVALID_VALUE }
        return give(address, to: result)
    }
}

@c public func cuMemHostGetFlags(
    _ flags: UnsafeMutablePointer<UInt32>?, _ memory: UnsafeMutableRawPointer?
) -> CUresult {
    withMemory(#function) {
        guard let range = Ranges.find(UInt64(UInt(bitPattern: memory))), range.pointee.kind == UInt32(MEMORY_HOST)
        else {
            return CUDA_ERROR_INVALID_VALUE
        }
        return give(range.pointee.flags, to: flags)
    }
}
