import CLimiter
import CLimiterShim

/// Where a call of the driver takes effect.
struct Scope {
    let context: UInt64
    let device: Int32
    /// The GPU's place in the limits; nil for one that is not in them, of which nothing may be had.
    let gpu: UInt32?
}

/// GPUs as the driver numbers them, and as the limits do.
enum Devices {
    /// The current context; nil when there is none, and the driver will say so.
    @inline(__always)
    static func current() -> Scope? {
        var context: UInt64 = 0
        guard ask1(UInt32(REAL_cuCtxGetCurrent), &context) == 0, context != 0, let thread = limiter_thread() else {
            return nil
        }
        guard thread.pointee.context == context, thread.pointee.contextChanges == load32(&state.pointee.contextChanges)
        else { return find(context, thread) }
        return Scope(context: context, device: thread.pointee.device, gpu: place(thread.pointee.gpu))
    }

    @inline(never)
    private static func find(_ context: UInt64, _ thread: UnsafeMutablePointer<LimiterThread>) -> Scope? {
        let changes = load32(&state.pointee.contextChanges)
        var device: Int32 = 0
        guard ask1(UInt32(REAL_cuCtxGetDevice), &device) == 0 else { return nil }
        let gpu = gpu(device)
        thread.pointee.context = isThere(device) ? context : 0
        thread.pointee.contextChanges = changes
        thread.pointee.device = device
        thread.pointee.gpu = gpu.map { $0 + 1 } ?? 255
        return Scope(context: context, device: device, gpu: gpu)
    }

    @inline(__always)
    private static func place(_ known: UInt32) -> UInt32? { known == 255 ? nil : known - 1 }

    /// Forgets which contexts are where, when some are gone.
    static func forgetContexts() { _ = add32(&state.pointee.contextChanges, 1) }

    /// The place in the limits of the GPU of that number.
    @inline(__always)
    static func gpu(_ device: Int32) -> UInt32? {
        guard device >= 0, device < Int32(LIMITER_DEVICES) else { return nil }
        let known = device_of(state, UInt32(device)).pointee
        if known == 0 { return lookUp(device) }
        return known == .max ? nil : UInt32(known) - 1
    }

    /// Whether the driver knows a GPU of that number; if not, what it answers is the right answer.
    static func isThere(_ device: Int32) -> Bool {
        guard device >= 0, device < Int32(LIMITER_DEVICES) else { return false }
        _ = gpu(device)
        return device_of(state, UInt32(device)).pointee != 0
    }

    @inline(never)
    private static func lookUp(_ device: Int32) -> UInt32? {
        var id: (UInt64, UInt64) = (0, 0)
        let newest = UInt32(REAL_cuDeviceGetUuid_v2)
        let call = real_is_there(newest) ? newest : UInt32(REAL_cuDeviceGetUuid)
        guard ask2(call, &id, UInt64(UInt32(bitPattern: device))) == 0 else { return nil }
        var found: UInt32?
        for index in 0..<limits.pointee.gpuCount where has_uuid(limit_of(limits, index), &id) { found = index }
        device_of(state, UInt32(device)).pointee = found.map { UInt8($0 + 1) } ?? .max
        return found
    }
}
