public import CSimulatedCUDA

// Copies by their kind: what is memory of the host, and what of a GPU.

private func copy(
    _ destination: UInt64, _ destinationSide: Copies.Side, _ source: UInt64, _ sourceSide: Copies.Side, _ size: Int,
    _ handle: CUstream?, isWaiting: Bool, _ call: StaticString
) -> CUresult {
    withStream(handle, call) { stream in
        guard size >= 0 else { return CUDA_ERROR_INVALID_VALUE }
        return Copies.copy(
            to: destination, destinationSide, from: source, sourceSide, UInt64(size), in: stream, isWaiting: isWaiting)
    }
}

private func address(_ host: UnsafeRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: host)) }

@c public func cuMemcpy(_ destination: CUdeviceptr, _ source: CUdeviceptr, _ size: Int) -> CUresult {
    copy(destination, .either, source, .either, size, nil, isWaiting: true, #function)
}

@c public func cuMemcpyAsync(
    _ destination: CUdeviceptr, _ source: CUdeviceptr, _ size: Int, _ stream: CUstream?
) -> CUresult {
    copy(destination, .either, source, .either, size, stream, isWaiting: false, #function)
}

@c public func cuMemcpyHtoD_v2(_ destination: CUdeviceptr, _ source: UnsafeRawPointer?, _ size: Int) -> CUresult {
    copy(destination, .device, address(source), .host, size, nil, isWaiting: true, #function)
}

@c public func cuMemcpyHtoDAsync_v2(
    _ destination: CUdeviceptr, _ source: UnsafeRawPointer?, _ size: Int, _ stream: CUstream?
) -> CUresult {
    copy(destination, .device, address(source), .host, size, stream, isWaiting: false, #function)
}

@c public func cuMemcpyDtoH_v2(
    _ destination: UnsafeMutableRawPointer?, _ source: CUdeviceptr, _ size: Int
) -> CUresult {
    copy(address(destination), .host, source, .device, size, nil, isWaiting: true, #function)
}

@c public func cuMemcpyDtoHAsync_v2(
    _ destination: UnsafeMutableRawPointer?, _ source: CUdeviceptr, _ size: Int, _ stream: CUstream?
) -> CUresult {
    copy(address(destination), .host, source, .device, size, stream, isWaiting: false, #function)
}

@c public func cuMemcpyDtoD_v2(_ destination: CUdeviceptr, _ source: CUdeviceptr, _ size: Int) -> CUresult {
    copy(destination, .device, source, .device, size, nil, isWaiting: true, #function)
}

@c public func cuMemcpyDtoDAsync_v2(
    _ destination: CUdeviceptr, _ source: CUdeviceptr, _ size: Int, _ stream: CUstream?
) -> CUresult {
    copy(destination, .device, source, .device, size, stream, isWaiting: false, #function)
}

@c public func cuMemcpyPeer(
    _ destination: CUdeviceptr, _ destinationContext: CUcontext?, _ source: CUdeviceptr, _ sourceContext: CUcontext?,
    _ size: Int
) -> CUresult {
    copy(destination, .device, source, .device, size, nil, isWaiting: true, #function)
}

@c public func cuMemcpyPeerAsync(
    _ destination: CUdeviceptr, _ destinationContext: CUcontext?, _ source: CUdeviceptr, _ sourceContext: CUcontext?,
    _ size: Int, _ stream: CUstream?
) -> CUresult {
    copy(destination, .device, source, .device, size, stream, isWaiting: false, #function)
}

// MARK: Rectangles and boxes

private func box(_ flat: CUDA_MEMCPY2D) -> CUDA_MEMCPY3D {
    CUDA_MEMCPY3D(
        srcXInBytes: flat.srcXInBytes, srcY: flat.srcY, srcZ: 0, srcLOD: 0, srcMemoryType: flat.srcMemoryType,
        srcHost: flat.srcHost, srcDevice: flat.srcDevice, srcArray: flat.srcArray, reserved0: nil,
        srcPitch: flat.srcPitch, srcHeight: 0, dstXInBytes: flat.dstXInBytes, dstY: flat.dstY, dstZ: 0, dstLOD: 0,
        dstMemoryType: flat.dstMemoryType, dstHost: flat.dstHost, dstDevice: flat.dstDevice, dstArray: flat.dstArray,
        reserved1: nil, dstPitch: flat.dstPitch, dstHeight: 0, WidthInBytes: flat.WidthInBytes, Height: flat.Height,
        Depth: 1)
}

private func copy(
    _ box: CUDA_MEMCPY3D?, _ handle: CUstream?, isWaiting: Bool, _ call: StaticString
) -> CUresult {
    withStream(handle, call) { stream in
        guard let box else { return CUDA_ERROR_INVALID_VALUE }
        return Copies.copy(box, in: stream, isWaiting: isWaiting)
    }
}

@c public func cuMemcpy2D_v2(_ flat: UnsafePointer<CUDA_MEMCPY2D>?) -> CUresult {
    copy(flat.map { box($0.pointee) }, nil, isWaiting: true, #function)
}

@c public func cuMemcpy2DUnaligned_v2(_ flat: UnsafePointer<CUDA_MEMCPY2D>?) -> CUresult {
    copy(flat.map { box($0.pointee) }, nil, isWaiting: true, #function)
}

@c public func cuMemcpy2DAsync_v2(_ flat: UnsafePointer<CUDA_MEMCPY2D>?, _ stream: CUstream?) -> CUresult {
    copy(flat.map { box($0.pointee) }, stream, isWaiting: false, #function)
}

@c public func cuMemcpy3D_v2(_ box: UnsafePointer<CUDA_MEMCPY3D>?) -> CUresult {
    copy(box?.pointee, nil, isWaiting: true, #function)
}

@c public func cuMemcpy3DAsync_v2(_ box: UnsafePointer<CUDA_MEMCPY3D>?, _ stream: CUstream?) -> CUresult {
    copy(box?.pointee, stream, isWaiting: false, #function)
}

/// The structure has contexts where the other one has reserved words.
@c public func cuMemcpy3DPeer(_ box: UnsafePointer<CUDA_MEMCPY3D>?) -> CUresult {
    copy(box?.pointee, nil, isWaiting: true, #function)
}

@c public func cuMemcpy3DPeerAsync(_ box: UnsafePointer<CUDA_MEMCPY3D>?, _ stream: CUstream?) -> CUresult {
    copy(box?.pointee, stream, isWaiting: false, #function)
}
