public import CSimulatedCUDA
import CSimulatedDriver

// Starting the driver, its version, its errors, and how programs find its functions.

@c public func cuInit(_ flags: UInt32) -> CUresult {
    guard flags == 0 else { return CUDA_ERROR_INVALID_VALUE }
    let status = Machine.start()
    return status == CUDA_SUCCESS ? notReady() ?? CUDA_SUCCESS : status
}

/// Works before `cuInit`, where there is a machine at all.
@c public func cuDriverGetVersion(_ version: UnsafeMutablePointer<Int32>?) -> CUresult {
    guard let version else { return CUDA_ERROR_INVALID_VALUE }
    let known = atomic_read_32(&process.pointee.state) == 1 ? model.pointee.cudaVersion : Machine.readVersion()
    guard known != 0 else { return CUDA_ERROR_NOT_INITIALIZED }
    version.pointee = Int32(known)
    return CUDA_SUCCESS
}

@c public func cuGetErrorName(
    _ error: CUresult, _ text: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> CUresult {
    guard let text else { return CUDA_ERROR_INVALID_VALUE }
    text.pointee = error_name(error)
    return text.pointee == nil ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS
}

@c public func cuGetErrorString(
    _ error: CUresult, _ text: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> CUresult {
    guard let text else { return CUDA_ERROR_INVALID_VALUE }
    text.pointee = error_text(error)
    return text.pointee == nil ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS
}

// MARK: Functions by name

@c public func cuGetProcAddress(
    _ name: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<UnsafeRawPointer?>?, _ version: Int32, _ flags: UInt64
) -> CUresult {
    cuGetProcAddress2(name, result, version, flags, nil)
}

/// Finds what a name means for a program that was built for a version of CUDA: with the flag for it, the form whose
/// default stream is the thread's own.
@c(cuGetProcAddress_v2) public func cuGetProcAddress2(
    _ name: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<UnsafeRawPointer?>?, _ version: Int32,
    _ flags: UInt64, _ status: UnsafeMutablePointer<Int32>?
) -> CUresult {
    guard let name, let result, flags <= 2 else { return CUDA_ERROR_INVALID_VALUE }
    let wantsOwn = flags & UInt64(CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) != 0
    let newest = Machine.readVersion()
    let isEmpty = name.pointee == 0
    var isKnown = false
    var found: UnsafePointer<EntryPoint>?
    var index = isEmpty ? driver_entry_count : Entries.first(name)
    while index < driver_entry_count, let entry = driver_entry(index), strcmp(entry.pointee.name, name) == 0 {
        index += 1
        guard newest == 0 || entry.pointee.version <= newest else { continue }
        isKnown = true
        guard entry.pointee.version <= UInt32(max(version, 0)) else { continue }
        // A function without a form of its own is the same for all; one with such a form comes in pairs.
        guard entry.pointee.isPerThread == 0 || wantsOwn else { continue }
        found = entry
    }
    result.pointee = found?.pointee.address
    guard found == nil else {
        status?.pointee = Int32(CU_GET_PROC_ADDRESS_SUCCESS)
        return CUDA_SUCCESS
    }
    status?.pointee = Int32(
        isKnown ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND)
    // The second version tells it by the status alone.
    return status == nil ? CUDA_ERROR_NOT_FOUND : CUDA_SUCCESS
}

enum Entries {
    /// The first row of that name, or the end of the table.
    static func first(_ name: UnsafePointer<CChar>) -> UInt32 {
        var low: UInt32 = 0
        var high = driver_entry_count
        while low < high {
            let middle = (low + high) / 2
            if strcmp(driver_entry(middle).pointee.name, name) < 0 { low = middle + 1 } else { high = middle }
        }
        return low < driver_entry_count && strcmp(driver_entry(low).pointee.name, name) == 0 ? low : driver_entry_count
    }
}

/// Tables of functions without names belong to NVIDIA's own libraries; there is none here.
@c public func cuGetExportTable(
    _ table: UnsafeMutablePointer<UnsafeRawPointer?>?, _ id: UnsafePointer<CUuuid>?
) -> CUresult {
    guard let table, id != nil else { return CUDA_ERROR_INVALID_VALUE }
    table.pointee = nil
    return CUDA_ERROR_NOT_FOUND
}

// MARK: Profilers have nothing to switch on

@c public func cuProfilerStart() -> CUresult { withContext { _ in CUDA_SUCCESS } }
@c public func cuProfilerStop() -> CUresult { withContext { _ in CUDA_SUCCESS } }
