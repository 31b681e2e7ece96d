import CNVML
import CSimulatedDriver

// What somebody ordered to go wrong with a call.

/// The result with which a call has to fail now; nil when it may go on. A call that is to hang does not come back
/// until it may.
@inline(__always)
func meetFault(_ call: StaticString, in mapped: MappedModel) -> nvmlReturn_t? {
    guard model_has_faults(mapped.model) else { return nil }
    return meetFaultSlowly(call, in: mapped)
}

@inline(never)
private func meetFaultSlowly(_ call: StaticString, in mapped: MappedModel) -> nvmlReturn_t? {
    let name = UnsafeRawPointer(call.utf8Start).assumingMemoryBound(to: CChar.self)
    let hash = model_call_hash(name, call.utf8CodeUnitCount)
    var result: UInt32 = 0
    switch model_meet_fault(mapped.model, hash, mapped.isWritable, &result) {
    case MODEL_FAULT_FAIL.rawValue:
        return nvmlReturn_t(result)
    case MODEL_FAULT_HANG.rawValue:
        while model_still_hangs(mapped.model, hash) { driver_sleep(5000) }
        return nil
    default:
        return nil
    }
}
