public import CNVML
import CSimulatedDriver

// Memory limits of cgroups (driver 615): set here, kept by the simulated CUDA driver.

/// Sets how much of a GPU's memory the processes of a cgroup may hold: beyond the soft limit they are asked to give
/// some back, beyond the hard one they get no more. `UINT64_MAX` is no limit.
@c(nvmlDeviceSetMemoryLimits_v1) public func nvmlDeviceSetMemoryLimits1(
    _ device: nvmlDevice_t?, _ limits: UnsafeMutablePointer<nvmlSetMemoryLimits_v1_t>?
) -> nvmlReturn_t {
    change(device, since: 615) { gpu in
        guard let limits = limits?.pointee, let path = limits.nameSpace, limits.softLimit <= limits.hardLimit else {
            return NVML_ERROR_INVALID_ARGUMENT
        }
        let cgroup = cgroup_counted_at(path)
        guard cgroup != 0 else { return NVML_ERROR_NOT_FOUND }
        guard model_write_limit(gpu.model, gpu.number, cgroup, limits.softLimit, limits.hardLimit) else {
            return NVML_ERROR_INSUFFICIENT_RESOURCES
        }
        return NVML_SUCCESS
    }
}

/// The limits of a cgroup, and what its processes hold now. One without limits has none of either kind.
@c(nvmlDeviceGetMemoryLimits_v1) public func nvmlDeviceGetMemoryLimits1(
    _ device: nvmlDevice_t?, _ limits: UnsafeMutablePointer<nvmlGetMemoryLimits_v1_t>?
) -> nvmlReturn_t {
    withGPU(device, since: 615) { gpu in
        guard let limits, let path = limits.pointee.nameSpace else { return NVML_ERROR_INVALID_ARGUMENT }
        let cgroup = cgroup_counted_at(path)
        guard cgroup != 0 else { return NVML_ERROR_NOT_FOUND }
        var found = ModelMemoryLimit()
        let isLimited = model_read_limit(gpu.model, gpu.number, cgroup, &found)
        limits.pointee.softLimit = isLimited ? found.soft : 0
        limits.pointee.hardLimit = isLimited ? found.hard : .max
        limits.pointee.currentUsed = gpu.memory(ofCgroup: cgroup)
        return NVML_SUCCESS
    }
}

extension GPU {
    /// Bytes that the processes of a cgroup, and of those below it, hold.
    fileprivate func memory(ofCgroup cgroup: UInt64) -> UInt64 {
        var bytes: UInt64 = 0
        var numbers = InlineArray<32, UInt64>(repeating: 0)
        forEachProcess { process, _ in
            withUnsafeMutablePointer(to: &numbers) { list in
                let list = UnsafeMutableRawPointer(list).assumingMemoryBound(to: UInt64.self)
                let count = cgroups_of_process(model_owner_pid(process.owner), list, 32)
                for index in 0..<Int(count) where list[index] == cgroup { bytes += process.memory }
            }
        }
        return bytes
    }
}
