import Glibc

/// A program that makes the calls that it is told on standard input, a line each, and prints what they answer.
struct Steps {
    private let library: UnsafeMutableRawPointer

    init(_ path: String) {
        guard let opened = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { stop("cannot load \(path)") }
        library = opened
    }

    private func call<Function>(_ name: String, as type: Function.Type) -> Function {
        guard let symbol = dlsym(library, name) else { stop("\(name) is missing") }
        return unsafeBitCast(symbol, to: type)
    }

    private typealias Handle = OpaquePointer

    func run() {
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            guard let verb = words.first else { continue }
            print(answer(verb, words.count > 1 ? words[1] : ""))
            fflush(nil)
        }
    }

    private func answer(_ verb: String, _ argument: String) -> String {
        switch verb {
        case "init": return "\(call("cuInit", as: (@convention(c) (UInt32) -> Int32).self)(0))"
        case "devices":
            var count: Int32 = 0
            let ask = call("cuDeviceGetCount", as: (@convention(c) (UnsafeMutablePointer<Int32>) -> Int32).self)
            return ask(&count) == 0 ? "\(count)" : "failed"
        case "processors":
            var count: Int32 = 0
            let ask = call(
                "cuDeviceGetAttribute",
                as: (@convention(c) (UnsafeMutablePointer<Int32>, Int32, Int32) -> Int32).self)
            return ask(&count, 16, Int32(argument) ?? 0) == 0 ? "\(count)" : "failed"
        case "context":
            var context: Handle?
            let create = call(
                "cuCtxCreate_v2",
                as: (@convention(c) (UnsafeMutablePointer<Handle?>, UInt32, Int32) -> Int32).self)
            return "\(create(&context, 0, Int32(argument) ?? 0))"
        case "memory":
            var (free, total) = (0, 0)
            let ask = call(
                "cuMemGetInfo_v2",
                as: (@convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Int32).self)
            let status = ask(&free, &total)
            return status == 0 ? "\(free) \(total)" : "failed \(status)"
        case "allocate":
            var address: UInt64 = 0
            let allocate = call(
                "cuMemAlloc_v2", as: (@convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32).self)
            return "\(allocate(&address, Int(argument) ?? 0))"
        case "launch": return launch(argument)
        case "synchronize": return "\(call("cuCtxSynchronize", as: (@convention(c) () -> Int32).self)())"
        default: stop("no step \(verb)")
        }
    }

    private func launch(_ kernel: String) -> String {
        var (module, function): (Handle?, Handle?)
        let load = call(
            "cuModuleLoadData",
            as: (@convention(c) (UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>) -> Int32).self)
        var status = load(&module, "simulated")
        guard status == 0 else { return "\(status)" }
        let get = call(
            "cuModuleGetFunction",
            as: (@convention(c) (UnsafeMutablePointer<Handle?>, Handle?, UnsafePointer<CChar>) -> Int32).self)
        status = get(&function, module, kernel)
        guard status == 0 else { return "\(status)" }
        return "\(call("cuLaunchKernel", as: Driver.Launch.self)(function, 1, 1, 1, 32, 1, 1, 0, nil, nil, nil))"
    }
}
