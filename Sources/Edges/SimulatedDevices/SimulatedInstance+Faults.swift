import CSimulatedDriver

// What goes wrong with a machine, on order.

extension SimulatedInstance {
    /// Reports an XID, as the driver does when something goes wrong with a GPU.
    ///
    /// Where the GPU is not whole after it, the recovery action changes, and drivers from 570 on say so by XID 154.
    package func raiseXID(gpu index: Int, code: Int) throws(SimulationError) {
        let gpu = try gpu(index)
        publish(index, .xid, UInt64(code))
        let action = Recovery.after(xid: code)
        if action.rawValue > model_load_32(&gpu.pointee.recoveryAction) {
            model_store_32(&gpu.pointee.recoveryAction, action.rawValue)
            if file.model.pointee.driverBranch >= 570 {
                publish(index, .xid, 154)
                publish(index, .recoveryAction, UInt64(action.rawValue))
            }
        }
        model_edited(file.model)
    }

    /// Lets a GPU fall off the bus: every call for it fails from now on, and XID 79 says so.
    package func lose(gpu index: Int) throws(SimulationError) {
        model_store_32(&(try gpu(index)).pointee.lost, 1)
        publish(index, .unavailable, 1)
        try raiseXID(gpu: index, code: 79)
    }

    /// Brings a lost GPU back, as after a reboot: without its processes and instances.
    package func restore(gpu index: Int) throws(SimulationError) {
        let gpu = try gpu(index)
        model_charge_energy(file.model, UInt32(index))
        remove { model_owner_is_on($0, UInt32(index)) }
        model_reset_gpu(gpu)
        model_store_32(&gpu.pointee.lost, 0)
        model_edited(file.model)
    }

    /// Resets a GPU: pending modes and repairs take effect, instances are gone. Refused while a process holds it.
    package func reset(gpu index: Int) throws(SimulationError) {
        let gpu = try gpu(index)
        guard model_load_32(&gpu.pointee.lost) == 0 else { throw .lost(gpu: index) }
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            var process = ModelProcess()
            guard let entry = model_process(file.model, slot), model_read_process(entry, &process),
                model_owner_is_on(process.owner, UInt32(index)),
                file.isAlive(process)
            else { continue }
            throw .inUse(gpu: index, pid: Int32(bitPattern: model_owner_pid(process.owner)))
        }
        model_charge_energy(file.model, UInt32(index))
        model_reset_gpu(gpu)
        model_edited(file.model)
    }

    /// Counts memory errors. An uncorrected one retires a row with the next reset, and XIDs 48 and 63 say so.
    package func addMemoryErrors(gpu index: Int, corrected: Int, uncorrected: Int) throws(SimulationError) {
        let gpu = try gpu(index)
        guard gpu.pointee.eccSupported != 0 else { throw .noErrorCorrection(gpu: index) }
        for (isUncorrected, count) in [(false, corrected), (true, uncorrected)] where count > 0 {
            for isAggregate in [false, true] {
                guard let counter = model_ecc_counter(gpu, isUncorrected, isAggregate) else { continue }
                model_store_64(counter, model_load_64(counter) + UInt64(count))
            }
            publish(index, isUncorrected ? .doubleBitError : .singleBitError, UInt64(count))
        }
        guard uncorrected > 0 else { return model_edited(file.model) }
        model_store_32(
            &gpu.pointee.remappedUncorrected, model_load_32(&gpu.pointee.remappedUncorrected) + UInt32(uncorrected))
        model_store_32(&gpu.pointee.remapPending, 1)
        try raiseXID(gpu: index, code: 48)
        try raiseXID(gpu: index, code: 63)
    }

    /// Holds the clocks of a GPU down for a reason, or no longer.
    package func throttle(gpu index: Int, reason: Throttle?) throws(SimulationError) {
        let gpu = try gpu(index)
        model_charge_energy(file.model, UInt32(index))
        model_store_64(&gpu.pointee.throttle, reason?.mask ?? 0)
        publish(index, .clock, reason?.mask ?? 0)
        model_edited(file.model)
    }

    /// Lets the driver run the GPUs in confidential mode, or no longer; refused where the hardware cannot.
    package func setConfidentialComputing(_ isOn: Bool) throws(SimulationError) {
        guard !isOn || model_load_32(&file.model.pointee.confidentialGPU) != 0 else {
            throw .notConfidential(profile: profileName)
        }
        model_store_32(&file.model.pointee.confidentialEnvironment, isOn ? 2 : 0)
        model_store_32(&file.model.pointee.confidentialReady, 0)
        model_store_32(&file.model.pointee.confidentialFeature, isOn ? 1 : 0)
        model_edited(file.model)
    }

    /// Why the clocks of a GPU are lower than asked.
    package enum Throttle: String, CaseIterable, Sendable {
        case powerCap = "power-cap"
        case thermal
        case hardwareThermal = "hw-thermal"
        case powerBrake = "power-brake"

        /// NVML's mask.
        var mask: UInt64 {
            switch self {
            case .powerCap: 0x4
            case .thermal: 0x20
            case .hardwareThermal: 0x8 | 0x40
            case .powerBrake: 0x8 | 0x80
            }
        }
    }

    /// Kinds of events, in NVML's numbers.
    enum EventKind: UInt64 {
        case singleBitError = 0x1
        case doubleBitError = 0x2
        case xid = 0x8
        case clock = 0x10
        case unavailable = 0x4000
        case recoveryAction = 0x8000
    }

    func publish(_ gpu: Int, _ kind: EventKind, _ data: UInt64) {
        _ = model_publish_event(file.model, UInt32(gpu), kind.rawValue, data)
        driver_wake_all(&file.model.pointee.newestEvent)
    }
}

/// What makes a GPU whole again, in NVML's numbers, from the least to the most.
private enum Recovery: UInt32 {
    case none = 0
    case gpuReset = 1
    case nodeReboot = 2

    /// As the driver's catalogue of XIDs has it.
    static func after(xid: Int) -> Recovery {
        switch xid {
        case 79: .nodeReboot
        case 46, 48, 62, 64, 95, 109, 110, 119, 120, 136, 140, 143, 155, 156, 158: .gpuReset
        default: .none
        }
    }
}
