public import CSimulatedCUDA

// Arrays: memory with a shape. They have no address that programs see.

typealias ArrayHandle = UnsafeMutablePointer<DriverArray>

private func bytes(ofFormat format: UInt32) -> UInt64? {
    switch format {
    case 0x01, 0x08: 1
    case 0x02, 0x09, 0x10: 2
    case 0x03, 0x0A, 0x20: 4
    default: nil
    }
}

/// The shape of one level: a pitch, rows, and slices.
private func shape(_ it: CUDA_ARRAY3D_DESCRIPTOR) -> (pitch: UInt64, height: UInt64, depth: UInt64)? {
    guard let element = bytes(ofFormat: it.Format), it.NumChannels == 1 || it.NumChannels == 2 || it.NumChannels == 4,
        it.Width > 0, it.Width <= 1 << 17, it.Height >= 0, it.Height <= 1 << 17, it.Depth >= 0, it.Depth <= 1 << 14
    else { return nil }
    return (
        Memory.rounded(UInt64(it.Width) * element * UInt64(it.NumChannels), to: 32), UInt64(max(it.Height, 1)),
        UInt64(max(it.Depth, 1))
    )
}

private func create(
    _ result: UnsafeMutablePointer<CUarray?>?, _ descriptor: CUDA_ARRAY3D_DESCRIPTOR?, levels: UInt32,
    _ call: StaticString
) -> CUresult {
    withContext(call) { context in
        guard let result, let descriptor, levels > 0, levels <= 16, shape(descriptor) != nil else {
            return CUDA_ERROR_INVALID_VALUE
        }
        var total: UInt64 = 0
        for level in 0..<levels {
            guard let it = shape(descriptor.level(level)) else { return CUDA_ERROR_INVALID_VALUE }
            total += Memory.rounded(it.pitch * it.height * it.depth, to: 512)
        }
        guard let memory = Memory.allocateUrgently(total, MEMORY_ARRAY, context) else {
            return CUDA_ERROR_OUT_OF_MEMORY
        }
        var offset: UInt64 = 0
        var first: ArrayHandle?
        for level in 0..<levels {
            let size = descriptor.level(level)
            guard let it = shape(size), let array = Slots.make(DriverArray.self) else {
                return CUDA_ERROR_OUT_OF_MEMORY
            }
            array.pointee.descriptor = size
            array.pointee.address = memory.pointee.address + offset
            array.pointee.pitch = it.pitch
            array.pointee.height = it.height
            array.pointee.size = it.pitch * it.height * it.depth
            array.pointee.context = context
            array.pointee.tag = UInt32(TAG_ARRAY)
            offset += Memory.rounded(array.pointee.size, to: 512)
            if let first { array.pointee.owner = first } else { first = array }
            array_level(first, level).pointee = array
        }
        first?.pointee.levels = levels
        result.pointee = first
        return CUDA_SUCCESS
    }
}

extension CUDA_ARRAY3D_DESCRIPTOR {
    fileprivate func level(_ level: UInt32) -> CUDA_ARRAY3D_DESCRIPTOR {
        var it = self
        it.Width = max(it.Width >> Int(level), 1)
        if it.Height > 0 { it.Height = max(it.Height >> Int(level), 1) }
        if it.Depth > 0 { it.Depth = max(it.Depth >> Int(level), 1) }
        return it
    }
}

private func with(_ array: CUarray?, _ call: StaticString, _ body: (ArrayHandle) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let array, array.pointee.tag == UInt32(TAG_ARRAY) else { return CUDA_ERROR_INVALID_HANDLE }
    return body(array)
}

private func destroy(_ array: CUarray?, _ call: StaticString) -> CUresult {
    with(array, call) { array in
        guard array.pointee.owner == nil else { return CUDA_ERROR_INVALID_HANDLE }
        if Contexts.isValid(array.pointee.context) { _ = array.pointee.context?.synchronize() }
        return withMemory(call) {
            if let memory = Ranges.begin(at: array.pointee.address), memory.pointee.kind == UInt32(MEMORY_ARRAY) {
                Memory.free(memory)
            }
            for level in (0..<array.pointee.levels).reversed() {
                if let each = array_level(array, level).pointee { Slots.free(each) }
            }
            return CUDA_SUCCESS
        }
    }
}

private func solid(_ flat: CUDA_ARRAY_DESCRIPTOR) -> CUDA_ARRAY3D_DESCRIPTOR {
    CUDA_ARRAY3D_DESCRIPTOR(
        Width: flat.Width, Height: flat.Height, Depth: 0, Format: flat.Format, NumChannels: flat.NumChannels, Flags: 0)
}

@c public func cuArrayCreate_v2(
    _ result: UnsafeMutablePointer<CUarray?>?, _ descriptor: UnsafePointer<CUDA_ARRAY_DESCRIPTOR>?
) -> CUresult {
    create(result, descriptor.map { solid($0.pointee) }, levels: 1, #function)
}

@c public func cuArray3DCreate_v2(
    _ result: UnsafeMutablePointer<CUarray?>?, _ descriptor: UnsafePointer<CUDA_ARRAY3D_DESCRIPTOR>?
) -> CUresult {
    create(result, descriptor?.pointee, levels: 1, #function)
}

@c public func cuArrayDestroy(_ array: CUarray?) -> CUresult { destroy(array, #function) }

@c public func cuArrayGetDescriptor_v2(
    _ descriptor: UnsafeMutablePointer<CUDA_ARRAY_DESCRIPTOR>?, _ array: CUarray?
) -> CUresult {
    with(array, #function) { array in
        let it = array.pointee.descriptor
        return give(
            CUDA_ARRAY_DESCRIPTOR(Width: it.Width, Height: it.Height, Format: it.Format, NumChannels: it.NumChannels),
            to: descriptor)
    }
}

@c public func cuArray3DGetDescriptor_v2(
    _ descriptor: UnsafeMutablePointer<CUDA_ARRAY3D_DESCRIPTOR>?, _ array: CUarray?
) -> CUresult {
    with(array, #function) { give($0.pointee.descriptor, to: descriptor) }
}

// MARK: Levels

@c public func cuMipmappedArrayCreate(
    _ result: UnsafeMutablePointer<CUarray?>?, _ descriptor: UnsafePointer<CUDA_ARRAY3D_DESCRIPTOR>?, _ levels: UInt32
) -> CUresult {
    create(result, descriptor?.pointee, levels: min(levels, 16), #function)
}

@c public func cuMipmappedArrayGetLevel(
    _ result: UnsafeMutablePointer<CUarray?>?, _ array: CUarray?, _ level: UInt32
) -> CUresult {
    with(array, #function) { array in
        guard level < array.pointee.levels else { return CUDA_ERROR_INVALID_VALUE }
        return give(array_level(array, level).pointee, to: result)
    }
}

@c public func cuMipmappedArrayDestroy(_ array: CUarray?) -> CUresult { destroy(array, #function) }

// MARK: Copies of rows

private func copy(
    to destination: UInt64, _ destinationArray: CUarray?, from source: UInt64, _ sourceArray: CUarray?, _ size: Int,
    _ handle: CUstream?, isWaiting: Bool, isHost: Bool, _ call: StaticString
) -> CUresult {
    withStream(handle, call) { stream in
        guard destinationArray?.pointee.tag ?? UInt32(TAG_ARRAY) == UInt32(TAG_ARRAY),
            sourceArray?.pointee.tag ?? UInt32(TAG_ARRAY) == UInt32(TAG_ARRAY)
        else { return CUDA_ERROR_INVALID_HANDLE }
        func place(_ offset: UInt64, _ array: CUarray?) -> UInt64? {
            guard let array else { return offset }
            return size >= 0 && offset < array.pointee.size && UInt64(size) <= array.pointee.size - offset
                ? array.pointee.address + offset : nil
        }
        guard let from = place(source, sourceArray), let to = place(destination, destinationArray) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        return Copies.copy(
            to: to, destinationArray == nil && isHost ? .host : .device, from: from,
            sourceArray == nil && isHost ? .host : .device, UInt64(size), in: stream, isWaiting: isWaiting)
    }
}

@c public func cuMemcpyHtoA_v2(
    _ array: CUarray?, _ offset: Int, _ source: UnsafeRawPointer?, _ size: Int
) -> CUresult {
    array == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: UInt64(bitPattern: Int64(offset)), array, from: UInt64(UInt(bitPattern: source)), nil, size, nil,
            isWaiting: true,
            isHost: true, #function)
}

@c public func cuMemcpyHtoAAsync_v2(
    _ array: CUarray?, _ offset: Int, _ source: UnsafeRawPointer?, _ size: Int, _ stream: CUstream?
) -> CUresult {
    array == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: UInt64(bitPattern: Int64(offset)), array, from: UInt64(UInt(bitPattern: source)), nil, size, stream,
            isWaiting: false,
            isHost: true, #function)
}

@c public func cuMemcpyAtoH_v2(
    _ destination: UnsafeMutableRawPointer?, _ array: CUarray?, _ offset: Int, _ size: Int
) -> CUresult {
    array == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: UInt64(UInt(bitPattern: destination)), nil, from: UInt64(bitPattern: Int64(offset)), array, size, nil,
            isWaiting: true,
            isHost: true, #function)
}

@c public func cuMemcpyAtoHAsync_v2(
    _ destination: UnsafeMutableRawPointer?, _ array: CUarray?, _ offset: Int, _ size: Int, _ stream: CUstream?
) -> CUresult {
    array == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: UInt64(UInt(bitPattern: destination)), nil, from: UInt64(bitPattern: Int64(offset)), array, size,
            stream, isWaiting: false,
            isHost: true, #function)
}

@c public func cuMemcpyDtoA_v2(_ array: CUarray?, _ offset: Int, _ source: CUdeviceptr, _ size: Int) -> CUresult {
    array == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: UInt64(bitPattern: Int64(offset)), array, from: source, nil, size, nil, isWaiting: true, isHost: false,
            #function)
}

@c public func cuMemcpyAtoD_v2(
    _ destination: CUdeviceptr, _ array: CUarray?, _ offset: Int, _ size: Int
) -> CUresult {
    array == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: destination, nil, from: UInt64(bitPattern: Int64(offset)), array, size, nil, isWaiting: true,
            isHost: false, #function)
}

@c public func cuMemcpyAtoA_v2(
    _ destination: CUarray?, _ destinationOffset: Int, _ source: CUarray?, _ offset: Int, _ size: Int
) -> CUresult {
    destination == nil || source == nil
        ? CUDA_ERROR_INVALID_HANDLE
        : copy(
            to: UInt64(bitPattern: Int64(destinationOffset)), destination, from: UInt64(bitPattern: Int64(offset)),
            source, size, nil, isWaiting: true,
            isHost: false, #function)
}
