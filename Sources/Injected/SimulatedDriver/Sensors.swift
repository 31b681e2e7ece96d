public import CNVML
import CSimulatedDriver

// What a GPU measures. Everything follows from the load: the time in which a kernel runs.

extension GPU {
    /// Per cent, of all processes together.
    var load: UInt32 {
        dropDeadProcesses()
        return model_gpu_load(model, number)
    }

    /// A slow back and forth from -20 to 20, different for each GPU: real sensors do not stand still.
    fileprivate var unrest: Int {
        let step = Int((model_now() / 97_000 + UInt64(number) * 37) % 80)
        return step < 40 ? step - 20 : 60 - step
    }

    /// NVML's mask of why somebody wants the clocks held down.
    var throttle: UInt64 { model_load_64(&state.pointee.throttle) }

    /// Milliwatts, between idle and the limit.
    var power: UInt32 {
        let mean = Int(model_power(state, throttle & NVML_CLOCKS_REASON_HW_POWER_BRAKE != 0 ? load / 2 : load))
        let limit = max(Int(model_load_32(&state.pointee.powerLimit)), Int(state.pointee.powerIdle))
        return UInt32(min(limit, max(Int(state.pointee.powerIdle), mean + mean * unrest / 1000)))
    }

    /// Microjoules since the machine was made; never falls.
    var energy: UInt64 {
        dropDeadProcesses()
        if mapped.isWritable { model_charge_energy(model, number) }
        return model_load_64(&state.pointee.energy)
    }

    var temperature: UInt32 {
        let isHot = throttle & (NVML_CLOCKS_REASON_SW_THERMAL | NVML_CLOCKS_REASON_HW_THERMAL) != 0
        if isHot { return state.pointee.temperatureSlowdown }
        let (idle, busy) = (Int(state.pointee.temperatureIdle), Int(state.pointee.temperatureBusy))
        return UInt32(max(0, idle + (busy - idle) * Int(load) / 100 + unrest / 12))
    }

    func clock(_ kind: nvmlClockType_t, of clocks: ModelClocks) -> UInt32? {
        switch kind {
        case NVML_CLOCK_GRAPHICS: clocks.graphics
        case NVML_CLOCK_SM: clocks.sm
        case NVML_CLOCK_MEM: clocks.memory
        case NVML_CLOCK_VIDEO: clocks.video
        default: nil
        }
    }
}

/// Per cent of the time in which memory is read or written, for a load.
func memoryLoad(_ load: UInt32) -> UInt32 { load * 3 / 5 }

@c public func nvmlDeviceGetUtilizationRates(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<nvmlUtilization_t>?
) -> nvmlReturn_t {
    answer(device, utilization) { gpu in
        // In MIG mode the driver has no such number.
        guard !gpu.isPartitioned else { return nil }
        let load = gpu.load
        return nvmlUtilization_t(gpu: load, memory: memoryLoad(load))
    }
}

/// Nothing is encoded or decoded; the sampling period is the driver's sixth of a second.
private func videoLoad(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<UInt32>?, _ period: UnsafeMutablePointer<UInt32>?,
    call: StaticString = #function
) -> nvmlReturn_t {
    withGPU(device, call: call) { _ in
        guard let utilization, let period else { return NVML_ERROR_INVALID_ARGUMENT }
        utilization.pointee = 0
        period.pointee = 167_000
        return NVML_SUCCESS
    }
}

@c public func nvmlDeviceGetEncoderUtilization(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<UInt32>?, _ period: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    videoLoad(device, utilization, period)
}

@c public func nvmlDeviceGetDecoderUtilization(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<UInt32>?, _ period: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    videoLoad(device, utilization, period)
}

@c public func nvmlDeviceGetJpgUtilization(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<UInt32>?, _ period: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    videoLoad(device, utilization, period)
}

@c public func nvmlDeviceGetOfaUtilization(
    _ device: nvmlDevice_t?, _ utilization: UnsafeMutablePointer<UInt32>?, _ period: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    videoLoad(device, utilization, period)
}

@c public func nvmlDeviceGetPowerUsage(
    _ device: nvmlDevice_t?, _ power: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, power) { $0.power }
}

@c public func nvmlDeviceGetTotalEnergyConsumption(
    _ device: nvmlDevice_t?, _ energy: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answer(device, energy) { $0.energy / 1000 }
}

@c public func nvmlDeviceGetTemperature(
    _ device: nvmlDevice_t?, _ sensor: nvmlTemperatureSensors_t, _ temperature: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, temperature) { sensor == NVML_TEMPERATURE_GPU ? $0.temperature : nil }
}

@c public func nvmlDeviceGetTemperatureThreshold(
    _ device: nvmlDevice_t?, _ kind: nvmlTemperatureThresholds_t, _ temperature: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, temperature) { gpu in
        let threshold: UInt32 =
            switch kind {
            case NVML_TEMPERATURE_THRESHOLD_SHUTDOWN: gpu.state.pointee.temperatureShutdown
            case NVML_TEMPERATURE_THRESHOLD_SLOWDOWN: gpu.state.pointee.temperatureSlowdown
            case NVML_TEMPERATURE_THRESHOLD_MEM_MAX: gpu.state.pointee.temperatureMemoryMax
            case NVML_TEMPERATURE_THRESHOLD_GPU_MAX: gpu.state.pointee.temperatureGPUMax
            default: 0
            }
        return threshold > 0 ? threshold : nil
    }
}

/// Per cent; boards that the server's fans cool have none.
@c public func nvmlDeviceGetFanSpeed(_ device: nvmlDevice_t?, _ speed: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, speed) { gpu in
        guard gpu.state.pointee.fans > 0 else { return nil }
        // Still until 50 degrees, then in a straight line.
        let temperature = gpu.temperature
        return temperature < 50 ? 0 : min(100, 30 + (temperature - 50) * 2)
    }
}

@c(nvmlDeviceGetFanSpeed_v2) public func nvmlDeviceGetFanSpeed2(
    _ device: nvmlDevice_t?, _ fan: UInt32, _ speed: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard gpu.state.pointee.fans > 0 else { return NVML_ERROR_NOT_SUPPORTED }
        guard fan < gpu.state.pointee.fans else { return NVML_ERROR_INVALID_ARGUMENT }
        return nvmlDeviceGetFanSpeed(device, speed)
    }
}

@c public func nvmlDeviceGetNumFans(_ device: nvmlDevice_t?, _ count: UnsafeMutablePointer<UInt32>?) -> nvmlReturn_t {
    answer(device, count) { $0.state.pointee.fans }
}

@c public func nvmlDeviceGetClockInfo(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ frequency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, frequency) { gpu in
        guard let idle = gpu.clock(kind, of: gpu.state.pointee.clocksIdle),
            let most = gpu.clock(kind, of: gpu.state.pointee.clocksMax)
        else { return nil }
        guard gpu.load > 0 else { return idle }
        guard kind != NVML_CLOCK_MEM else { return most }
        // Held down to a half, but never below what an idle GPU has.
        let held = gpu.throttle != 0 ? max(idle, most / 2) : most
        let locked = model_load_32(&gpu.state.pointee.lockedClockMax)
        return locked > 0 && kind != NVML_CLOCK_VIDEO ? min(held, locked) : held
    }
}

@c public func nvmlDeviceGetMaxClockInfo(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ frequency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, frequency) { $0.clock(kind, of: $0.state.pointee.clocksMax) }
}

/// A clock by its meaning: current (0), application's target (1) and default (2), or the customer's highest (3).
@c public func nvmlDeviceGetClock(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ meaning: UInt32, _ frequency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    meaning == 0 ? nvmlDeviceGetClockInfo(device, kind, frequency) : nvmlDeviceGetMaxClockInfo(device, kind, frequency)
}

@c public func nvmlDeviceGetApplicationsClock(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ frequency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetMaxClockInfo(device, kind, frequency)
}

@c public func nvmlDeviceGetDefaultApplicationsClock(
    _ device: nvmlDevice_t?, _ kind: nvmlClockType_t, _ frequency: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetMaxClockInfo(device, kind, frequency)
}

@c public func nvmlDeviceGetPerformanceState(
    _ device: nvmlDevice_t?, _ performanceState: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, performanceState) { $0.load == 0 ? $0.state.pointee.idlePerformanceState : 0 }
}

@c public func nvmlDeviceGetPowerState(
    _ device: nvmlDevice_t?, _ performanceState: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    nvmlDeviceGetPerformanceState(device, performanceState)
}

@c public func nvmlDeviceGetCurrentClocksThrottleReasons(
    _ device: nvmlDevice_t?, _ reasons: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answer(device, reasons) { gpu in
        let ordered = gpu.throttle
        guard ordered == 0 else { return ordered }
        return switch gpu.load {
        case 0: NVML_CLOCKS_REASON_IDLE
        case 98...: NVML_CLOCKS_REASON_SW_POWER_CAP
        default: 0
        }
    }
}

@c public func nvmlDeviceGetCurrentClocksEventReasons(
    _ device: nvmlDevice_t?, _ reasons: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    nvmlDeviceGetCurrentClocksThrottleReasons(device, reasons)
}

@c public func nvmlDeviceGetSupportedClocksThrottleReasons(
    _ device: nvmlDevice_t?, _ reasons: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answer(device, reasons) { _ in 0x1FF }
}

@c public func nvmlDeviceGetSupportedClocksEventReasons(
    _ device: nvmlDevice_t?, _ reasons: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    nvmlDeviceGetSupportedClocksThrottleReasons(device, reasons)
}

/// Kilobytes per second over PCIe, for direction 0 (sent) and 1 (received): a hundredth of memory traffic or so.
@c public func nvmlDeviceGetPcieThroughput(
    _ device: nvmlDevice_t?, _ direction: UInt32, _ rate: UnsafeMutablePointer<UInt32>?
) -> nvmlReturn_t {
    answer(device, rate) { gpu in
        guard direction < 2 else { return nil }
        return gpu.load * (direction == 0 ? 3_000 : 9_000)
    }
}
