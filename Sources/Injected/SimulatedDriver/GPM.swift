public import CNVML
import CSimulatedDriver

// Performance monitoring: what a GPU did between two samples. Hopper and later.

/// All that is counted of a GPU, at one moment.
private struct PerformanceSample {
    /// Microseconds of the monotonic clock; 0 before it was taken.
    var time: UInt64 = 0
    /// Per cent times microseconds.
    var work: UInt64 = 0
}

private func sample(_ handle: nvmlGpmSample_t?) -> UnsafeMutablePointer<PerformanceSample>? {
    handle.map { UnsafeMutablePointer<PerformanceSample>($0) }
}

extension GPU {
    fileprivate var isMonitored: Bool { state.pointee.architecture >= 9 }
}

@c public func nvmlGpmQueryDeviceSupport(
    _ device: nvmlDevice_t?, _ support: UnsafeMutablePointer<nvmlGpmSupport_t>?
) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, _ in
        guard let support else { return NVML_ERROR_INVALID_ARGUMENT }
        guard support.pointee.version == 1 else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        support.pointee.isSupportedDevice = gpu.isMonitored ? 1 : 0
        return NVML_SUCCESS
    }
}

@c public func nvmlGpmSampleAlloc(_ handle: UnsafeMutablePointer<nvmlGpmSample_t?>?) -> nvmlReturn_t {
    withMachine { _ in
        guard let handle else { return NVML_ERROR_INVALID_ARGUMENT }
        let created = UnsafeMutablePointer<PerformanceSample>.allocate(capacity: 1)
        created.initialize(to: PerformanceSample())
        handle.pointee = OpaquePointer(created)
        return NVML_SUCCESS
    }
}

@c public func nvmlGpmSampleFree(_ handle: nvmlGpmSample_t?) -> nvmlReturn_t {
    withMachine { _ in
        guard let sample = sample(handle) else { return NVML_ERROR_INVALID_ARGUMENT }
        sample.deallocate()
        return NVML_SUCCESS
    }
}

@c public func nvmlGpmSampleGet(_ device: nvmlDevice_t?, _ handle: nvmlGpmSample_t?) -> nvmlReturn_t {
    withDevice(device, #function) { gpu, _ in
        guard let sample = sample(handle) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.isMonitored else { return NVML_ERROR_NOT_SUPPORTED }
        sample.pointee = gpu.performanceSample
        return NVML_SUCCESS
    }
}

/// A sample of a GPU instance: of its GPU, because the load is not counted by parts.
@c public func nvmlGpmMigSampleGet(
    _ device: nvmlDevice_t?, _ gpuInstance: UInt32, _ handle: nvmlGpmSample_t?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let sample = sample(handle) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard gpu.isMonitored, gpu.isPartitioned else { return NVML_ERROR_NOT_SUPPORTED }
        let partition = model_load_64(&gpu.state.pointee.partition)
        guard model_gpu_instance_slot(gpu.state, partition, gpuInstance) < UInt32(MODEL_SLICE_SLOTS) else {
            return NVML_ERROR_NOT_FOUND
        }
        sample.pointee = gpu.performanceSample
        return NVML_SUCCESS
    }
}

extension GPU {
    fileprivate var performanceSample: PerformanceSample {
        dropDeadProcesses()
        guard mapped.isWritable else {
            // Nobody may move the books on from here: what was charged, and the load since.
            let since = model_load_64(&state.pointee.energyAt)
            let now = max(model_now(), since)
            let work = model_load_64(&state.pointee.work) + (now - since) * UInt64(model_gpu_load(model, number))
            return PerformanceSample(time: now, work: work)
        }
        model_charge_energy(model, number)
        return PerformanceSample(
            time: model_load_64(&state.pointee.energyAt), work: model_load_64(&state.pointee.work))
    }
}

/// Metrics between two samples. A GPU that runs kernels all the time is simulated with work for its multiprocessors and
/// memory in fixed proportion.
@c public func nvmlGpmMetricsGet(_ request: UnsafeMutablePointer<nvmlGpmMetricsGet_t>?) -> nvmlReturn_t {
    withMachine { _ in
        guard let request, let first = sample(request.pointee.sample1), let second = sample(request.pointee.sample2),
            request.pointee.numMetrics <= UInt32(NVML_GPM_METRIC_LIMIT)
        else { return NVML_ERROR_INVALID_ARGUMENT }
        guard request.pointee.version == 1 else { return NVML_ERROR_ARGUMENT_VERSION_MISMATCH }
        guard first.pointee.time > 0, second.pointee.time >= first.pointee.time else {
            return NVML_ERROR_INVALID_ARGUMENT
        }
        let time = max(1, second.pointee.time - first.pointee.time)
        let load = Double(second.pointee.work &- first.pointee.work) / Double(time)
        let metrics = UnsafeMutableRawPointer(request) + 24
        for index in 0..<Int(request.pointee.numMetrics) {
            fill(&metrics.assumingMemoryBound(to: nvmlGpmMetric_t.self)[index], load: load)
        }
        return NVML_SUCCESS
    }
}

private func fill(_ metric: inout nvmlGpmMetric_t, load: Double) {
    metric.shortName = nil
    metric.longName = nil
    metric.unit = nil
    metric.nvmlReturn = NVML_SUCCESS
    switch metric.metricId {
    case 1, 2: metric.value = load
    // Warps, tensor units, device memory, and floating point units of 32 bits.
    case 3: metric.value = load * 0.5
    case 5, 7: metric.value = load * 0.4
    case 10: metric.value = load * 0.6
    case 12: metric.value = load * 0.2
    case 4, 6, 8, 9, 11, 13: metric.value = 0
    // PCIe, sent and received, in mebibytes a second.
    case 20: metric.value = load * 3_000 / 1024
    case 21: metric.value = load * 9_000 / 1024
    // Decoders, JPEG engines, optical flow engines.
    case 30...37, 40...47, 50...51: metric.value = 0
    // NVLinks, all of them.
    case 60...63: metric.value = 0
    default:
        metric.value = 0
        metric.nvmlReturn = NVML_ERROR_NOT_SUPPORTED
    }
}
