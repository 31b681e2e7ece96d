public import CSimulatedCUDA

// Memory that other processes opened, and memory that came from outside of the driver. Who made it is charged for it.

private enum IPC {
    /// `DIVVYIPC`, read as a little-endian number.
    static var magic: UInt64 { 0x4350_4959_5656_4944 }
}

/// Makes a handle that other processes of the same PID namespace can open as long as this one lives.
@c public func cuIpcGetMemHandle(_ handle: UnsafeMutablePointer<CUipcMemHandle>?, _ address: CUdeviceptr) -> CUresult {
    if let error = notReady() { return error }
    // What is in flight could write to the memory while it gets its file.
    Contexts.synchronizeAll()
    return withMemory("cuIpcGetMemHandle") {
        guard let handle, let range = Ranges.find(address), range.pointee.kind == UInt32(MEMORY_PLAIN),
            let shared = share(range)
        else { return CUDA_ERROR_INVALID_VALUE }
        var made = CUipcMemHandle()
        made.words.0 = IPC.magic
        made.words.1 = UInt64(process.pointee.pid) << 32 | UInt64(UInt32(bitPattern: shared.file))
        made.words.2 = file_number(shared.file)
        made.words.3 = range.pointee.address - shared.base
        made.words.4 = range.pointee.size
        made.words.5 = UInt64(range.pointee.gpu)
        made.words.6 = shared.size
        made.words.7 = process.pointee.token
        handle.pointee = made
        return CUDA_SUCCESS
    }
}

/// Puts a file behind an allocation, or behind the block that it shares with others.
private func share(_ range: Allocation) -> (file: Int32, base: UInt64, size: UInt64)? {
    if let chunk = range.pointee.chunk {
        if chunk.pointee.file < 0 { chunk.pointee.file = share_memory(chunk.pointee.address, Int(Memory.block)) }
        return chunk.pointee.file < 0 ? nil : (chunk.pointee.file, chunk.pointee.address, Memory.block)
    }
    if range.pointee.file < 0 {
        range.pointee.file = share_memory(range.pointee.address, Int(range.pointee.mappedSize))
    }
    return range.pointee.file < 0 ? nil : (range.pointee.file, range.pointee.address, range.pointee.mappedSize)
}

@c public func cuIpcOpenMemHandle_v2(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ handle: CUipcMemHandle, _ flags: UInt32
) -> CUresult {
    withContext { context in
        withMemory(#function) {
            guard let result, handle.words.0 == IPC.magic else { return CUDA_ERROR_INVALID_VALUE }
            guard handle.words.7 != process.pointee.token else { return CUDA_ERROR_INVALID_CONTEXT }
            let (inode, offset, size) = (handle.words.2, handle.words.3, handle.words.4)
            if let known = Ranges.last(where: { $0.pointee.references > 0 && $0.pointee.id == inode &+ offset }) {
                known.pointee.references += 1
                result.pointee = known.pointee.address
                return CUDA_SUCCESS
            }
            let file = open_file_of_process(
                UInt32(handle.words.1 >> 32), Int32(truncatingIfNeeded: handle.words.1 & 0xFFFF_FFFF))
            guard file >= 0 else { return CUDA_ERROR_MAP_FAILED }
            guard file_number(file) == inode, let range = Slots.make(DriverAllocation.self),
                let memory = map_shared(0, Int(truncatingIfNeeded: handle.words.6), file, 0)
            else {
                close(file)
                return CUDA_ERROR_MAP_FAILED
            }
            describe(range, context, UInt64(UInt(bitPattern: memory)) + offset, size, handle.words.6, file)
            range.pointee.fileOffset = offset
            range.pointee.id = inode &+ offset
            range.pointee.references = 1
            guard Ranges.insert(range) else { return CUDA_ERROR_OUT_OF_MEMORY }
            result.pointee = range.pointee.address
            return CUDA_SUCCESS
        }
    }
}

@c public func cuIpcOpenMemHandle(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ handle: CUipcMemHandle, _ flags: UInt32
) -> CUresult {
    cuIpcOpenMemHandle_v2(result, handle, flags)
}

private func describe(
    _ range: Allocation, _ context: Context, _ address: UInt64, _ size: UInt64, _ mapped: UInt64, _ file: Int32
) {
    range.pointee.kind = UInt32(MEMORY_IMPORTED)
    range.pointee.address = address
    range.pointee.size = size
    range.pointee.mappedSize = mapped
    range.pointee.file = file
    range.pointee.gpu = context.pointee.gpu
    range.pointee.device = context.pointee.device
    range.pointee.context = context
}

@c public func cuIpcCloseMemHandle(_ address: CUdeviceptr) -> CUresult {
    if let error = notReady() { return error }
    Contexts.synchronizeAll()
    return withMemory("cuIpcCloseMemHandle") {
        guard let range = Ranges.begin(at: address), range.pointee.kind == UInt32(MEMORY_IMPORTED),
            range.pointee.references > 0
        else { return CUDA_ERROR_INVALID_VALUE }
        range.pointee.references -= 1
        if range.pointee.references == 0 { Memory.free(range) }
        return CUDA_SUCCESS
    }
}

// MARK: Memory from outside: a descriptor of any file that can be mapped, which becomes the driver's

@c public func cuImportExternalMemory(
    _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ description: UnsafePointer<CUexternalMemory>?
) -> CUresult {
    withContext { _ in
        withMemory(#function) {
            guard let result, let it = description?.pointee, it.size > 0 else { return CUDA_ERROR_INVALID_VALUE }
            guard it.type == 1 else { return CUDA_ERROR_NOT_SUPPORTED }
            let there = regular_file_size(it.file)
            guard there >= 0, UInt64(there) >= it.size else { return CUDA_ERROR_INVALID_VALUE }
            guard let physical = Physical.adopt(file: it.file, it.size, isExternal: true) else {
                return CUDA_ERROR_OUT_OF_MEMORY
            }
            result.pointee = UnsafeMutableRawPointer(physical)
            return CUDA_SUCCESS
        }
    }
}

@c public func cuExternalMemoryGetMappedBuffer(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ memory: UnsafeMutableRawPointer?,
    _ description: UnsafePointer<CUexternalBuffer>?
) -> CUresult {
    withContext { context in
        withMemory(#function) {
            guard let physical = Physical.of(UInt64(UInt(bitPattern: memory))), physical.pointee.isExternal != 0 else {
                return CUDA_ERROR_INVALID_HANDLE
            }
            guard let result, let it = description?.pointee, it.size > 0, it.offset <= physical.pointee.size,
                it.size <= physical.pointee.size - it.offset
            else { return CUDA_ERROR_INVALID_VALUE }
            guard let range = Slots.make(DriverAllocation.self),
                let mapped = map_shared(0, Int(it.offset + it.size), physical.pointee.file, 0)
            else { return CUDA_ERROR_MAP_FAILED }
            let start = UInt64(UInt(bitPattern: mapped))
            describe(range, context, start + it.offset, it.size, it.offset + it.size, -1)
            range.pointee.fileOffset = it.offset
            range.pointee.id = newID()
            range.pointee.physical = physical
            physical.pointee.mappings += 1
            guard Ranges.insert(range) else { return CUDA_ERROR_OUT_OF_MEMORY }
            result.pointee = range.pointee.address
            return CUDA_SUCCESS
        }
    }
}

@c public func cuDestroyExternalMemory(_ memory: UnsafeMutableRawPointer?) -> CUresult {
    withMemory(#function) {
        guard let physical = Physical.of(UInt64(UInt(bitPattern: memory))), physical.pointee.isExternal != 0,
            physical.pointee.handles > 0
        else { return CUDA_ERROR_INVALID_HANDLE }
        Physical.release(physical)
        return CUDA_SUCCESS
    }
}
