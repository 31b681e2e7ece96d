public import CSimulatedCUDA

// What is known of an address.

/// Writes an attribute; false when there is none of that number.
private func write(_ attribute: Int32, _ address: UInt64, _ range: Allocation, _ data: UnsafeMutableRawPointer) -> Bool
{
    let kind = Int(range.pointee.kind)
    let isHost = kind == MEMORY_HOST || kind == MEMORY_REGISTERED
    func put<Value>(_ value: Value) -> Bool {
        data.storeBytes(of: value, as: Value.self)
        return true
    }
    switch attribute {
    case 1: return put(range.pointee.context)
    case 2: return put(UInt32(isHost ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE))
    case 3: return put(address)
    case 4: return isHost || kind == MEMORY_MANAGED ? put(address) : false
    case 6: return put(UInt8(range.pointee.syncMemops))
    case 7, 20: return put(range.pointee.id)
    case 8: return put(UInt8(kind == MEMORY_MANAGED ? 1 : 0))
    case 9: return put(range.pointee.device)
    case 10: return put(UInt8(kind == MEMORY_PLAIN ? 1 : 0))
    case 11: return put(range.pointee.address)
    case 12: return put(range.pointee.size)
    case 13: return put(UInt8(1))
    case 14: return put(UInt64(range.pointee.physical.map { $0.pointee.prop.requestedHandleTypes } ?? 0))
    case 15: return put(UInt8(0))
    case 16: return put(UInt32(3))
    case 17: return put(range.pointee.pool)
    case 18: return put(range.pointee.chunk == nil ? range.pointee.mappedSize : Memory.block)
    case 19: return put(range.pointee.chunk?.pointee.address ?? range.pointee.address)
    default: return false
    }
}

@c public func cuPointerGetAttribute(
    _ data: UnsafeMutableRawPointer?, _ attribute: Int32, _ address: CUdeviceptr
) -> CUresult {
    withMemory(#function) {
        guard let data, let range = Ranges.find(address) else { return CUDA_ERROR_INVALID_VALUE }
        return write(attribute, address, range, data) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE
    }
}

/// Several at once. Of an address that the driver does not know they are all zeros.
@c public func cuPointerGetAttributes(
    _ count: UInt32, _ attributes: UnsafePointer<Int32>?, _ data: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ address: CUdeviceptr
) -> CUresult {
    withMemory(#function) {
        guard let attributes, let data else { return CUDA_ERROR_INVALID_VALUE }
        let range = Ranges.find(address)
        for index in 0..<Int(count) {
            guard let place = data[index] else { continue }
            if let range, write(attributes[index], address, range, place) { continue }
            switch attributes[index] {
            case 2, 16: place.storeBytes(of: 0, as: UInt32.self)
            case 6, 8, 10, 13, 15: place.storeBytes(of: 0, as: UInt8.self)
            case 9: place.storeBytes(of: -2, as: Int32.self)
            default: place.storeBytes(of: 0, as: UInt64.self)
            }
        }
        return CUDA_SUCCESS
    }
}

@c public func cuPointerSetAttribute(
    _ value: UnsafeRawPointer?, _ attribute: Int32, _ address: CUdeviceptr
) -> CUresult {
    withMemory(#function) {
        guard let value, attribute == 6, let range = Ranges.find(address) else { return CUDA_ERROR_INVALID_VALUE }
        range.pointee.syncMemops = value.load(as: UInt8.self) == 0 ? 0 : 1
        return CUDA_SUCCESS
    }
}
