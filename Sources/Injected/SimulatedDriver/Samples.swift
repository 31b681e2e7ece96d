public import CNVML
import CSimulatedDriver

// What a GPU measured lately, and for how long something held it down.

/// One sample, taken now: the driver of a simulated GPU keeps no others.
@c public func nvmlDeviceGetSamples(
    _ device: nvmlDevice_t?, _ kind: UInt32, _ lastSeen: UInt64, _ type: UnsafeMutablePointer<nvmlValueType_t>?,
    _ count: UnsafeMutablePointer<UInt32>?, _ samples: UnsafeMutablePointer<nvmlSample_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let type, let count else { return NVML_ERROR_INVALID_ARGUMENT }
        guard let value = gpu.sample(kind) else { return NVML_ERROR_NOT_SUPPORTED }
        type.pointee = NVML_VALUE_TYPE_UNSIGNED_INT
        let now = driver_wall_clock()
        guard now > lastSeen else { return NVML_ERROR_NOT_FOUND }
        if let samples {
            guard count.pointee > 0 else { return NVML_ERROR_INSUFFICIENT_SIZE }
            samples.pointee.timeStamp = now
            samples.pointee.sampleValue.ullVal = 0
            samples.pointee.sampleValue.uiVal = value
        }
        count.pointee = 1
        return NVML_SUCCESS
    }
}

extension GPU {
    /// Power, load of the multiprocessors, memory, encoders and decoders, clocks, and so on.
    fileprivate func sample(_ kind: UInt32) -> UInt32? {
        switch kind {
        case 0: return power
        case 1, 2:
            guard !isPartitioned else { return nil }
            return kind == 1 ? load : memoryLoad(load)
        case 3, 4: return 0
        case 8, 9: return mapped.knows(550) ? 0 : nil
        case 5, 6:
            var frequency: UInt32 = 0
            let clock = kind == 5 ? NVML_CLOCK_SM : NVML_CLOCK_MEM
            return nvmlDeviceGetClockInfo(handle, clock, &frequency) == NVML_SUCCESS ? frequency : nil
        default: return nil
        }
    }
}

/// For how long power (0), heat (1) and so on held the clocks down; a simulated GPU keeps no account of it.
@c public func nvmlDeviceGetViolationStatus(
    _ device: nvmlDevice_t?, _ policy: UInt32, _ time: UnsafeMutablePointer<nvmlViolationTime_t>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let time, policy <= 5 || policy == 10 || policy == 11 else { return NVML_ERROR_INVALID_ARGUMENT }
        time.pointee = nvmlViolationTime_t(referenceTime: driver_wall_clock(), violationTime: 0)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetTemperatureV(
    _ device: nvmlDevice_t?, _ temperature: UnsafeMutablePointer<nvmlTemperature_v1_t>?
) -> nvmlReturn_t {
    withGPU(device, since: 570) { gpu in
        guard let temperature else { return NVML_ERROR_INVALID_ARGUMENT }
        guard temperature.pointee.version == structVersion(nvmlTemperature_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        guard temperature.pointee.sensorType == NVML_TEMPERATURE_GPU else { return NVML_ERROR_INVALID_ARGUMENT }
        temperature.pointee.temperature = Int32(gpu.temperature)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetMarginTemperature(
    _ device: nvmlDevice_t?, _ margin: UnsafeMutablePointer<nvmlMarginTemperature_v1_t>?
) -> nvmlReturn_t {
    withGPU(device, since: 570) { gpu in
        guard let margin else { return NVML_ERROR_INVALID_ARGUMENT }
        guard margin.pointee.version == structVersion(nvmlMarginTemperature_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        guard gpu.state.pointee.architecture >= 8 else { return NVML_ERROR_NOT_SUPPORTED }
        margin.pointee.marginTemperature = Int32(gpu.state.pointee.temperatureGPUMax) - Int32(gpu.temperature)
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetFanSpeedRPM(
    _ device: nvmlDevice_t?, _ info: UnsafeMutablePointer<nvmlFanSpeedInfo_v1_t>?
) -> nvmlReturn_t {
    withGPU(device, since: 570) { gpu in
        guard let info else { return NVML_ERROR_INVALID_ARGUMENT }
        guard info.pointee.version == structVersion(nvmlFanSpeedInfo_v1_t.self, 1) else {
            return NVML_ERROR_ARGUMENT_VERSION_MISMATCH
        }
        var percent: UInt32 = 0
        let result = nvmlDeviceGetFanSpeed2(device, info.pointee.fan, &percent)
        guard result == NVML_SUCCESS else { return result }
        info.pointee.speed = percent * 30
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetMinMaxFanSpeed(
    _ device: nvmlDevice_t?, _ least: UnsafeMutablePointer<UInt32>?, _ most: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answerMode(device, least, most) { $0.state.pointee.fans > 0 ? (30, 100) : nil }
}

@c public func nvmlDeviceGetTargetFanSpeed(
    _ device: nvmlDevice_t?, _ fan: UInt32, _ speed: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetFanSpeed2(device, fan, speed)
}

/// Nothing is encoded.
@c public func nvmlDeviceGetEncoderStats(
    _ device: nvmlDevice_t?, _ sessions: UnsafeMutablePointer<UInt32>?, _ rate: UnsafeMutablePointer<UInt32>?,
    _ latency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let sessions, let rate, let latency else { return NVML_ERROR_INVALID_ARGUMENT }
        sessions.pointee = 0
        rate.pointee = 0
        latency.pointee = 0
        return NVML_SUCCESS
    }
}

/// No screen is captured.
@c public func nvmlDeviceGetFBCStats(
    _ device: nvmlDevice_t?, _ stats: UnsafeMutablePointer<nvmlFBCStats_t>?
) -> nvmlReturn_t {
    answer(device, stats) { _ in nvmlFBCStats_t(sessionsCount: 0, averageFPS: 0, averageLatency: 0) }
}
