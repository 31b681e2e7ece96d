import Glibc

/// What a call of the simulated driver costs the thread that makes it.
enum SimulatedDriver {
    private typealias Handle = OpaquePointer
    private typealias Launch =
        @convention(c) (
            Handle?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle?, UnsafeRawPointer?,
            UnsafeRawPointer?
        ) -> Int32

    static func run() throws {
        let directory = try Daemon.scratchDirectory()
        defer { _ = try? Child(["rm", "-rf", directory]).wait() }
        let made = try Child([Daemon.divvy, "sim", "start", "dgx-a100", "--sim-dir", directory]).wait()
        guard made == 0 else { throw BenchmarkError("divvy sim start ended with \(made)") }
        try launches(try Library("\(directory)/dgx-a100/lib/libcuda.so.1"))
        try readings(try Library("\(directory)/dgx-a100/lib/libnvidia-ml.so.1"))
    }

    /// Kernels of 50 ns on one stream, in rounds of 500 that are waited for.
    private static func launches(_ cuda: Library) throws {
        try cuda.check("cuInit", (@convention(c) (UInt32) -> Int32).self) { $0(0) }
        var context: Handle?, module: Handle?, function: Handle?, stream: Handle?
        typealias Making = @convention(c) (UnsafeMutablePointer<Handle?>, UInt32) -> Int32
        typealias Entering = @convention(c) (UnsafeMutablePointer<Handle?>, UInt32, Int32) -> Int32
        typealias Loading = @convention(c) (UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>) -> Int32
        typealias Finding = @convention(c) (UnsafeMutablePointer<Handle?>, Handle?, UnsafePointer<CChar>) -> Int32
        try cuda.check("cuCtxCreate_v2", Entering.self) { $0(&context, 0, 0) }
        try cuda.check("cuModuleLoadData", Loading.self) { $0(&module, "simulated") }
        try cuda.check("cuModuleGetFunction", Finding.self) { $0(&function, module, "sim_50ns") }
        try cuda.check("cuStreamCreate", Making.self) { $0(&stream, 1) }
        let launch = try cuda.function("cuLaunchKernel", Launch.self)
        let wait = try cuda.function("cuStreamSynchronize", (@convention(c) (Handle?) -> Int32).self)
        var rounds: [Double] = []
        for _ in 0..<500 {
            let begin = seconds()
            for _ in 0..<500 { _ = launch(function, 1, 1, 1, 32, 1, 1, 0, stream, nil, nil) }
            rounds.append((seconds() - begin) / 500 * 1e9)
            guard wait(stream) == 0 else { throw BenchmarkError("cuStreamSynchronize failed") }
        }
        Measurement(
            name: "sim.launch", value: rounds.median, unit: "ns", against: "target 100 ns", ratio: rounds.median / 100
        ).print()
    }

    private static func readings(_ nvml: Library) throws {
        try nvml.check("nvmlInit_v2", (@convention(c) () -> Int32).self) { $0() }
        var device: Handle?
        typealias Finding = @convention(c) (UInt32, UnsafeMutablePointer<Handle?>) -> Int32
        try nvml.check("nvmlDeviceGetHandleByIndex_v2", Finding.self) { $0(0, &device) }
        typealias Reading = @convention(c) (Handle?, UnsafeMutableRawPointer) -> Int32
        var answer = [UInt64](repeating: 0, count: 16)
        for name in ["nvmlDeviceGetMemoryInfo", "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetPowerUsage"] {
            let call = try nvml.function(name, Reading.self)
            var rounds: [Double] = []
            for _ in 0..<200 {
                let begin = seconds()
                for _ in 0..<500 where call(device, &answer) != 0 { throw BenchmarkError("\(name) failed") }
                rounds.append((seconds() - begin) / 500 * 1e9)
            }
            Measurement(
                name: "sim.\(name)", value: rounds.median, unit: "ns", against: "target 2000 ns",
                ratio: rounds.median / 2000
            ).print()
        }
    }

    /// A library that was loaded as programs do.
    private struct Library {
        private let opened: UnsafeMutableRawPointer

        init(_ path: String) throws {
            guard let opened = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { throw BenchmarkError("cannot load \(path)") }
            self.opened = opened
        }

        func function<Function>(_ name: String, _ type: Function.Type) throws -> Function {
            guard let symbol = dlsym(opened, name) else { throw BenchmarkError("\(name) is missing") }
            return unsafeBitCast(symbol, to: type)
        }

        func check<Function>(_ name: String, _ type: Function.Type, _ call: (Function) -> Int32) throws {
            let status = call(try function(name, type))
            guard status == 0 else { throw BenchmarkError("\(name) answered \(status)") }
        }
    }
}
