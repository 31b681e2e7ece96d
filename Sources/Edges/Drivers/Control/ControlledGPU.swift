import CNVML
import Engine
import Fleet

/// One GPU within one job that changes it.
struct ControlledGPU {
    let device: NVMLDevice
    let gpu: GPUID
    let driverVersion: String

    private var calls: NVMLCalls { device.calls }
    private var symbols: NVMLSymbols { device.calls.nvml.symbols }

    /// `nvmlDeviceGetMemoryLimits_v1`, which anybody may call.
    func memoryLimits(ofCgroup cgroup: String) throws(DriverControlError) -> MemoryLimitReading {
        try refuseMIG()
        do throws(NVMLError) {
            let found = try calls.read(symbols.memoryLimits, into: nvmlGetMemoryLimits_v1_t()) { function, limits in
                cgroup.withCString {
                    limits.pointee.nameSpace = $0
                    return function(device.handle, limits)
                }
            }
            return MemoryLimitReading(
                limits: MemoryLimits(
                    // A reservation without end is none: it would have to be below the hard limit.
                    soft: found.softLimit == .max ? .zero : Bytes(clamping: found.softLimit),
                    hard: found.hardLimit == .max ? nil : Bytes(clamping: found.hardLimit)),
                used: Bytes(clamping: found.currentUsed))
        } catch {
            throw limitError(error, cgroup)
        }
    }

    /// `nvmlDeviceSetMemoryLimits_v1`, which only root may call.
    func setMemoryLimits(_ limits: MemoryLimits, ofCgroup cgroup: String) throws(DriverControlError) {
        try refuseMIG()
        do throws(NVMLError) {
            try calls.call(symbols.setMemoryLimits) { function in
                cgroup.withCString {
                    var wanted = nvmlSetMemoryLimits_v1_t(
                        nameSpace: $0, softLimit: UInt64(clamping: limits.soft.count),
                        hardLimit: limits.hard.map { UInt64(clamping: $0.count) } ?? .max)
                    return function(device.handle, &wanted)
                }
            }
        } catch {
            throw limitError(error, cgroup)
        }
    }

    func computeMode() throws(DriverControlError) -> ComputeMode {
        do throws(NVMLError) {
            let mode = try calls.read(symbols.computeMode, into: nvmlComputeMode_t(0)) { $0(device.handle, $1) }
            // Since CUDA 8 one thread is one process.
            return ComputeMode(rawValue: mode.rawValue) ?? .exclusiveProcess
        } catch {
            throw modeError(error)
        }
    }

    func setComputeMode(_ mode: ComputeMode) throws(DriverControlError) {
        do throws(NVMLError) {
            try calls.call(symbols.setComputeMode) { $0(device.handle, nvmlComputeMode_t(mode.rawValue)) }
        } catch {
            throw modeError(error)
        }
    }

    /// The driver knows no limits there; asked for one all the same, it might take it for the whole GPU's.
    private func refuseMIG() throws(DriverControlError) {
        let isSlice = gpu.rawValue.hasPrefix("MIG-")
        guard isSlice || (try? device.mig()) == .on else { return }
        throw .unsupported(
            "GPU \(gpu) \(isSlice ? "is a MIG slice" : "is in MIG mode"), where the driver has no memory limits for "
                + "cgroups; the slices themselves limit memory")
    }

    private func limitError(_ error: NVMLError, _ cgroup: String) -> DriverControlError {
        if error.isAny(of: NVML_ERROR_FUNCTION_NOT_FOUND) {
            return .unsupported("driver \(driverVersion) has no memory limits for cgroups; 615 and newer have")
        }
        if error.isAny(of: NVML_ERROR_NOT_SUPPORTED) {
            return .unsupported("the driver has no memory limits for cgroups on GPU \(gpu): \(error)")
        }
        if error.isAny(of: NVML_ERROR_NO_PERMISSION) {
            return .noPermission("only root may set the driver's memory limits: \(error)")
        }
        return error.isAny(of: NVML_ERROR_NOT_FOUND) ? .unknownCgroup(cgroup) : .failed("\(error)")
    }

    private func modeError(_ error: NVMLError) -> DriverControlError {
        if error.isAny(of: NVML_ERROR_NO_PERMISSION) {
            return .noPermission("only root may set a GPU's compute mode: \(error)")
        }
        if error.isAny(of: NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_FUNCTION_NOT_FOUND) {
            return .unsupported("GPU \(gpu) has no compute modes: \(error)")
        }
        return .failed("\(error)")
    }
}
