import CSimulatedDriver

// Calls of the driver that fail or hang on order.

extension SimulatedInstance {
    /// Lets a call fail, in all its versions.
    /// - Parameters:
    ///   - call: the name of a function of the driver, with or without its version: `nvmlDeviceGetPowerUsage`.
    ///   - result: the driver's number for the error; 999 is an unknown one.
    ///   - after: how many calls still succeed, by all processes together.
    ///   - times: how many calls fail then; nil is all.
    package func failCall(_ call: String, result: Int = 999, after: Int = 0, times: Int? = nil) throws(SimulationError)
    {
        guard (1...999).contains(result) else { throw .badResult(result) }
        try addFault(call, MODEL_FAULT_FAIL, result: UInt32(result), after: after, times: times)
    }

    /// Lets a call hang, in all its versions, until `clearCalls`.
    /// - Parameter after: how many calls still come back.
    package func hangCall(_ call: String, after: Int = 0) throws(SimulationError) {
        try addFault(call, MODEL_FAULT_HANG, result: 0, after: after, times: nil)
    }

    /// Lets all calls do what they should again; those that hang come back.
    package func clearCalls() {
        for slot in 0..<UInt32(MODEL_FAULT_LIMIT) {
            if let fault = model_fault(file.model, slot) { model_store_32(&fault.pointee.kind, 0) }
        }
        model_store_32(&file.model.pointee.faultCount, 0)
        model_edited(file.model)
    }

    private func addFault(
        _ call: String, _ kind: ModelFaultKind, result: UInt32, after: Int, times: Int?
    ) throws(SimulationError) {
        let isName =
            (call.hasPrefix("nvml") || call.hasPrefix("cu")) && call.utf8.count <= 80
            && call.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        guard isName, after >= 0, times ?? 1 > 0 else { throw .badCall(call) }
        for slot in 0..<UInt32(MODEL_FAULT_LIMIT) {
            guard let fault = model_fault(file.model, slot), model_load_32(&fault.pointee.kind) == 0 else { continue }
            model_store_64(&fault.pointee.call, model_call_hash(call, call.utf8.count))
            model_store_32(&fault.pointee.result, result)
            model_store_64(&fault.pointee.after, UInt64(after))
            model_store_64(&fault.pointee.times, times.map(UInt64.init) ?? .max)
            model_store_32(&fault.pointee.kind, kind.rawValue)
            model_store_32(&file.model.pointee.faultCount, model_load_32(&file.model.pointee.faultCount) + 1)
            model_edited(file.model)
            return
        }
        throw .tooManyFaults(limit: Int(MODEL_FAULT_LIMIT))
    }
}
