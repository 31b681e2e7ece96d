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
            unsupported: { _, _, _, _, _ in Int32(NVML_ERROR_NOT_SUPPORTED.rawValue) },
            is_monitored: { device, isMonitored, _, _, _ in flag(1, of: device, isMonitored) },
            is_primary: { device, isPrimary, _, _, _ in flag(0, of: device, isPrimary) },
            reset: { count, devices, _, _, _ in reset(count, devices) },
            resets_together: { isNeeded, _, _, _, _ in
                guard let isNeeded = UnsafeMutablePointer<UInt32>(bitPattern: isNeeded) else {
                    return Int32(NVML_ERROR_INVALID_ARGUMENT.rawValue)
                }
                isNeeded.pointee = 0
                return Int32(NVML_SUCCESS.rawValue)
            },
            reset_group: { group, devices, count, _, _ in makeResetGroup(group, devices, count) },
            reset_group_members: { group, devices, count, _, _ in members(group, devices, count) },
            reset_group_end: { _, _, _, _, _ in Int32(NVML_SUCCESS.rawValue) },
            common_ancestor: { first, second, level, _, _ in commonAncestor(first, second, level) },
            handle_by_index: { index, device, _, _, _ in
                let device = UnsafeMutablePointer<nvmlDevice_t?>(bitPattern: device)
                return Int32(nvmlDeviceGetHandleByIndex(UInt32(truncatingIfNeeded: index), device).rawValue)
            },
            process_samples: { device, lastSeen, _, count, samples in sample(device, lastSeen, count, samples) },
            compute_processes: { device, count, entries, _, _ in list(device, count, entries, .compute) },
            served_processes: { device, count, entries, _, _ in list(device, count, entries, .served) },
            graphics_processes: { device, count, entries, _, _ in list(device, count, entries, .graphics) },
            set_compute_policy: { device, policy, _, _, _ in setComputePolicy(device, policy) },
            compute_policies: { device, policies, _, _, _ in computePolicies(device, policies) }))
    return NVML_SUCCESS
}

/// Sets the length of time slices, which is kept and told; it is published nowhere how long they are.
private func setComputePolicy(_ device: UInt, _ policy: UInt) -> Int32 {
    let result = change(OpaquePointer(bitPattern: device), call: "nvmlDeviceSetComputePolicy") { gpu in
        guard let policy = UnsafePointer<driver_compute_policy>(bitPattern: policy)?.pointee, policy.kind == 0,
            policy.value <= 3
        else { return NVML_ERROR_INVALID_ARGUMENT }
        guard !gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        model_store_32(model_time_slice(gpu.model, gpu.number), policy.value)
        return NVML_SUCCESS
    }
    return Int32(result.rawValue)
}

private func computePolicies(_ device: UInt, _ policies: UInt) -> Int32 {
    let result = withGPU(OpaquePointer(bitPattern: device), call: "nvmlDeviceGetComputePolicies") { gpu in
        guard let policies = UnsafeMutablePointer<driver_compute_policies>(bitPattern: policies) else {
            return NVML_ERROR_INVALID_ARGUMENT
        }
        guard !gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        policies.pointee.count = 1
        policies.pointee.first = driver_compute_policy(
            kind: 0, value: model_load_32(model_time_slice(gpu.model, gpu.number)))
        return NVML_SUCCESS
    }
    return Int32(result.rawValue)
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

/// One sample for each process. The tool takes the mean over all samples, so each tells its load times their number.
private func sample(_ device: UInt, _ lastSeen: UInt, _ count: UInt, _ samples: UInt) -> Int32 {
    let result = withGPU(OpaquePointer(bitPattern: device), call: "nvmlDeviceGetProcessUtilization") { gpu in
        guard let count = UnsafeMutablePointer<UInt32>(bitPattern: count),
            let samples = UnsafeMutablePointer<driver_process_sample>(bitPattern: samples)
        else { return NVML_ERROR_INVALID_ARGUMENT }
        guard !gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        let now = driver_wall_clock()
        var found: UInt32 = 0
        gpu.forEachProcess { process, _ in
            guard found < UInt32(DRIVER_PROCESS_SAMPLE_LIMIT) else { return }
            driver_fill_sample(
                samples + Int(found), now, model_owner_pid(process.owner), process.load, memoryLoad(process.load))
            found += 1
        }
        for index in 0..<Int(found) {
            samples[index].shares.0.percent *= found
            samples[index].shares.1.percent *= found
        }
        count.pointee = found
        return found == 0 ? NVML_ERROR_NOT_FOUND : NVML_SUCCESS
    }
    return Int32(result.rawValue)
}

/// Fills a list of processes with their names.
private func list(_ device: UInt, _ count: UInt, _ entries: UInt, _ kind: ProcessKind) -> Int32 {
    // What is ordered to fail for the public call fails here, too.
    let call: StaticString =
        switch kind {
        case .compute: "nvmlDeviceGetComputeRunningProcesses"
        case .served: "nvmlDeviceGetMPSComputeRunningProcesses"
        case .graphics: "nvmlDeviceGetGraphicsRunningProcesses"
        }
    let result = withDevice(OpaquePointer(bitPattern: device), call) { gpu, part in
        guard let count = UnsafeMutablePointer<UInt32>(bitPattern: count),
            let entries = UnsafeMutablePointer<driver_process_detail>(bitPattern: entries)
        else { return NVML_ERROR_INVALID_ARGUMENT }
        let room = count.pointee
        var found: UInt32 = 0
        gpu.forEachProcess(of: part) { process, place in
            guard ProcessKind(process, place) == kind else { return }
            if found < room {
                driver_fill_detail(
                    entries + Int(found), model_owner_pid(process.owner), gpu.mapped.told(process.memory),
                    place.gpuInstanceID, place.computeInstanceID)
            }
            found += 1
        }
        count.pointee = found
        return found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE
    }
    return Int32(result.rawValue)
}
