public import CSimulatedCUDA

// Waiting for and writing values of memory in a stream.

private enum MemoryValue {
    static func put(
        _ kind: Int, _ handle: CUstream?, _ address: CUdeviceptr, _ value: UInt64, _ flags: UInt32, _ bytes: UInt32,
        _ call: StaticString
    ) -> CUresult {
        withStream(handle, call) { stream in
            guard address % UInt64(bytes) == 0, flags & 0x3FFF_FFFC == 0, Ranges.hold(address, UInt64(bytes)) else {
                return CUDA_ERROR_INVALID_VALUE
            }
            return stream.submit(kind, flags: bytes, address, value, UInt64(flags & 3))
        }
    }
}

@c public func cuStreamWaitValue32(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt32, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WAIT_VALUE, stream, address, UInt64(value), flags, 4, #function)
}

@c public func cuStreamWaitValue32_v2(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt32, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WAIT_VALUE, stream, address, UInt64(value), flags, 4, #function)
}

@c public func cuStreamWaitValue64(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt64, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WAIT_VALUE, stream, address, value, flags, 8, #function)
}

@c public func cuStreamWaitValue64_v2(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt64, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WAIT_VALUE, stream, address, value, flags, 8, #function)
}

@c public func cuStreamWriteValue32(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt32, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WRITE_VALUE, stream, address, UInt64(value), flags, 4, #function)
}

@c public func cuStreamWriteValue32_v2(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt32, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WRITE_VALUE, stream, address, UInt64(value), flags, 4, #function)
}

@c public func cuStreamWriteValue64(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt64, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WRITE_VALUE, stream, address, value, flags, 8, #function)
}

@c public func cuStreamWriteValue64_v2(
    _ stream: CUstream?, _ address: CUdeviceptr, _ value: UInt64, _ flags: UInt32
) -> CUresult {
    MemoryValue.put(OPERATION_WRITE_VALUE, stream, address, value, flags, 8, #function)
}

/// Several operations one after the other.
@c public func cuStreamBatchMemOp_v2(
    _ stream: CUstream?, _ count: UInt32, _ list: UnsafePointer<CUstreamBatchMemOpParams>?, _ flags: UInt32
) -> CUresult {
    guard let list, flags == 0, count <= 256 else { return CUDA_ERROR_INVALID_VALUE }
    for index in 0..<Int(count) {
        let it = list[index]
        let kind: Int
        switch Int(it.operation) {
        case MEMORY_OPERATION_WAIT_32, MEMORY_OPERATION_WAIT_64: kind = OPERATION_WAIT_VALUE
        case MEMORY_OPERATION_WRITE_32, MEMORY_OPERATION_WRITE_64: kind = OPERATION_WRITE_VALUE
        case MEMORY_OPERATION_BARRIER, MEMORY_OPERATION_FLUSH: continue
        default: return CUDA_ERROR_INVALID_VALUE
        }
        let isLong = Int(it.operation) == MEMORY_OPERATION_WAIT_64 || Int(it.operation) == MEMORY_OPERATION_WRITE_64
        let status = MemoryValue.put(kind, stream, it.address, it.value, it.flags, isLong ? 8 : 4, #function)
        if status != CUDA_SUCCESS { return status }
    }
    return CUDA_SUCCESS
}

@c public func cuStreamBatchMemOp(
    _ stream: CUstream?, _ count: UInt32, _ list: UnsafePointer<CUstreamBatchMemOpParams>?, _ flags: UInt32
) -> CUresult {
    cuStreamBatchMemOp_v2(stream, count, list, flags)
}
