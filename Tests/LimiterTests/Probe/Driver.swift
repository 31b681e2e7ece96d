import Glibc

/// The CUDA driver, loaded from a path as programs do, and the calls of it that the probe makes.
struct Driver: Sendable {
    // Safe to pass between threads: nothing of it changes.
    typealias Handle = OpaquePointer
    typealias Out = UnsafeMutablePointer<Handle?>

    // Safe to pass between threads: it is a handle that never changes.
    private nonisolated(unsafe) let library: UnsafeMutableRawPointer
    let launch:
        @convention(c) (
            Handle?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle?, UnsafeRawPointer?,
            UnsafeRawPointer?
        ) -> Int32
    let launchGraph: @convention(c) (Handle?, Handle?) -> Int32
    let record: @convention(c) (Handle?, Handle?) -> Int32
    let waitForEvent: @convention(c) (Handle?) -> Int32
    let waitForStream: @convention(c) (Handle?) -> Int32
    let allocate: @convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32
    let allocateInStream: @convention(c) (UnsafeMutablePointer<UInt64>, Int, Handle?) -> Int32
    let allocateManaged: @convention(c) (UnsafeMutablePointer<UInt64>, Int, UInt32) -> Int32
    let allocateRows:
        @convention(c) (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<Int>, Int, Int, UInt32) -> Int32
    let create: @convention(c) (UnsafeMutablePointer<UInt64>, Int, UnsafePointer<Int32>, UInt64) -> Int32
    let release: @convention(c) (UInt64) -> Int32
    let free: @convention(c) (UInt64) -> Int32
    let information: @convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Int32

    init(_ path: String) {
        guard let opened = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { stop("cannot load \(path)") }
        library = opened
        func call<Function>(_ name: String, as type: Function.Type = Function.self) -> Function {
            guard let symbol = dlsym(opened, name) else { stop("\(name) is missing") }
            return unsafeBitCast(symbol, to: type)
        }
        check(call("cuInit", as: (@convention(c) (UInt32) -> Int32).self)(0), "cuInit")
        launch = call("cuLaunchKernel")
        launchGraph = call("cuGraphLaunch")
        record = call("cuEventRecord")
        waitForEvent = call("cuEventSynchronize")
        waitForStream = call("cuStreamSynchronize")
        allocate = call("cuMemAlloc_v2")
        allocateInStream = call("cuMemAllocAsync")
        allocateManaged = call("cuMemAllocManaged")
        allocateRows = call("cuMemAllocPitch_v2")
        create = call("cuMemCreate")
        release = call("cuMemRelease")
        free = call("cuMemFree_v2")
        information = call("cuMemGetInfo_v2")
    }

    func call<Function>(_ name: String, as type: Function.Type) -> Function {
        guard let symbol = dlsym(library, name) else { stop("\(name) is missing") }
        return unsafeBitCast(symbol, to: type)
    }

    /// A new context, which is current then.
    @discardableResult
    func makeContext() -> Handle? {
        var context: Handle?
        check(
            call("cuCtxCreate_v2", as: (@convention(c) (Out, UInt32, Int32) -> Int32).self)(&context, 0, 0),
            "cuCtxCreate")
        return context
    }

    func kernel(_ name: String) -> Handle? {
        var module: Handle?
        var function: Handle?
        let load = call("cuModuleLoadData", as: (@convention(c) (Out, UnsafePointer<CChar>) -> Int32).self)
        check(load(&module, "simulated"), "cuModuleLoadData")
        let get = call("cuModuleGetFunction", as: (@convention(c) (Out, Handle?, UnsafePointer<CChar>) -> Int32).self)
        check(get(&function, module, name), "cuModuleGetFunction")
        return function
    }

    func made(_ name: String, _ flags: UInt32) -> Handle? {
        var made: Handle?
        check(call(name, as: (@convention(c) (Out, UInt32) -> Int32).self)(&made, flags), name)
        return made
    }

    func stream() -> Handle? { made("cuStreamCreate", 1) }
    func event() -> Handle? { made("cuEventCreate", 0) }

    /// A graph of so many kernels, captured from a stream.
    func graph(_ function: Handle?, kernels: Int, _ stream: Handle?) -> Handle? {
        let begin = call("cuStreamBeginCapture_v2", as: (@convention(c) (Handle?, Int32) -> Int32).self)
        check(begin(stream, 1), "cuStreamBeginCapture")
        for _ in 0..<kernels { check(launch(function, 1, 1, 1, 32, 1, 1, 0, stream, nil, nil), "cuLaunchKernel") }
        var (graph, run): (Handle?, Handle?)
        check(
            call("cuStreamEndCapture", as: (@convention(c) (Handle?, Out) -> Int32).self)(stream, &graph),
            "cuStreamEndCapture")
        let make = call("cuGraphInstantiateWithFlags", as: (@convention(c) (Out, Handle?, UInt64) -> Int32).self)
        check(make(&run, graph, 0), "cuGraphInstantiate")
        return run
    }
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
