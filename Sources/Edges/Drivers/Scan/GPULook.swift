import CNVML
import Fleet

/// What one look at one GPU found.
struct GPULook: Sendable {
    let facts: GPUFacts
    private(set) var health = Health.healthy
    private(set) var reading = GPUReading()
    /// Memory by pid, nil where the driver does not tell it.
    private(set) var processes: [Int32: Bytes?] = [:]
    /// How busy processes kept the GPU in the last two seconds, in per cent by pid; nil where the driver does not tell.
    private(set) var busyPercents: [Int32: Int]?

    /// Looks at the GPU at `index` of the driver's list.
    ///
    /// - Parameter known: what earlier looks found, by UUID.
    /// - Throws: why it cannot even be said which GPU that is.
    init(at index: Int, calls: NVMLCalls, known: [String: GPUFacts]) throws(NVMLError) {
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
        readSensors(device)
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
