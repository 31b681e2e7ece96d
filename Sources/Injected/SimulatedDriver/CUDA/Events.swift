public import CSimulatedCUDA

typealias EventHandle = UnsafeMutablePointer<DriverEvent>

/// Events on the streams' side. Every record has a number that no other record of the process has, so a wait for an
/// event that was destroyed, and whose place another one has, is over.
enum Event {
    /// Whether the record that a wait is for has a place in time.
    static func isPlaced(_ wait: Operation) -> Bool {
        guard let event = event(wait) else { return true }
        return atomic_read_64(&event.pointee.placed) >= wait.pointee.b
    }

    static func place(_ record: Operation, at time: UInt64) {
        guard let event = event(record), event.pointee.placed < record.pointee.b else { return }
        atomic_write_64(&event.pointee.time, time)
        atomic_write_64(&event.pointee.placed, record.pointee.b)
    }

    static func time(_ wait: Operation) -> UInt64 {
        guard let event = event(wait) else { return 0 }
        return atomic_read_64(&event.pointee.time)
    }

    private static func event(_ operation: Operation) -> EventHandle? {
        guard let event = EventHandle(bitPattern: UInt(operation.pointee.a)), event.pointee.tag == UInt32(TAG_EVENT)
        else { return nil }
        return event
    }

    /// Records the event in a stream, or in the graph that the stream is captured into.
    static func record(_ event: EventHandle, in stream: Stream) -> CUresult {
        if stream.pointee.capture != nil { return Captures.record(event, in: stream) }
        Captures.forget(event)
        event.pointee.stream = stream.pointee.context
        let number = newID()
        atomic_write_64(&event.pointee.recorded, number)
        stream.put(OPERATION_RECORD, UInt64(UInt(bitPattern: event)), number)
        return CUDA_SUCCESS
    }

    /// Whether everything before the last record is done, as far as is known now.
    static func isDone(_ event: EventHandle) -> Bool {
        atomic_read_64(&event.pointee.placed) >= atomic_read_64(&event.pointee.recorded)
            && clock_now() >= atomic_read_64(&event.pointee.time)
    }

    static func synchronize(_ event: EventHandle) -> CUresult {
        let target = atomic_read_64(&event.pointee.recorded)
        guard let context = event.pointee.stream else { return CUDA_SUCCESS }
        while atomic_read_64(&event.pointee.placed) < target {
            context.awaitProgress { atomic_read_64(&event.pointee.placed) >= target }
        }
        context.sleep(until: atomic_read_64(&event.pointee.time))
        return context.health
    }
}

func withEvent(_ event: CUevent?, _ call: StaticString = #function, _ body: (EventHandle) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let event, event.pointee.tag == UInt32(TAG_EVENT) else { return CUDA_ERROR_INVALID_HANDLE }
    return body(event)
}

@c public func cuEventCreate(_ result: UnsafeMutablePointer<CUevent?>?, _ flags: UInt32) -> CUresult {
    withContext { context in
        guard let result, flags < 8, flags & 4 == 0 || flags & 2 != 0 else { return CUDA_ERROR_INVALID_VALUE }
        // Events between processes are not simulated.
        guard flags & UInt32(CU_EVENT_INTERPROCESS) == 0 else { return CUDA_ERROR_NOT_SUPPORTED }
        guard let event = Slots.make(DriverEvent.self) else { return CUDA_ERROR_OUT_OF_MEMORY }
        event.pointee.flags = flags
        event.pointee.context = context
        let number = newID()
        event.pointee.recorded = number
        event.pointee.placed = number
        event.pointee.created = number
        event.pointee.tag = UInt32(TAG_EVENT)
        result.pointee = event
        return CUDA_SUCCESS
    }
}

@c public func cuEventDestroy_v2(_ event: CUevent?) -> CUresult {
    withEvent(event) { event in
        Captures.forget(event)
        Slots.free(event)
        return CUDA_SUCCESS
    }
}

@c public func cuEventDestroy(_ event: CUevent?) -> CUresult { cuEventDestroy_v2(event) }

@c public func cuEventRecord(_ event: CUevent?, _ stream: CUstream?) -> CUresult {
    withEvent(event) { event in withStream(stream) { Event.record(event, in: $0) } }
}

@c public func cuEventRecordWithFlags(_ event: CUevent?, _ stream: CUstream?, _ flags: UInt32) -> CUresult {
    flags <= 1 ? cuEventRecord(event, stream) : CUDA_ERROR_INVALID_VALUE
}

@c public func cuEventQuery(_ event: CUevent?) -> CUresult {
    withEvent(event) { event in
        guard event.pointee.capture == nil else { return CUDA_ERROR_CAPTURED_EVENT }
        if Event.isDone(event) { return CUDA_SUCCESS }
        event.pointee.stream?.help()
        return Event.isDone(event) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY
    }
}

@c public func cuEventSynchronize(_ event: CUevent?) -> CUresult {
    withEvent(event) { event in
        guard event.pointee.capture == nil else { return CUDA_ERROR_CAPTURED_EVENT }
        return Event.synchronize(event)
    }
}

@c public func cuEventElapsedTime_v2(
    _ result: UnsafeMutablePointer<Float>?, _ start: CUevent?, _ end: CUevent?
) -> CUresult {
    withEvent(start) { start in
        withEvent(end) { end in
            guard let result else { return CUDA_ERROR_INVALID_VALUE }
            let timeless = UInt32(CU_EVENT_DISABLE_TIMING)
            guard start.pointee.flags & timeless == 0, end.pointee.flags & timeless == 0,
                start.pointee.recorded != start.pointee.created, end.pointee.recorded != end.pointee.created
            else { return CUDA_ERROR_INVALID_HANDLE }
            guard Event.isDone(start), Event.isDone(end) else { return CUDA_ERROR_NOT_READY }
            result.pointee = Float(Int64(end.pointee.time) - Int64(start.pointee.time)) / 1_000_000
            return CUDA_SUCCESS
        }
    }
}

@c public func cuEventElapsedTime(
    _ result: UnsafeMutablePointer<Float>?, _ start: CUevent?, _ end: CUevent?
) -> CUresult {
    cuEventElapsedTime_v2(result, start, end)
}

@c public func cuStreamWaitEvent(_ stream: CUstream?, _ event: CUevent?, _ flags: UInt32) -> CUresult {
    withEvent(event) { event in
        withStream(stream) { stream in
            if event.pointee.capture != nil { return Captures.join(stream, event) }
            guard stream.pointee.capture == nil else { return CUDA_ERROR_STREAM_CAPTURE_ISOLATION }
            stream.put(OPERATION_WAIT, UInt64(UInt(bitPattern: event)), event.pointee.recorded)
            return CUDA_SUCCESS
        }
    }
}

@c public func cuCtxRecordEvent(_ context: CUcontext?, _ event: CUevent?) -> CUresult {
    withEvent(event) { event in
        guard let context, Contexts.isValid(context), let legacy = context.pointee.legacy else {
            return CUDA_ERROR_INVALID_CONTEXT
        }
        return Event.record(event, in: legacy)
    }
}
