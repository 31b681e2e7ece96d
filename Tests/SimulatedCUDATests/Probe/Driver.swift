import Glibc

/// The CUDA driver, loaded from a path as programs do, and the calls of it that the probe makes.
struct Driver {
    typealias Handle = OpaquePointer

    let library: UnsafeMutableRawPointer

    init(_ path: String) {
        guard let opened = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { stop("cannot load \(path)") }
        library = opened
        check(call("cuInit", as: (@convention(c) (UInt32) -> Int32).self)(0), "cuInit")
    }

    func call<Function>(_ name: String, as type: Function.Type) -> Function {
        guard let symbol = dlsym(library, name) else { stop("\(name) is missing") }
        return unsafeBitCast(symbol, to: type)
    }

    // MARK: Calls

    /// A new context, which is current then; nil when the GPU has no memory for it.
    func contextIfPossible(_ device: Int32) -> Handle? {
        var context: Handle?
        let create = call(
            "cuCtxCreate_v2", as: (@convention(c) (UnsafeMutablePointer<Handle?>, UInt32, Int32) -> Int32).self)
        let status = create(&context, 0, device)
        if status != 2 { check(status, "cuCtxCreate") }
        return context
    }

    func context(_ device: Int32) -> Handle {
        guard let context = contextIfPossible(device) else { stop("no memory for a context") }
        return context
    }

    func kernel(_ name: String) -> Handle {
        var module: Handle?
        var function: Handle?
        let load = call(
            "cuModuleLoadData",
            as: (@convention(c) (UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>) -> Int32).self)
        check(load(&module, "simulated"), "cuModuleLoadData")
        let get = call(
            "cuModuleGetFunction",
            as: (@convention(c) (UnsafeMutablePointer<Handle?>, Handle?, UnsafePointer<CChar>) -> Int32).self)
        check(get(&function, module, name), "cuModuleGetFunction")
        guard let function else { stop("no function") }
        return function
    }

    func stream() -> Handle {
        var stream: Handle?
        check(
            call("cuStreamCreate", as: (@convention(c) (UnsafeMutablePointer<Handle?>, UInt32) -> Int32).self)(
                &stream, 1), "cuStreamCreate")
        guard let stream else { stop("no stream") }
        return stream
    }

    func event() -> Handle {
        var event: Handle?
        check(
            call("cuEventCreate", as: (@convention(c) (UnsafeMutablePointer<Handle?>, UInt32) -> Int32).self)(
                &event, 0), "cuEventCreate")
        guard let event else { stop("no event") }
        return event
    }

    typealias Launch =
        @convention(c) (
            Handle?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle?, UnsafeRawPointer?,
            UnsafeRawPointer?
        ) -> Int32
    typealias WithHandle = @convention(c) (Handle?) -> Int32
    typealias WithHandles = @convention(c) (Handle?, Handle?) -> Int32

    var launch: Launch { call("cuLaunchKernel", as: Launch.self) }
    var record: WithHandles { call("cuEventRecord", as: WithHandles.self) }
    var waitForEvent: WithHandle { call("cuEventSynchronize", as: WithHandle.self) }
    var waitForStream: WithHandle { call("cuStreamSynchronize", as: WithHandle.self) }
}

func stop(_ reason: String) -> Never {
    let text = "probe: \(reason)\n"
    write(2, text, text.utf8.count)
    exit(1)
}

func check(_ status: Int32, _ call: String) {
    if status != 0 { stop("\(call): \(status)") }
}

/// Nanoseconds of the monotonic clock.
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
