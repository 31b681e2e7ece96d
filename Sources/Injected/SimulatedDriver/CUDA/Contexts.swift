import CSimulatedCUDA
import CSimulatedDriver

/// Making and ending contexts, and which one is current on a thread.
enum Contexts {
    /// What a context takes of the GPU's memory before anything is allocated, in bytes.
    static var overhead: UInt64 { 256 << 20 }

    static func make(
        _ device: Int32, flags: UInt32, isPrimary: Bool, version: UInt32, _ result: inout CUresult
    ) -> Context? {
        let gpu = process_gpu(process, UInt32(device)).pointee
        result = mayUse(gpu)
        guard result == CUDA_SUCCESS else { return nil }
        result = Service.admit()
        guard result == CUDA_SUCCESS else { return nil }
        result = CUDA_ERROR_OUT_OF_MEMORY
        guard let context = Slots.make(DriverContext.self) else { return nil }
        let line = TimeLine(computingOn: gpu)
        guard Books.charge(gpu: gpu, overhead) else {
            Slots.free(context)
            return nil
        }
        guard let number = line.addContext() else {
            Books.refund(gpu: gpu, overhead)
            Slots.free(context)
            return nil
        }
        context.pointee.flags = flags
        context.pointee.gpu = gpu
        context.pointee.device = device
        context.pointee.id = newID()
        context.pointee.isPrimary = isPrimary ? 1 : 0
        context.pointee.version = version
        context.pointee.time = line.gpu
        context.pointee.shared = line.context(number)
        context.pointee.number = number
        line.joinGroup(number, share: Service.share(of: gpu))
        context.pointee.loadSince = clock_now()
        context_limit(context, 0).pointee = 1024
        context_limit(context, 1).pointee = 1 << 20
        context_limit(context, 2).pointee = 8 << 20
        context_limit(context, 3).pointee = 2
        context_limit(context, 4).pointee = 2048
        context_limit(context, 5).pointee = 64
        context.pointee.tag = UInt32(TAG_CONTEXT)
        guard let legacy = Stream.make(context, flags: 0, priority: 0), Worker.start(context) else {
            line.removeContext(number)
            Books.refund(gpu: gpu, overhead)
            Slots.free(context)
            return nil
        }
        legacy.pointee.isLegacy = 1
        context.pointee.legacy = legacy
        process_lock(&process.pointee.lock)
        context.pointee.next = process.pointee.contexts
        process.pointee.contexts = context
        process_contexts_on(process, gpu).pointee += 1
        process_unlock(&process.pointee.lock)
        result = CUDA_SUCCESS
        return context
    }

    /// Ends a context with everything that belongs to it.
    static func destroy(_ context: Context) {
        _ = context.synchronize()
        atomic_write_32(&context.pointee.isClosing, 1)
        while atomic_read_32(&context.pointee.workerIsGone) == 0 {
            context.wakeWorker()
            futex_wait(&context.pointee.workerIsGone, 0, 1_000_000, false)
        }
        process_lock(&process.pointee.lock)
        if process.pointee.contexts == context {
            process.pointee.contexts = context.pointee.next
        } else {
            var before = process.pointee.contexts
            while let other = before, other.pointee.next != context { before = other.pointee.next }
            before?.pointee.next = context.pointee.next
        }
        process_contexts_on(process, context.pointee.gpu).pointee -= 1
        process_unlock(&process.pointee.lock)
        while let stream = context.pointee.streams { stream.destroy() }
        Memory.freeAll(of: context)
        Service.settle(context)
        TimeLine(of: context).removeContext(context.pointee.number)
        let thread = driver_thread()
        if let thread, thread.pointee.depth > 0, thread_context(thread, thread.pointee.depth - 1).pointee == context {
            thread.pointee.depth -= 1
        }
        Books.refund(gpu: context.pointee.gpu, overhead)
        Slots.free(context)
    }

    /// Whether the GPU's compute mode lets this process make a context.
    private static func mayUse(_ gpu: UInt32) -> CUresult {
        guard let state = model_gpu(model, gpu) else { return CUDA_ERROR_INVALID_DEVICE }
        if model_load_32(&state.pointee.lost) != 0 { return CUDA_ERROR_UNKNOWN }
        switch model_load_32(&state.pointee.computeMode) {
        case 2: return CUDA_ERROR_DEVICE_UNAVAILABLE
        case 3:
            Books.dropTheDead(gpu, now: true)
            return Books.othersAreOn(gpu) ? CUDA_ERROR_DEVICE_UNAVAILABLE : CUDA_SUCCESS
        default: return CUDA_SUCCESS
        }
    }

    // MARK: The current context

    /// The calling thread's current context, if there is one and it lives.
    @inline(__always)
    static var current: Context? {
        guard let thread = driver_thread(), thread.pointee.depth > 0,
            let context = thread_context(thread, thread.pointee.depth - 1).pointee,
            context.pointee.tag == UInt32(TAG_CONTEXT)
        else { return nil }
        return context
    }

    static func push(_ context: Context?) -> CUresult {
        guard let thread = driver_thread(), thread.pointee.depth < UInt32(THREAD_STACK_LIMIT) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        thread_context(thread, thread.pointee.depth).pointee = context
        thread.pointee.depth += 1
        return CUDA_SUCCESS
    }

    static func pop() -> Context? {
        guard let context = current, let thread = driver_thread() else { return nil }
        thread.pointee.depth -= 1
        return context
    }

    static func setCurrent(_ context: Context?) -> CUresult {
        guard let thread = driver_thread() else { return CUDA_ERROR_UNKNOWN }
        if thread.pointee.depth > 0 { thread.pointee.depth -= 1 }
        return context == nil ? CUDA_SUCCESS : push(context)
    }

    /// The current context if it is on that device, else the device's primary one, if there is one.
    static func on(_ device: Int32) -> Context? {
        if let context = current, context.pointee.device == device { return context }
        return device >= 0 && device < process.pointee.gpuCount ? process_primary(process, UInt32(device)).pointee : nil
    }

    /// Waits for everything that this process has put into any stream.
    static func synchronizeAll() {
        var context = process.pointee.contexts
        while let each = context {
            context = each.pointee.next
            _ = each.synchronize()
        }
    }

    @inline(__always)
    static func isValid(_ context: Context?) -> Bool {
        context != nil && context?.pointee.tag == UInt32(TAG_CONTEXT)
    }

    // MARK: Streams by what callers pass

    /// The stream that a handle means for the calling thread; nil when it means none.
    @inline(__always)
    static func stream(_ handle: CUstream?) -> Stream? {
        guard UInt(bitPattern: handle) > 2 else { return defaultStream(UInt(bitPattern: handle)) }
        return handle?.pointee.tag == UInt32(TAG_STREAM) ? handle : nil
    }

    private static func defaultStream(_ number: UInt) -> Stream? {
        guard let context = current, let thread = driver_thread() else { return nil }
        if number == UInt(STREAM_LEGACY) || (number == 0 && thread.pointee.perThreadDefault == 0) {
            return context.pointee.legacy
        }
        for index in 0..<thread.pointee.streamCount {
            guard let stream = thread_stream(thread, index).pointee else { continue }
            if stream.pointee.tag == UInt32(TAG_STREAM), stream.pointee.context == context { return stream }
        }
        guard let stream = Stream.make(context, flags: 0, priority: 0) else { return nil }
        // Contexts come and go: a place whose stream is gone is taken again.
        for index in 0..<UInt32(THREAD_STREAM_LIMIT) {
            guard let place = thread_stream(thread, index) else { continue }
            if index < thread.pointee.streamCount, place.pointee?.pointee.tag == UInt32(TAG_STREAM) { continue }
            place.pointee = stream
            thread.pointee.streamCount = max(thread.pointee.streamCount, index + 1)
            return stream
        }
        return stream
    }
}

extension UnsafeMutablePointer<DriverContext> {
    /// What calls answer that wait for the GPU: an error once it has fallen off the bus.
    var health: CUresult {
        guard let state = model_gpu(model, pointee.gpu) else { return CUDA_ERROR_INVALID_CONTEXT }
        if let failure { return failure }
        if !Service.isConnected { return CUDA_ERROR_MPS_RPC_FAILURE }
        return model_load_32(&state.pointee.lost) == 0 ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN
    }

    /// What calls answer for good, since a kernel failed or the multi-process server did; nil where nothing did.
    @inline(__always)
    var failure: CUresult? {
        let own = atomic_read_32(&pointee.fault)
        if own != 0 { return CUresult(own) }
        return Service.isJoined ? Service.failure(gpu: pointee.gpu) : nil
    }
}

/// Runs a call whose default stream is the calling thread's own.
@inline(__always)
func withPerThreadDefault(_ body: () -> CUresult) -> CUresult {
    guard let thread = driver_thread() else { return CUDA_ERROR_UNKNOWN }
    thread.pointee.perThreadDefault += 1
    let result = body()
    thread.pointee.perThreadDefault -= 1
    return result
}
