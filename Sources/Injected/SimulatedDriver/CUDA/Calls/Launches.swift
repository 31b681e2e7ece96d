public import CSimulatedCUDA
import CSimulatedDriver

// Launches in all forms. A kernel takes as long as its name says, whatever its grid.

/// A grid that the GPU could run.
@inline(__always)
private func isPossible(
    _ gridX: UInt32, _ gridY: UInt32, _ gridZ: UInt32, _ blockX: UInt32, _ blockY: UInt32, _ blockZ: UInt32
) -> Bool {
    gridX > 0 && gridY > 0 && gridZ > 0 && gridX <= UInt32(Int32.max) && gridY <= 65535 && gridZ <= 65535 && blockX > 0
        && blockY > 0 && blockZ > 0 && UInt64(blockX) * UInt64(blockY) * UInt64(blockZ) <= 1024 && blockZ <= 64
}

@c public func cuLaunchKernel(
    _ function: CUfunction?, _ gridX: UInt32, _ gridY: UInt32, _ gridZ: UInt32, _ blockX: UInt32, _ blockY: UInt32,
    _ blockZ: UInt32, _ sharedMemory: UInt32, _ stream: CUstream?,
    _ parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ extra: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> CUresult {
    withStream(stream) { stream in
        guard let function, function.pointee.tag == UInt32(TAG_FUNCTION) else { return CUDA_ERROR_INVALID_HANDLE }
        guard isPossible(gridX, gridY, gridZ, blockX, blockY, blockZ) else { return CUDA_ERROR_INVALID_VALUE }
        return stream.submit(OPERATION_KERNEL, function.pointee.duration) { node in
            node.pointee.kernel = CUDA_KERNEL_NODE_PARAMS(
                func: function, gridDimX: gridX, gridDimY: gridY, gridDimZ: gridZ, blockDimX: blockX,
                blockDimY: blockY, blockDimZ: blockZ, sharedMemBytes: sharedMemory, kernelParams: nil, extra: nil,
                kern: nil, ctx: stream.pointee.context)
        }
    }
}

@c public func cuLaunchKernelEx(
    _ configuration: UnsafePointer<CUlaunchConfig>?, _ function: CUfunction?,
    _ parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ extra: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> CUresult {
    guard let configuration else { return CUDA_ERROR_INVALID_VALUE }
    let it = configuration.pointee
    return cuLaunchKernel(
        function, it.gridDimX, it.gridDimY, it.gridDimZ, it.blockDimX, it.blockDimY, it.blockDimZ, it.sharedMemBytes,
        it.hStream, parameters, extra)
}

/// All blocks have to be on the GPU at once.
@c public func cuLaunchCooperativeKernel(
    _ function: CUfunction?, _ gridX: UInt32, _ gridY: UInt32, _ gridZ: UInt32, _ blockX: UInt32, _ blockY: UInt32,
    _ blockZ: UInt32, _ sharedMemory: UInt32, _ stream: CUstream?,
    _ parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> CUresult {
    guard isPossible(gridX, gridY, gridZ, blockX, blockY, blockZ) else { return CUDA_ERROR_INVALID_VALUE }
    if let error = notReady() { return error }
    guard let context = Contexts.stream(stream)?.pointee.context, let state = model_gpu(model, context.pointee.gpu)
    else { return CUDA_ERROR_INVALID_CONTEXT }
    let threads = UInt64(DeviceAttribute.value(39, state.pointee))
    let perMultiprocessor = min(32, threads / UInt64((blockX * blockY * blockZ + 31) / 32 * 32))
    guard
        UInt64(gridX) * UInt64(gridY) * UInt64(gridZ) <= perMultiprocessor
            * UInt64(Part.multiprocessors(context.pointee.gpu))
    else { return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE }
    return cuLaunchKernel(
        function, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedMemory, stream, parameters, nil)
}

// MARK: The oldest form, whose grid belongs to the function

@c public func cuFuncSetBlockShape(_ function: CUfunction?, _ x: Int32, _ y: Int32, _ z: Int32) -> CUresult {
    withFunction(function) { function in
        guard x > 0, y > 0, z > 0, Int64(x) * Int64(y) * Int64(z) <= 1024 else { return CUDA_ERROR_INVALID_VALUE }
        function.pointee.blockThreads = UInt32(x * y * z)
        return CUDA_SUCCESS
    }
}

@c public func cuParamSetSize(_ function: CUfunction?, _ bytes: UInt32) -> CUresult {
    withFunction(function) { _ in CUDA_SUCCESS }
}

@c public func cuLaunch(_ function: CUfunction?) -> CUresult { cuLaunchGridAsync(function, 1, 1, nil) }

@c public func cuLaunchGrid(_ function: CUfunction?, _ width: Int32, _ height: Int32) -> CUresult {
    cuLaunchGridAsync(function, width, height, nil)
}

@c public func cuLaunchGridAsync(
    _ function: CUfunction?, _ width: Int32, _ height: Int32, _ stream: CUstream?
) -> CUresult {
    withFunction(function) { function in
        guard width > 0, height > 0, function.pointee.blockThreads > 0 else { return CUDA_ERROR_INVALID_VALUE }
        return cuLaunchKernel(
            function, UInt32(width), UInt32(height), 1, function.pointee.blockThreads, 1, 1, 0, stream, nil, nil)
    }
}
