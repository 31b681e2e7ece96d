public import CSimulatedCUDA

// Streams: making and ending them, waiting for them, and what they are.

@c public func cuStreamCreate(_ result: UnsafeMutablePointer<CUstream?>?, _ flags: UInt32) -> CUresult {
    cuStreamCreateWithPriority(result, flags, 0)
}

@c public func cuStreamCreateWithPriority(
    _ result: UnsafeMutablePointer<CUstream?>?, _ flags: UInt32, _ priority: Int32
) -> CUresult {
    withContext { context in
        guard let result, flags <= 1 else { return CUDA_ERROR_INVALID_VALUE }
        guard let stream = Stream.make(context, flags: flags, priority: min(0, max(-5, priority))) else {
            return CUDA_ERROR_OUT_OF_MEMORY
        }
        result.pointee = stream
        return CUDA_SUCCESS
    }
}

@c public func cuStreamDestroy_v2(_ stream: CUstream?) -> CUresult {
    if let error = notReady() { return error }
    guard UInt(bitPattern: stream) > 2, let stream, stream.pointee.tag == UInt32(TAG_STREAM) else {
        return CUDA_ERROR_INVALID_HANDLE
    }
    if let capture = stream.pointee.capture { Captures.invalidate(capture) }
    stream.destroy()
    return CUDA_SUCCESS
}

@c public func cuStreamDestroy(_ stream: CUstream?) -> CUresult { cuStreamDestroy_v2(stream) }

/// Runs a call that a stream must not be captured for.
private func withPlainStream(
    _ handle: CUstream?, _ call: StaticString, _ body: (Stream) -> CUresult
) -> CUresult {
    withStream(handle, call) { stream in
        if let capture = stream.pointee.capture {
            Captures.invalidate(capture)
            return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
        }
        return body(stream)
    }
}

@c public func cuStreamSynchronize(_ stream: CUstream?) -> CUresult {
    withPlainStream(stream, #function) { $0.synchronize() }
}

@c public func cuStreamQuery(_ stream: CUstream?) -> CUresult {
    withPlainStream(stream, #function) { $0.query() }
}

@c public func cuStreamGetPriority(_ stream: CUstream?, _ priority: UnsafeMutablePointer<Int32>?) -> CUresult {
    withStream(stream) { give($0.pointee.priority, to: priority) }
}

@c public func cuStreamGetFlags(_ stream: CUstream?, _ flags: UnsafeMutablePointer<UInt32>?) -> CUresult {
    withStream(stream) { give($0.pointee.flags, to: flags) }
}

@c public func cuStreamGetId(_ stream: CUstream?, _ id: UnsafeMutablePointer<UInt64>?) -> CUresult {
    withStream(stream) { give($0.pointee.id, to: id) }
}

@c public func cuStreamGetCtx(_ stream: CUstream?, _ context: UnsafeMutablePointer<CUcontext?>?) -> CUresult {
    withStream(stream) { give(Optional($0.pointee.context), to: context) }
}

@c public func cuStreamGetCtx_v2(
    _ stream: CUstream?, _ context: UnsafeMutablePointer<CUcontext?>?, _ part: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> CUresult {
    withStream(stream) { stream in
        part?.pointee = nil
        return give(Optional(stream.pointee.context), to: context)
    }
}

@c public func cuStreamGetDevice(_ stream: CUstream?, _ device: UnsafeMutablePointer<CUdevice>?) -> CUresult {
    withStream(stream) { give($0.pointee.context.pointee.device, to: device) }
}

@c public func cuStreamAttachMemAsync(
    _ stream: CUstream?, _ address: CUdeviceptr, _ length: Int, _ flags: UInt32
) -> CUresult {
    withStream(stream) { stream in
        guard Ranges.know(address) else { return CUDA_ERROR_INVALID_VALUE }
        return stream.submit(OPERATION_NOTHING)
    }
}

// MARK: Functions of the program

@c public func cuLaunchHostFunc(
    _ stream: CUstream?, _ function: CUhostFn?, _ data: UnsafeMutableRawPointer?
) -> CUresult {
    withStream(stream) { stream in
        guard let function else { return CUDA_ERROR_INVALID_VALUE }
        let address = UInt64(UInt(bitPattern: unsafeBitCast(function, to: UnsafeRawPointer.self)))
        return stream.submit(OPERATION_HOST, address, UInt64(UInt(bitPattern: data)))
    }
}

@c public func cuStreamAddCallback(
    _ handle: CUstream?, _ function: UnsafeRawPointer?, _ data: UnsafeMutableRawPointer?, _ flags: UInt32
) -> CUresult {
    withPlainStream(handle, #function) { stream in
        guard let function, flags == 0 else { return CUDA_ERROR_INVALID_VALUE }
        stream.put(
            OPERATION_HOST, UInt64(UInt(bitPattern: function)), UInt64(UInt(bitPattern: data)),
            UInt64(UInt(bitPattern: stream)))
        return CUDA_SUCCESS
    }
}
