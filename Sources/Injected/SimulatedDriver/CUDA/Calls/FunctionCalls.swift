public import CSimulatedCUDA
import CSimulatedDriver

// What is known of functions and kernels, which are the same thing here.

func withFunction(
    _ function: CUfunction?, _ call: StaticString = #function, _ body: (FunctionHandle) -> CUresult
) -> CUresult {
    if let error = notReady(call) { return error }
    guard let function, function.pointee.tag == UInt32(TAG_FUNCTION) else { return CUDA_ERROR_INVALID_HANDLE }
    return body(function)
}

@c public func cuFuncGetAttribute(
    _ value: UnsafeMutablePointer<Int32>?, _ attribute: Int32, _ function: CUfunction?
) -> CUresult {
    withFunction(function) { function in
        guard attribute >= 0, attribute < 16 else { return CUDA_ERROR_INVALID_VALUE }
        return give(function_attribute(function, UInt32(attribute)).pointee, to: value)
    }
}

@c public func cuFuncSetAttribute(_ function: CUfunction?, _ attribute: Int32, _ value: Int32) -> CUresult {
    withFunction(function) { function in
        // Shared memory at launch and its share of the cache, clusters and their scheduling; the rest is fixed.
        guard attribute >= 8, attribute < 16 else { return CUDA_ERROR_INVALID_VALUE }
        function_attribute(function, UInt32(attribute)).pointee = value
        return CUDA_SUCCESS
    }
}

@c public func cuFuncSetCacheConfig(_ function: CUfunction?, _ configuration: UInt32) -> CUresult {
    withFunction(function) { _ in configuration < 4 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE }
}

@c public func cuFuncSetSharedMemConfig(_ function: CUfunction?, _ configuration: UInt32) -> CUresult {
    withFunction(function) { _ in configuration < 3 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE }
}

@c public func cuFuncGetModule(_ module: UnsafeMutablePointer<CUmodule?>?, _ function: CUfunction?) -> CUresult {
    withFunction(function) { give(Optional($0.pointee.module), to: module) }
}

@c public func cuFuncGetName(
    _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ function: CUfunction?
) -> CUresult {
    withFunction(function) { give(UnsafePointer($0.pointee.name), to: name) }
}

@c public func cuFuncIsLoaded(_ state: UnsafeMutablePointer<UInt32>?, _ function: CUfunction?) -> CUresult {
    withFunction(function) { _ in give(1, to: state) }
}

@c public func cuFuncLoad(_ function: CUfunction?) -> CUresult { withFunction(function) { _ in CUDA_SUCCESS } }

@c public func cuKernelGetFunction(_ function: UnsafeMutablePointer<CUfunction?>?, _ kernel: CUkernel?) -> CUresult {
    withFunction(kernel) { Contexts.current == nil ? CUDA_ERROR_INVALID_CONTEXT : give(Optional($0), to: function) }
}

@c public func cuKernelGetLibrary(_ library: UnsafeMutablePointer<CUlibrary?>?, _ kernel: CUkernel?) -> CUresult {
    withFunction(kernel) { give(Optional($0.pointee.module), to: library) }
}

@c public func cuKernelGetName(
    _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ kernel: CUkernel?
) -> CUresult {
    cuFuncGetName(name, kernel)
}

@c public func cuKernelGetAttribute(
    _ value: UnsafeMutablePointer<Int32>?, _ attribute: Int32, _ kernel: CUkernel?, _ device: CUdevice
) -> CUresult {
    gpu(of: device) == nil ? CUDA_ERROR_INVALID_DEVICE : cuFuncGetAttribute(value, attribute, kernel)
}

@c public func cuKernelSetAttribute(
    _ attribute: Int32, _ value: Int32, _ kernel: CUkernel?, _ device: CUdevice
) -> CUresult {
    gpu(of: device) == nil ? CUDA_ERROR_INVALID_DEVICE : cuFuncSetAttribute(kernel, attribute, value)
}

@c public func cuKernelSetCacheConfig(_ kernel: CUkernel?, _ configuration: UInt32, _ device: CUdevice) -> CUresult {
    gpu(of: device) == nil ? CUDA_ERROR_INVALID_DEVICE : cuFuncSetCacheConfig(kernel, configuration)
}

// MARK: Occupancy: threads are what limits it

private func threadsPerMultiprocessor(_ context: Context) -> Int32 {
    guard let state = model_gpu(model, context.pointee.gpu) else { return 0 }
    return DeviceAttribute.value(39, state.pointee)
}

@c public func cuOccupancyMaxActiveBlocksPerMultiprocessor(
    _ blocks: UnsafeMutablePointer<Int32>?, _ function: CUfunction?, _ blockSize: Int32, _ sharedMemory: Int
) -> CUresult {
    withFunction(function) { _ in
        withContext { context in
            guard blockSize > 0 else { return CUDA_ERROR_INVALID_VALUE }
            let count = blockSize > 1024 ? 0 : min(32, threadsPerMultiprocessor(context) / ((blockSize + 31) / 32 * 32))
            return give(count, to: blocks)
        }
    }
}

@c public func cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    _ blocks: UnsafeMutablePointer<Int32>?, _ function: CUfunction?, _ blockSize: Int32, _ sharedMemory: Int,
    _ flags: UInt32
) -> CUresult {
    cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, blockSize, sharedMemory)
}

@c public func cuOccupancyMaxPotentialBlockSizeWithFlags(
    _ grid: UnsafeMutablePointer<Int32>?, _ block: UnsafeMutablePointer<Int32>?, _ function: CUfunction?,
    _ sharedMemory: UnsafeRawPointer?, _ dynamic: Int, _ limit: Int32, _ flags: UInt32
) -> CUresult {
    withFunction(function) { _ in
        withContext { context in
            guard let grid, let block else {
                return CUDA_ERROR_INVALID_VALUE
            }
            block.pointee = limit > 0 ? min(limit, 1024) : 1024
            grid.pointee =
                Int32(Part.multiprocessors(context.pointee.gpu)) * (threadsPerMultiprocessor(context) / block.pointee)
            return CUDA_SUCCESS
        }
    }
}

@c public func cuOccupancyMaxPotentialBlockSize(
    _ grid: UnsafeMutablePointer<Int32>?, _ block: UnsafeMutablePointer<Int32>?, _ function: CUfunction?,
    _ sharedMemory: UnsafeRawPointer?, _ dynamic: Int, _ limit: Int32
) -> CUresult {
    cuOccupancyMaxPotentialBlockSizeWithFlags(grid, block, function, sharedMemory, dynamic, limit, 0)
}
