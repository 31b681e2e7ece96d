public import CNVML
import CSimulatedDriver

// The driver's private interface, as far as its own command line tool needs it.

/// `6c3efec4-8fc9-4e6c-a327-ee696e12f7c4`, in the order of its bytes in memory.
private let toolInterface: InlineArray<16, UInt8> = [
    0xC4, 0xFE, 0x3E, 0x6C, 0xC9, 0x8F, 0x6C, 0x4E, 0xA3, 0x27, 0xEE, 0x69, 0x6E, 0x12, 0xF7, 0xC4,
]

/// Hands out a table of private functions by its number.
///
/// `nvidia-smi` 535.261.03 asks for one table and takes GPU handles, paths and lists of processes from it. All other
/// functions of the table answer that they are not supported, which the tool shows as `N/A`.
@c public func nvmlInternalGetExportTable(
    _ table: UnsafeMutablePointer<UnsafeRawPointer?>?, _ interface: UnsafeRawPointer?
) -> nvmlReturn_t {
    guard let table, let interface else { return NVML_ERROR_INVALID_ARGUMENT }
    var wanted = toolInterface
    guard memcmp(interface, &wanted, 16) == 0 else { return NVML_ERROR_NOT_FOUND }
    table.pointee = driver_export_table(
        driver_private_functions(
            unsupported: { _, _, _ in Int32(NVML_ERROR_NOT_SUPPORTED.rawValue) },
            common_ancestor: commonAncestor,
            handle_by_index: { index, device, _ in
                let device = UnsafeMutablePointer<nvmlDevice_t?>(bitPattern: device)
                return Int32(nvmlDeviceGetHandleByIndex(UInt32(truncatingIfNeeded: index), device).rawValue)
            },
            compute_processes: { device, count, entries in list(device, count, entries) { $0.graphics == 0 } },
            served_processes: { device, count, entries in list(device, count, entries) { _ in false } },
            graphics_processes: { device, count, entries in list(device, count, entries) { $0.graphics != 0 } }))
    return NVML_SUCCESS
}

/// The topology level between two PCI devices, numbered from 0 (one switch) to 4 (system) here; what is not one of our
/// GPUs is far from all of them.
private func commonAncestor(_ first: UInt, _ second: UInt, _ level: UInt) -> Int32 {
    guard Driver.current != nil else { return Int32(NVML_ERROR_UNINITIALIZED.rawValue) }
    guard let first = UnsafePointer<CChar>(bitPattern: first), let second = UnsafePointer<CChar>(bitPattern: second),
        let level = UnsafeMutablePointer<UInt32>(bitPattern: level)
    else { return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue) }
    level.pointee = 4
    if let first = gpu(at: first), let second = gpu(at: second), first.number != second.number {
        level.pointee = UInt32(first.path(to: second).level) / 10 - 1
    }
    return Int32(NVML_SUCCESS.rawValue)
}

private func gpu(at text: UnsafePointer<CChar>) -> GPU? {
    guard let address = readPCIAddress(text) else { return nil }
    for index in 0..<Driver.gpuCount {
        guard let gpu = Driver.gpu(at: index) else { continue }
        if gpu.isAt(address) { return gpu }
    }
    return nil
}

/// Fills a list of processes with their names.
private func list(
    _ device: UInt, _ count: UInt, _ entries: UInt, where belongs: (ModelProcess) -> Bool
) -> Int32 {
    let result = withGPU(OpaquePointer(bitPattern: device)) { gpu in
        guard let count = UnsafeMutablePointer<UInt32>(bitPattern: count),
            let entries = UnsafeMutablePointer<driver_process_detail>(bitPattern: entries)
        else { return NVML_ERROR_INVALID_ARGUMENT }
        let room = count.pointee
        var found: UInt32 = 0
        gpu.forEachProcess { process in
            guard belongs(process) else { return }
            if found < room {
                let pid = model_owner_pid(process.owner)
                driver_fill_detail(entries + Int(found), pid, process.memory, NVML_NO_INSTANCE)
            }
            found += 1
        }
        count.pointee = found
        return found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
    return Int32(result.rawValue)
}
