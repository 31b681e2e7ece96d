import CLimiter
public import CLimiterView

// What tools in a container are told of a GPU's load: that of the container's part.

extension PartView {
    /// A load of the GPU as one of the container's part. Where containers take turns it is what this one has had; else
    /// the container has the GPU alone, and its part is the most that is shown of it.
    func scaled(_ percent: UInt32, isWhole: Bool) -> UInt32 {
        let milli = max(gpu.pointee.milli, 1)
        let had = gpu.pointee.had
        guard isWhole, had > 0, let limits = view_limits(), view_has_keeper(limits) else {
            return min(percent * 1000 / milli, 100)
        }
        return UInt32(min((had - 1) * 100 / UInt64(milli), 100))
    }
}

@c public func nvmlDeviceGetUtilizationRates(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<nvmlUtilization_t>?
) -> Int32 {
    let status = real_utilization(device, utilization)
    guard status == Int32(NVML_SUCCESS), let utilization, let view = PartView(of: device) else { return status }
    utilization.pointee.gpu = view.scaled(utilization.pointee.gpu, isWhole: true)
    return status
}

@c public func nvmlDeviceGetProcessUtilization(
    _ device: nvmlDevice_t?, _ samples: UnsafeMutablePointer<nvmlProcessUtilizationSample_t>?,
    _ count: UnsafeMutablePointer<UInt32>?, _ since: UInt64
) -> Int32 {
    let status = real_samples(device, samples, count, since)
    guard status == Int32(NVML_SUCCESS), let samples, let count, let own = OwnProcesses(of: device),
        let view = PartView(of: device)
    else { return status }
    var kept = 0
    for index in 0..<Int(count.pointee) where own.contains(samples[index].pid) {
        samples[kept] = samples[index]
        samples[kept].smUtil = view.scaled(samples[kept].smUtil, isWhole: false)
        kept += 1
    }
    count.pointee = UInt32(kept)
    return kept == 0 ? Int32(NVML_ERROR_NOT_FOUND) : status
}
