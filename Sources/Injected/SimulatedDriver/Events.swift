public import CNVML
import CSimulatedDriver

// Waiting for something to happen to a GPU.

/// What a caller waits for, and how far it has read.
private struct EventSet {
    /// A mask of kinds for each GPU of the model.
    var kinds = InlineArray<16, UInt64>(repeating: 0)
    /// The number of the last event that was looked at.
    var seen: UInt64
}

private func eventSet(_ handle: nvmlEventSet_t?) -> UnsafeMutablePointer<EventSet>? {
    handle.map { UnsafeMutablePointer<EventSet>($0) }
}

extension GPU {
    /// The kinds of events that this GPU's driver knows.
    fileprivate var eventKinds: UInt64 {
        var kinds = NVML_EVENT_PSTATE | NVML_EVENT_XID_CRITICAL | NVML_EVENT_CLOCK
        if state.pointee.eccSupported != 0 { kinds |= NVML_EVENT_SINGLE_BIT_ECC | NVML_EVENT_DOUBLE_BIT_ECC }
        if state.pointee.migSupported != 0 { kinds |= NVML_EVENT_MIG_CONFIG_CHANGE }
        if mapped.knows(575) { kinds |= NVML_EVENT_GPU_UNAVAILABLE | NVML_EVENT_GPU_RECOVERY_ACTION }
        return kinds
    }
}

/// A new set hears of what happens from now on.
@c public func nvmlEventSetCreate(_ set: UnsafeMutablePointer<nvmlEventSet_t?>?) -> nvmlReturn_t {
    withMachine { mapped in
        guard let set else { return NVML_ERROR_INVALID_ARGUMENT }
        let created = UnsafeMutablePointer<EventSet>.allocate(capacity: 1)
        created.initialize(to: EventSet(seen: model_load_64(&mapped.model.pointee.newestEvent)))
        set.pointee = OpaquePointer(created)
        return NVML_SUCCESS
    }
}

@c public func nvmlEventSetFree(_ set: nvmlEventSet_t?) -> nvmlReturn_t {
    guard Driver.current != nil else { return NVML_ERROR_UNINITIALIZED }
    guard let set = eventSet(set) else { return NVML_ERROR_INVALID_ARGUMENT }
    set.deallocate()
    return NVML_SUCCESS
}

@c public func nvmlDeviceGetSupportedEventTypes(
    _ device: nvmlDevice_t?, _ kinds: UnsafeMutablePointer<UInt64>?
) -> nvmlReturn_t {
    answer(device, kinds) { $0.eventKinds }
}

@c public func nvmlDeviceRegisterEvents(
    _ device: nvmlDevice_t?, _ kinds: UInt64, _ set: nvmlEventSet_t?
) -> nvmlReturn_t {
    withGPU(device) { gpu in
        guard let set = eventSet(set) else { return NVML_ERROR_INVALID_ARGUMENT }
        guard kinds & ~gpu.eventKinds == 0 else { return NVML_ERROR_NOT_SUPPORTED }
        set.pointee.kinds[Int(gpu.number)] |= kinds
        return NVML_SUCCESS
    }
}

@c(nvmlEventSetWait_v2) public func nvmlEventSetWait2(
    _ set: nvmlEventSet_t?, _ event: UnsafeMutablePointer<nvmlEventData_t>?, _ timeout: UInt32
) -> nvmlReturn_t {
    guard let event else { return NVML_ERROR_INVALID_ARGUMENT }
    return wait(set, timeout) { event.pointee = $0 }
}

/// The first version of the structure ends before the instance ids.
@c public func nvmlEventSetWait(
    _ set: nvmlEventSet_t?, _ event: UnsafeMutableRawPointer?, _ timeout: UInt32
) -> nvmlReturn_t {
    guard let event else { return NVML_ERROR_INVALID_ARGUMENT }
    return wait(set, timeout) { data in
        var data = data
        memcpy(event, &data, 24)
    }
}

private func wait(
    _ handle: nvmlEventSet_t?, _ timeout: UInt32, _ deliver: (nvmlEventData_t) -> Void
) -> nvmlReturn_t {
    guard let mapped = Driver.current else { return NVML_ERROR_UNINITIALIZED }
    if let failure = meetFault("nvmlEventSetWait", in: mapped) { return failure }
    guard let set = eventSet(handle) else { return NVML_ERROR_INVALID_ARGUMENT }
    let deadline = model_now() + UInt64(timeout) * 1000
    while true {
        let newest = model_load_64(&mapped.model.pointee.newestEvent)
        while set.pointee.seen < newest {
            guard let event = nextEvent(of: set, in: mapped, newest: newest) else { break }
            guard set.pointee.kinds[Int(event.gpu)] & event.type != 0 else { continue }
            deliver(
                nvmlEventData_t(
                    device: GPU(mapped: mapped, number: event.gpu).handle, eventType: event.type,
                    eventData: event.data, gpuInstanceId: (event.instance >> 16) &- 1,
                    computeInstanceId: (event.instance & 0xFFFF) &- 1))
            return NVML_SUCCESS
        }
        let now = model_now()
        guard now < deadline else { return NVML_ERROR_TIMEOUT }
        // An event that was numbered and is not written yet wakes nobody: look again soon.
        let patience: UInt64 = set.pointee.seen < newest ? 100 : .max
        driver_wait(&mapped.model.pointee.newestEvent, newest, min(deadline - now, patience))
    }
}

/// Takes the next event that still stands in the ring; nil when the next one is not written yet.
private func nextEvent(
    of set: UnsafeMutablePointer<EventSet>, in mapped: MappedModel, newest: UInt64
) -> ModelEvent? {
    let ring = UInt64(MODEL_EVENT_LIMIT)
    // Who sleeps too long loses the oldest events, as with the real driver.
    if newest - set.pointee.seen > ring { set.pointee.seen = newest - ring }
    var event = ModelEvent()
    let next = set.pointee.seen + 1
    if model_read_event(mapped.model, next, &event) {
        set.pointee.seen = next
        return event
    }
    guard event.sequence > next else { return nil }
    set.pointee.seen = next
    return nextEvent(of: set, in: mapped, newest: model_load_64(&mapped.model.pointee.newestEvent))
}
