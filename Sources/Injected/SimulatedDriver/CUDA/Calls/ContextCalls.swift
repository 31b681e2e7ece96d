public import CSimulatedCUDA

// Contexts that programs make themselves, and the current context of a thread.

private func create(
    _ result: UnsafeMutablePointer<CUcontext?>?, _ flags: UInt32, _ device: CUdevice, _ version: UInt32,
    _ call: StaticString
) -> CUresult {
    withDevice(device, call) { _ in
        guard let result, flags & ~UInt32(CU_CTX_FLAGS_MASK) == 0 else { return CUDA_ERROR_INVALID_VALUE }
        var status = CUDA_SUCCESS
        guard let context = Contexts.make(device, flags: flags, isPrimary: false, version: version, &status) else {
            return status
        }
        status = Contexts.push(context)
        guard status == CUDA_SUCCESS else {
            Contexts.destroy(context)
            return status
        }
        result.pointee = context
        return CUDA_SUCCESS
    }
}

@c public func cuCtxCreate_v2(
    _ result: UnsafeMutablePointer<CUcontext?>?, _ flags: UInt32, _ device: CUdevice
) -> CUresult {
    create(result, flags, device, 3020, #function)
}

/// With execution affinities, which no simulated GPU has.
@c public func cuCtxCreate_v3(
    _ result: UnsafeMutablePointer<CUcontext?>?, _ affinities: UnsafeMutableRawPointer?, _ count: Int32,
    _ flags: UInt32, _ device: CUdevice
) -> CUresult {
    count == 0 ? create(result, flags, device, 3020, #function) : CUDA_ERROR_NOT_SUPPORTED
}

/// With parameters, which are none or empty.
@c public func cuCtxCreate_v4(
    _ result: UnsafeMutablePointer<CUcontext?>?, _ parameters: UnsafePointer<UInt64>?, _ flags: UInt32,
    _ device: CUdevice
) -> CUresult {
    if let parameters, parameters[0] != 0 || parameters[2] != 0 { return CUDA_ERROR_NOT_SUPPORTED }
    return create(result, flags, device, 3020, #function)
}

@c public func cuCtxDestroy_v2(_ context: CUcontext?) -> CUresult {
    if let error = notReady() { return error }
    guard let context, Contexts.isValid(context), context.pointee.isPrimary == 0 else {
        return CUDA_ERROR_INVALID_CONTEXT
    }
    Contexts.destroy(context)
    return CUDA_SUCCESS
}

@c public func cuCtxDestroy(_ context: CUcontext?) -> CUresult { cuCtxDestroy_v2(context) }

@c public func cuCtxPushCurrent_v2(_ context: CUcontext?) -> CUresult {
    if let error = notReady() { return error }
    return Contexts.isValid(context) ? Contexts.push(context) : CUDA_ERROR_INVALID_CONTEXT
}

@c public func cuCtxPushCurrent(_ context: CUcontext?) -> CUresult { cuCtxPushCurrent_v2(context) }

@c public func cuCtxPopCurrent_v2(_ result: UnsafeMutablePointer<CUcontext?>?) -> CUresult {
    if let error = notReady() { return error }
    guard let context = Contexts.pop() else { return CUDA_ERROR_INVALID_CONTEXT }
    result?.pointee = context
    return CUDA_SUCCESS
}

@c public func cuCtxPopCurrent(_ result: UnsafeMutablePointer<CUcontext?>?) -> CUresult { cuCtxPopCurrent_v2(result) }

@c public func cuCtxSetCurrent(_ context: CUcontext?) -> CUresult {
    if let error = notReady() { return error }
    guard context == nil || Contexts.isValid(context) else { return CUDA_ERROR_INVALID_CONTEXT }
    return Contexts.setCurrent(context)
}

@c public func cuCtxGetCurrent(_ result: UnsafeMutablePointer<CUcontext?>?) -> CUresult {
    if let error = notReady() { return error }
    return give(Contexts.current, to: result)
}

@c public func cuCtxGetDevice(_ device: UnsafeMutablePointer<CUdevice>?) -> CUresult {
    withContext { give($0.pointee.device, to: device) }
}

@c public func cuCtxGetDevice_v2(_ device: UnsafeMutablePointer<CUdevice>?, _ context: CUcontext?) -> CUresult {
    with(context, #function) { give($0.pointee.device, to: device) }
}

/// Runs a call on a context, which is the current one when it is nil.
private func with(_ context: CUcontext?, _ call: StaticString, _ body: (Context) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let context = context ?? Contexts.current, Contexts.isValid(context) else {
        return CUDA_ERROR_INVALID_CONTEXT
    }
    return body(context)
}

@c public func cuCtxSynchronize() -> CUresult { withContext { $0.synchronize() } }

@c public func cuCtxSynchronize_v2(_ context: CUcontext?) -> CUresult { with(context, #function) { $0.synchronize() } }

// MARK: Properties

@c public func cuCtxGetFlags(_ flags: UnsafeMutablePointer<UInt32>?) -> CUresult {
    withContext { give($0.pointee.flags, to: flags) }
}

@c public func cuCtxSetFlags(_ flags: UInt32) -> CUresult {
    withContext { context in
        context.pointee.flags = flags
        return CUDA_SUCCESS
    }
}

@c public func cuCtxGetId(_ context: CUcontext?, _ id: UnsafeMutablePointer<UInt64>?) -> CUresult {
    with(context, #function) { give($0.pointee.id, to: id) }
}

@c public func cuCtxGetApiVersion(_ context: CUcontext?, _ version: UnsafeMutablePointer<UInt32>?) -> CUresult {
    with(context, #function) { give($0.pointee.version, to: version) }
}

@c public func cuCtxGetStreamPriorityRange(
    _ least: UnsafeMutablePointer<Int32>?, _ greatest: UnsafeMutablePointer<Int32>?
) -> CUresult {
    withContext { _ in
        least?.pointee = 0
        greatest?.pointee = -5
        return CUDA_SUCCESS
    }
}

@c public func cuCtxGetLimit(_ value: UnsafeMutablePointer<Int>?, _ limit: Int32) -> CUresult {
    withContext { context in
        guard limit >= 0, limit < 16 else { return CUDA_ERROR_UNSUPPORTED_LIMIT }
        return give(Int(context_limit(context, UInt32(limit)).pointee), to: value)
    }
}

@c public func cuCtxSetLimit(_ limit: Int32, _ value: Int) -> CUresult {
    withContext { context in
        guard limit >= 0, limit < 8 else { return CUDA_ERROR_UNSUPPORTED_LIMIT }
        context_limit(context, UInt32(limit)).pointee = UInt64(value)
        return CUDA_SUCCESS
    }
}

@c public func cuCtxGetCacheConfig(_ configuration: UnsafeMutablePointer<UInt32>?) -> CUresult {
    withContext { give($0.pointee.cacheConfig, to: configuration) }
}

@c public func cuCtxSetCacheConfig(_ configuration: UInt32) -> CUresult {
    withContext { context in
        guard configuration < 4 else { return CUDA_ERROR_INVALID_VALUE }
        context.pointee.cacheConfig = configuration
        return CUDA_SUCCESS
    }
}

@c public func cuCtxGetSharedMemConfig(_ configuration: UnsafeMutablePointer<UInt32>?) -> CUresult {
    withContext { give($0.pointee.bankConfig, to: configuration) }
}

@c public func cuCtxSetSharedMemConfig(_ configuration: UInt32) -> CUresult {
    withContext { context in
        context.pointee.bankConfig = configuration
        return CUDA_SUCCESS
    }
}

@c public func cuCtxResetPersistingL2Cache() -> CUresult { withContext { _ in CUDA_SUCCESS } }

// MARK: Peers

@c public func cuCtxEnablePeerAccess(_ peer: CUcontext?, _ flags: UInt32) -> CUresult {
    withContext { context in
        guard flags == 0 else { return CUDA_ERROR_INVALID_VALUE }
        guard let peer, Contexts.isValid(peer) else { return CUDA_ERROR_INVALID_CONTEXT }
        guard canAccess(context.pointee.device, peer.pointee.device) else { return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED }
        let bit = UInt64(1) << UInt64(peer.pointee.device)
        guard context.pointee.peers & bit == 0 else { return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED }
        context.pointee.peers |= bit
        return CUDA_SUCCESS
    }
}

@c public func cuCtxDisablePeerAccess(_ peer: CUcontext?) -> CUresult {
    withContext { context in
        guard let peer, Contexts.isValid(peer) else { return CUDA_ERROR_INVALID_CONTEXT }
        let bit = UInt64(1) << UInt64(peer.pointee.device)
        guard context.pointee.peers & bit != 0 else { return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED }
        context.pointee.peers &= ~bit
        return CUDA_SUCCESS
    }
}
