public import CSimulatedCUDA

// Virtual memory management: addresses, memory behind them, and who may reach it.

@c public func cuMemGetAllocationGranularity(
    _ granularity: UnsafeMutablePointer<Int>?, _ properties: UnsafePointer<CUmemAllocationProp>?, _ option: Int32
) -> CUresult {
    if let error = notReady() { return error }
    return properties == nil ? CUDA_ERROR_INVALID_VALUE : give(Int(Memory.block), to: granularity)
}

@c public func cuMemAddressReserve(
    _ result: UnsafeMutablePointer<CUdeviceptr>?, _ size: Int, _ alignment: Int, _ wanted: CUdeviceptr, _ flags: UInt64
) -> CUresult {
    withMemory(#function) {
        let unit = UInt64(max(alignment, Int(Memory.block)))
        guard let result, size > 0, UInt64(size) % Memory.block == 0, unit & (unit - 1) == 0, flags == 0, size < 1 << 46
        else { return CUDA_ERROR_INVALID_VALUE }
        // More than is wanted, so that an aligned part of it is left.
        let mapped = UInt64(size) + unit
        guard let range = Slots.make(DriverAllocation.self), let memory = map_nothing(0, Int(mapped)) else {
            return CUDA_ERROR_OUT_OF_MEMORY
        }
        let start = UInt64(UInt(bitPattern: memory))
        range.pointee.kind = UInt32(MEMORY_RESERVED)
        range.pointee.address = Memory.rounded(start, to: unit)
        range.pointee.size = UInt64(size)
        range.pointee.mappedSize = mapped
        range.pointee.fileOffset = range.pointee.address - start
        range.pointee.next = process.pointee.reservations
        process.pointee.reservations = range
        result.pointee = range.pointee.address
        return CUDA_SUCCESS
    }
}

@c public func cuMemAddressFree(_ address: CUdeviceptr, _ size: Int) -> CUresult {
    withMemory(#function) {
        var before: Allocation?
        var range = process.pointee.reservations
        while let each = range {
            guard each.pointee.kind == UInt32(MEMORY_RESERVED), each.pointee.address == address,
                each.pointee.size == UInt64(size)
            else {
                before = each
                range = each.pointee.next
                continue
            }
            guard !Ranges.overlap(address, UInt64(size)) else { return CUDA_ERROR_INVALID_VALUE }
            if let before {
                before.pointee.next = each.pointee.next
            } else {
                process.pointee.reservations = each.pointee.next
            }
            let start = each.pointee.address - each.pointee.fileOffset
            munmap(UnsafeMutableRawPointer(bitPattern: UInt(start)), Int(each.pointee.mappedSize))
            Slots.free(each)
            return CUDA_SUCCESS
        }
        return CUDA_ERROR_INVALID_VALUE
    }
}

// MARK: Memory

@c public func cuMemCreate(
    _ result: UnsafeMutablePointer<CUmemGenericAllocationHandle>?, _ size: Int,
    _ properties: UnsafePointer<CUmemAllocationProp>?, _ flags: UInt64
) -> CUresult {
    let status = create(result, size, properties, #function)
    guard status == CUDA_ERROR_OUT_OF_MEMORY, let device = properties?.pointee.location.id, gpu(of: device) != nil,
        Pools.giveUpUnused(gpu: process_gpu(process, UInt32(device)).pointee)
    else { return status }
    return create(result, size, properties, #function)
}

private func create(
    _ result: UnsafeMutablePointer<CUmemGenericAllocationHandle>?, _ size: Int,
    _ properties: UnsafePointer<CUmemAllocationProp>?, _ call: StaticString
) -> CUresult {
    withMemory("cuMemCreate") {
        guard let result, let wanted = properties?.pointee, size > 0, UInt64(size) % Memory.block == 0,
            Int(wanted.type) == CU_MEM_ALLOCATION_TYPE_PINNED
        else { return CUDA_ERROR_INVALID_VALUE }
        guard wanted.requestedHandleTypes & ~Int32(CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) == 0 else {
            return CUDA_ERROR_NOT_SUPPORTED
        }
        var device: Int32?
        if Int(wanted.location.type) == CU_MEM_LOCATION_TYPE_DEVICE {
            guard gpu(of: wanted.location.id) != nil else { return CUDA_ERROR_INVALID_DEVICE }
            device = wanted.location.id
        }
        guard let physical = Physical.make(UInt64(size), device) else { return CUDA_ERROR_OUT_OF_MEMORY }
        physical.pointee.prop = wanted
        result.pointee = UInt64(UInt(bitPattern: physical))
        return CUDA_SUCCESS
    }
}

/// Runs a call while nobody else changes what memory there is.
func withMemory(_ call: StaticString, _ body: () -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    process_lock(&process.pointee.memoryLock)
    defer { process_unlock(&process.pointee.memoryLock) }
    return body()
}

@c public func cuMemRelease(_ handle: CUmemGenericAllocationHandle) -> CUresult {
    withMemory(#function) {
        guard let physical = Physical.of(handle), physical.pointee.handles > 0 else { return CUDA_ERROR_INVALID_VALUE }
        Physical.release(physical)
        return CUDA_SUCCESS
    }
}

@c public func cuMemGetAllocationPropertiesFromHandle(
    _ properties: UnsafeMutablePointer<CUmemAllocationProp>?, _ handle: CUmemGenericAllocationHandle
) -> CUresult {
    withMemory(#function) {
        guard let physical = Physical.of(handle) else { return CUDA_ERROR_INVALID_VALUE }
        return give(physical.pointee.prop, to: properties)
    }
}

@c public func cuMemRetainAllocationHandle(
    _ handle: UnsafeMutablePointer<CUmemGenericAllocationHandle>?, _ address: UnsafeRawPointer?
) -> CUresult {
    withMemory(#function) {
        guard let handle, let range = Ranges.find(UInt64(UInt(bitPattern: address))),
            let physical = range.pointee.physical
        else { return CUDA_ERROR_INVALID_VALUE }
        physical.pointee.handles += 1
        handle.pointee = UInt64(UInt(bitPattern: physical))
        return CUDA_SUCCESS
    }
}

// MARK: Mappings

@c public func cuMemMap(
    _ address: CUdeviceptr, _ size: Int, _ offset: Int, _ handle: CUmemGenericAllocationHandle, _ flags: UInt64
) -> CUresult {
    withMemory(#function) {
        guard let physical = Physical.of(handle), size > 0, offset >= 0, flags == 0,
            UInt64(size) % Memory.block == 0, UInt64(offset) % Memory.block == 0, address % Memory.block == 0,
            UInt64(offset) + UInt64(size) <= physical.pointee.size, isReserved(address, UInt64(size)),
            !Ranges.overlap(address, UInt64(size))
        else { return CUDA_ERROR_INVALID_VALUE }
        guard let range = Slots.make(DriverAllocation.self),
            map_shared(address, size, physical.pointee.file, Int64(offset)) != nil
        else { return CUDA_ERROR_OUT_OF_MEMORY }
        // Nobody may reach it until access is set.
        _ = allow_access(address, size, false, false)
        range.pointee.kind = UInt32(MEMORY_MAPPED)
        range.pointee.address = address
        range.pointee.size = UInt64(size)
        range.pointee.mappedSize = UInt64(size)
        range.pointee.file = -1
        range.pointee.gpu = physical.pointee.gpu
        range.pointee.device = physical.pointee.device
        range.pointee.id = newID()
        range.pointee.physical = physical
        physical.pointee.mappings += 1
        return Ranges.insert(range) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY
    }
}

private func isReserved(_ address: UInt64, _ size: UInt64) -> Bool {
    var range = process.pointee.reservations
    while let each = range {
        if each.pointee.kind == UInt32(MEMORY_RESERVED), address >= each.pointee.address,
            address &+ size <= each.pointee.address + each.pointee.size
        {
            return true
        }
        range = each.pointee.next
    }
    return false
}

/// Calls the body for the mappings that fill a range exactly; false when there is a gap.
private func forEachMapping(_ address: UInt64, _ size: UInt64, _ body: (Allocation) -> Void) -> Bool {
    guard walkMappings(address, size, { _ in }) else { return false }
    return walkMappings(address, size, body)
}

private func walkMappings(_ address: UInt64, _ size: UInt64, _ body: (Allocation) -> Void) -> Bool {
    var place = address
    while place < address &+ size {
        guard let range = Ranges.find(place), range.pointee.kind == UInt32(MEMORY_MAPPED),
            range.pointee.address == place, range.pointee.size <= address &+ size &- place
        else { return false }
        place += range.pointee.size
        body(range)
    }
    return true
}

@c public func cuMemUnmap(_ address: CUdeviceptr, _ size: Int) -> CUresult {
    if let error = notReady() { return error }
    Contexts.synchronizeAll()
    return withMemory("cuMemUnmap") {
        size > 0 && forEachMapping(address, UInt64(size)) { Memory.free($0) } ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuMemSetAccess(
    _ address: CUdeviceptr, _ size: Int, _ list: UnsafePointer<CUmemAccessDesc>?, _ count: Int
) -> CUresult {
    withMemory(#function) {
        guard let list, count > 0, size > 0 else { return CUDA_ERROR_INVALID_VALUE }
        var flags: UInt32 = 0
        for index in 0..<count {
            let it = list[index]
            guard it.flags == 0 || it.flags == 1 || it.flags == 3 else { return CUDA_ERROR_INVALID_VALUE }
            if Int(it.location.type) == CU_MEM_LOCATION_TYPE_DEVICE, gpu(of: it.location.id) == nil {
                return CUDA_ERROR_INVALID_DEVICE
            }
            flags |= UInt32(it.flags)
        }
        let isMapped = forEachMapping(address, UInt64(size)) { range in
            range.pointee.flags = flags
            // The program's own side may always write what it may reach at all: copies are done there.
            _ = allow_access(range.pointee.address, Int(range.pointee.size), flags != 0, flags != 0)
        }
        return isMapped ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuMemGetAccess(
    _ flags: UnsafeMutablePointer<UInt64>?, _ location: UnsafePointer<CUmemLocation>?, _ address: CUdeviceptr
) -> CUresult {
    withMemory(#function) {
        guard location != nil, let range = Ranges.find(address), range.pointee.kind == UInt32(MEMORY_MAPPED) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        return give(UInt64(range.pointee.flags), to: flags)
    }
}

// MARK: Memory of other processes

@c public func cuMemExportToShareableHandle(
    _ result: UnsafeMutableRawPointer?, _ handle: CUmemGenericAllocationHandle, _ type: Int32, _ flags: UInt64
) -> CUresult {
    withMemory(#function) {
        guard Int(type) == CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR else { return CUDA_ERROR_NOT_SUPPORTED }
        guard let result, flags == 0, let physical = Physical.of(handle),
            physical.pointee.prop.requestedHandleTypes & type != 0
        else { return CUDA_ERROR_INVALID_VALUE }
        let file = dup(physical.pointee.file)
        guard file >= 0 else { return CUDA_ERROR_OPERATING_SYSTEM }
        result.storeBytes(of: file, as: Int32.self)
        return CUDA_SUCCESS
    }
}

/// The descriptor stays the program's.
@c public func cuMemImportFromShareableHandle(
    _ result: UnsafeMutablePointer<CUmemGenericAllocationHandle>?, _ handle: UnsafeMutableRawPointer?, _ type: Int32
) -> CUresult {
    withMemory(#function) {
        guard Int(type) == CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR else { return CUDA_ERROR_NOT_SUPPORTED }
        guard let result else { return CUDA_ERROR_INVALID_VALUE }
        let file = dup(Int32(truncatingIfNeeded: Int(bitPattern: handle)))
        guard file >= 0 else { return CUDA_ERROR_INVALID_VALUE }
        let size = regular_file_size(file)
        guard size > 0, UInt64(size) % Memory.block == 0,
            let physical = Physical.adopt(file: file, UInt64(size), isExternal: false)
        else {
            close(file)
            return CUDA_ERROR_INVALID_VALUE
        }
        result.pointee = UInt64(UInt(bitPattern: physical))
        return CUDA_SUCCESS
    }
}
