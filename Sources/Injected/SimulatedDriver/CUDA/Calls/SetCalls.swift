public import CSimulatedCUDA

// Filling memory with a value of one, two or four bytes, in rows.

private func set(
    _ address: CUdeviceptr, _ value: UInt64, _ elementSize: Int, _ width: Int, _ height: Int, _ pitch: Int,
    _ handle: CUstream?, isWaiting: Bool, _ call: StaticString
) -> CUresult {
    withStream(handle, call) { stream in
        guard width >= 0, height >= 0 else { return CUDA_ERROR_INVALID_VALUE }
        guard width > 0, height > 0 else { return CUDA_SUCCESS }
        guard let row = Sizes.product(width, elementSize), let size = Sizes.rows(height, height == 1 ? 0 : pitch, row),
            address % UInt64(elementSize) == 0, height == 1 || pitch >= row, Ranges.hold(address, UInt64(size))
        else { return CUDA_ERROR_INVALID_VALUE }
        if isWaiting, stream.pointee.capture != nil { return Captures.refuse(stream) }
        // Not waited for, as on a GPU: what comes next on the legacy stream comes behind it.
        return stream.submit(
            OPERATION_SET, flags: UInt32(elementSize), address, value, UInt64(width), UInt64(height),
            UInt64(height == 1 ? 0 : pitch)
        ) { node in
            node.pointee.set = CUDA_MEMSET_NODE_PARAMS(
                dst: address, pitch: pitch, value: UInt32(truncatingIfNeeded: value), elementSize: UInt32(elementSize),
                width: width, height: height)
        }
    }
}

@c public func cuMemsetD8_v2(_ address: CUdeviceptr, _ value: UInt8, _ count: Int) -> CUresult {
    set(address, UInt64(value), 1, count, 1, 0, nil, isWaiting: true, #function)
}

@c public func cuMemsetD8Async(
    _ address: CUdeviceptr, _ value: UInt8, _ count: Int, _ stream: CUstream?
) -> CUresult {
    set(address, UInt64(value), 1, count, 1, 0, stream, isWaiting: false, #function)
}

@c public func cuMemsetD2D8_v2(
    _ address: CUdeviceptr, _ pitch: Int, _ value: UInt8, _ width: Int, _ height: Int
) -> CUresult {
    set(address, UInt64(value), 1, width, height, pitch, nil, isWaiting: true, #function)
}

@c public func cuMemsetD2D8Async(
    _ address: CUdeviceptr, _ pitch: Int, _ value: UInt8, _ width: Int, _ height: Int, _ stream: CUstream?
) -> CUresult {
    set(address, UInt64(value), 1, width, height, pitch, stream, isWaiting: false, #function)
}

@c public func cuMemsetD16_v2(_ address: CUdeviceptr, _ value: UInt16, _ count: Int) -> CUresult {
    set(address, UInt64(value), 2, count, 1, 0, nil, isWaiting: true, #function)
}

@c public func cuMemsetD16Async(
    _ address: CUdeviceptr, _ value: UInt16, _ count: Int, _ stream: CUstream?
) -> CUresult {
    set(address, UInt64(value), 2, count, 1, 0, stream, isWaiting: false, #function)
}

@c public func cuMemsetD2D16_v2(
    _ address: CUdeviceptr, _ pitch: Int, _ value: UInt16, _ width: Int, _ height: Int
) -> CUresult {
    set(address, UInt64(value), 2, width, height, pitch, nil, isWaiting: true, #function)
}

@c public func cuMemsetD2D16Async(
    _ address: CUdeviceptr, _ pitch: Int, _ value: UInt16, _ width: Int, _ height: Int, _ stream: CUstream?
) -> CUresult {
    set(address, UInt64(value), 2, width, height, pitch, stream, isWaiting: false, #function)
}

@c public func cuMemsetD32_v2(_ address: CUdeviceptr, _ value: UInt32, _ count: Int) -> CUresult {
    set(address, UInt64(value), 4, count, 1, 0, nil, isWaiting: true, #function)
}

@c public func cuMemsetD32Async(
    _ address: CUdeviceptr, _ value: UInt32, _ count: Int, _ stream: CUstream?
) -> CUresult {
    set(address, UInt64(value), 4, count, 1, 0, stream, isWaiting: false, #function)
}

@c public func cuMemsetD2D32_v2(
    _ address: CUdeviceptr, _ pitch: Int, _ value: UInt32, _ width: Int, _ height: Int
) -> CUresult {
    set(address, UInt64(value), 4, width, height, pitch, nil, isWaiting: true, #function)
}

@c public func cuMemsetD2D32Async(
    _ address: CUdeviceptr, _ pitch: Int, _ value: UInt32, _ width: Int, _ height: Int, _ stream: CUstream?
) -> CUresult {
    set(address, UInt64(value), 4, width, height, pitch, stream, isWaiting: false, #function)
}
