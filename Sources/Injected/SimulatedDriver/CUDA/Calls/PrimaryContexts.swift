public import CSimulatedCUDA

// The context of a GPU that all parts of a program share. It lives as long as somebody retains it.

/// Runs a call while nobody else makes or ends primary contexts.
private func withPrimary(_ device: CUdevice, _ call: StaticString, _ body: (UInt32) -> CUresult) -> CUresult {
    withDevice(device, call) { _ in
        process_lock(&process.pointee.primaryLock)
        defer { process_unlock(&process.pointee.primaryLock) }
        return body(UInt32(device))
    }
}

@c public func cuDevicePrimaryCtxRetain(
    _ result: UnsafeMutablePointer<CUcontext?>?, _ device: CUdevice
) -> CUresult {
    withPrimary(device, #function) { index in
        guard let result else { return CUDA_ERROR_INVALID_VALUE }
        if process_primary_references(process, index).pointee == 0 {
            var status = CUDA_SUCCESS
            let flags = process_primary_flags(process, index).pointee
            guard let context = Contexts.make(device, flags: flags, isPrimary: true, version: 3020, &status) else {
                return status
            }
            process_primary(process, index).pointee = context
        }
        process_primary_references(process, index).pointee += 1
        result.pointee = process_primary(process, index).pointee
        return CUDA_SUCCESS
    }
}

@c public func cuDevicePrimaryCtxRelease_v2(_ device: CUdevice) -> CUresult {
    withPrimary(device, #function) { index in
        guard process_primary_references(process, index).pointee > 0 else { return CUDA_ERROR_INVALID_CONTEXT }
        process_primary_references(process, index).pointee -= 1
        if process_primary_references(process, index).pointee == 0 { endPrimary(index) }
        return CUDA_SUCCESS
    }
}

@c public func cuDevicePrimaryCtxRelease(_ device: CUdevice) -> CUresult { cuDevicePrimaryCtxRelease_v2(device) }

/// Ends the context for everybody who retains it.
@c public func cuDevicePrimaryCtxReset_v2(_ device: CUdevice) -> CUresult {
    withPrimary(device, #function) { index in
        process_primary_references(process, index).pointee = 0
        endPrimary(index)
        return CUDA_SUCCESS
    }
}

@c public func cuDevicePrimaryCtxReset(_ device: CUdevice) -> CUresult { cuDevicePrimaryCtxReset_v2(device) }

private func endPrimary(_ index: UInt32) {
    guard let context = process_primary(process, index).pointee else { return }
    process_primary(process, index).pointee = nil
    Contexts.destroy(context)
}

@c public func cuDevicePrimaryCtxSetFlags_v2(_ device: CUdevice, _ flags: UInt32) -> CUresult {
    withPrimary(device, #function) { index in
        guard flags & ~UInt32(CU_CTX_FLAGS_MASK) == 0, flags & 7 != 3, flags & 7 < 5 else {
            return CUDA_ERROR_INVALID_VALUE
        }
        process_primary_flags(process, index).pointee = flags
        process_primary(process, index).pointee?.pointee.flags = flags
        return CUDA_SUCCESS
    }
}

@c public func cuDevicePrimaryCtxSetFlags(_ device: CUdevice, _ flags: UInt32) -> CUresult {
    cuDevicePrimaryCtxSetFlags_v2(device, flags)
}

@c public func cuDevicePrimaryCtxGetState(
    _ device: CUdevice, _ flags: UnsafeMutablePointer<UInt32>?, _ isActive: UnsafeMutablePointer<Int32>?
) -> CUresult {
    withPrimary(device, #function) { index in
        guard let flags, let isActive else { return CUDA_ERROR_INVALID_VALUE }
        flags.pointee = process_primary_flags(process, index).pointee
        isActive.pointee = process_primary_references(process, index).pointee > 0 ? 1 : 0
        return CUDA_SUCCESS
    }
}
