import CNVML
import Fleet

/// What one look at one GPU found.
struct GPULook: Sendable {
    private(set) var facts: GPUFacts
    private(set) var health = Health.healthy
    private(set) var reading = GPUReading()
    /// Memory by pid, nil where the driver does not tell it.
    private(set) var processes: [Int32: Bytes?] = [:]
    /// The same for each MIG device that processes run on, by its UUID.
    private(set) var sliceProcesses: [String: [Int32: Bytes?]] = [:]
    /// How busy processes kept the GPU in the last two seconds, in per cent by pid; nil where the driver does not tell.
    private(set) var busyPercents: [Int32: Int]?

    /// Looks at the GPU at `index` of the driver's list.
    ///
    /// - Parameters:
    ///   - known: what earlier looks found, by UUID.
    ///   - capabilities: who may use which MIG device.
    /// - Throws: why it cannot even be said which GPU that is.
    init(
        at index: Int, calls: NVMLCalls, known: [String: GPUFacts], capabilities: MIGCapabilities
    ) throws(NVMLError) {
        let device = try calls.device(at: index)
        let uuid = try device.uuid()
        let before = known[uuid]
        do {
            let mig = try device.mig()
            if let before, before.gpu.mig == mig, before.gpu.index == index {
                facts = before
            } else {
                facts = try GPUFacts(of: device, uuid: uuid, index: index, mig: mig)
            }
        } catch {
            guard let before else { throw error }
            facts = before
            note(error, isEssential: true)
            return
        }
        readEssentials(device)
        if facts.gpu.mig == .on { readSlices(device, capabilities) }
        readSensors(device)
    }

    /// Asks what the GPU is cut into, and the parts who runs on them; where that cannot be told, what was there before
    /// is still there.
    private mutating func readSlices(_ device: NVMLDevice, _ capabilities: MIGCapabilities) {
        let before = facts.gpu.slices ?? []
        let gpu = facts.gpu
        let look = sensor(isEssential: true) { () throws(NVMLError) in
            try SliceLook(of: device, gpu, known: before, capabilities)
        }
        facts = facts.with(slices: look?.slices ?? before)
        guard let look else { return }
        for (slice, found) in zip(look.slices, look.processes) where !found.isEmpty {
            sliceProcesses[slice.uuid] = found
            // The whole GPU's list tells of the same processes.
            for pid in found.keys { processes[pid] = nil }
        }
    }

    /// Takes notice of what an error says about the GPU as a whole.
    private mutating func note(_ error: NVMLError, isEssential: Bool) {
        if error.isAny(of: NVML_ERROR_GPU_IS_LOST) {
            health = .lost(reason: "\(error)")
        } else if health.isHealthy, isEssential || error.isAny(of: NVML_ERROR_RESET_REQUIRED) {
            health = .unhealthy(reason: "\(error)")
        }
    }

    private var isGone: Bool { if case .lost = health { true } else { false } }

    /// One reading; nil when there is none, and nothing is asked of a GPU that is gone.
    private mutating func sensor<Value>(
        isEssential: Bool = false, _ read: () throws(NVMLError) -> Value
    ) -> Value? {
        guard !isGone else { return nil }
        do {
            return try read()
        } catch {
            note(error, isEssential: isEssential)
            return nil
        }
    }

    /// What must work for a GPU to be of use.
    private mutating func readEssentials(_ device: NVMLDevice) {
        let memory = sensor(isEssential: true) { () throws(NVMLError) in try device.memory() }
        reading.memoryUsed = memory?.used
        processes = sensor { () throws(NVMLError) in try device.processes() } ?? [:]
        if !processes.isEmpty {
            let since = HostClock.microseconds - 2_000_000
            busyPercents = sensor { () throws(NVMLError) in try device.processUtilisation(since: since) }
        }
        let rowsAreBad = sensor { () throws(NVMLError) in try device.hasRowsThatCannotBeRemapped() }
        let action = sensor { () throws(NVMLError) in try device.recoveryAction() } ?? nil
        guard health.isHealthy else { return }
        if rowsAreBad == true {
            health = .unhealthy(reason: "bad memory rows could not be replaced by spare ones")
        } else if let action {
            health = .unhealthy(reason: action)
        }
    }

    private mutating func readSensors(_ device: NVMLDevice) {
        let utilisation = sensor { () throws(NVMLError) in try device.utilisation() }
        reading.utilisationPercent = utilisation?.compute
        reading.memoryUtilisationPercent = utilisation?.memory
        reading.powerMilliwatts = sensor { () throws(NVMLError) in try device.power() }.map(Int64.init)
        reading.powerLimitMilliwatts = sensor { () throws(NVMLError) in try device.powerLimit() }.map(Int64.init)
        reading.energyMillijoules = sensor { () throws(NVMLError) in try device.energy() }
        reading.temperatureCelsius = sensor { () throws(NVMLError) in try device.temperature() }
        reading.fanPercent = sensor { () throws(NVMLError) in try device.fan() }
        reading.smClockMegahertz = sensor { () throws(NVMLError) in try device.clock(NVML_CLOCK_SM) }
        reading.memoryClockMegahertz = sensor { () throws(NVMLError) in try device.clock(NVML_CLOCK_MEM) }
        reading.eccCorrected = sensor { () throws(NVMLError) in try device.eccErrors(NVML_MEMORY_ERROR_TYPE_CORRECTED) }
        reading.eccUncorrected = sensor { () throws(NVMLError) in
            try device.eccErrors(NVML_MEMORY_ERROR_TYPE_UNCORRECTED)
        }
    }
}
