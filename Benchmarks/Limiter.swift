import Glibc
import LimiterAgent

/// What the limiter adds to calls of the driver, against the simulated driver alone: both are in this process, and are
/// measured in turn.
enum Limiter {
    private typealias Handle = OpaquePointer
    private typealias Out = UnsafeMutablePointer<Handle?>
    private typealias Launch =
        @convention(c) (
            Handle?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle?, UnsafeRawPointer?,
            UnsafeRawPointer?
        ) -> Int32

    private static let rounds = 300

    static func run() throws {
        let directory = try Daemon.scratchDirectory()
        defer { _ = try? Child(["rm", "-rf", directory]).wait() }
        let made = try Child([Daemon.divvy, "sim", "start", "dgx-a100", "--sim-dir", directory]).wait()
        guard made == 0 else { throw BenchmarkError("divvy sim start ended with \(made)") }
        let machine = "\(directory)/dgx-a100"
        let bare = try Driver("\(machine)/lib/libcuda.so.1")
        try bare.check("cuInit", (@convention(c) (UInt32) -> Int32).self) { $0(0) }
        var uuid = [UInt8](repeating: 0, count: 16)
        typealias Telling = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
        try bare.check("cuDeviceGetUuid", Telling.self) { $0(&uuid, 0) }

        // Two containers, so that there can be turns; this process is in the first.
        let places = [machine + "/limited", machine + "/other"]
        for place in places where mkdir(place, 0o755) != 0 { throw BenchmarkError("cannot make \(place)") }
        let real = places[0] + "/" + LimiterLibrary.realName
        guard symlink("\(machine)/lib/libcuda.so.1", real) == 0 else { throw BenchmarkError("cannot make \(real)") }
        try LimiterLibrary.install(
            built: try builtLimiter(), real: real, to: places[0] + "/limiter.so")
        let parts = [LimitedPart(uuid: uuid, memory: 16 << 30, milli: 500)]
        let containers = try places.map { try LimitedContainer(directory: $0, parts: parts) }

        let limited = try Driver(places[0] + "/limiter.so")
        try limited.check("cuInit", (@convention(c) (UInt32) -> Int32).self) { $0(0) }
        var context: Handle?
        typealias Entering = @convention(c) (Out, UInt32, Int32) -> Int32
        try limited.check("cuCtxCreate_v2", Entering.self) { $0(&context, 0, 0) }

        try launches(bare, limited, "limiter.launch", target: 10)
        try graphs(bare, limited, "limiter.graph", target: 10)
        try transfers(bare, limited, "limiter.memset", target: 10)
        try memory(bare, limited)
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        for container in containers { _ = keeper.add(container, part: 0) }
        usleep(20_000)
        try launches(bare, limited, "limiter.turns.launch", target: 10)
        try graphs(bare, limited, "limiter.turns.graph", target: 10)
        try transfers(bare, limited, "limiter.turns.memset", target: 10)
    }

    private static func builtLimiter() throws -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        guard length > 0 else { throw BenchmarkError("cannot read /proc/self/exe") }
        let text = String(decoding: path.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let directory = text.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + directory + "/libdivvy-limiter.so"
    }

    /// Prints what a body takes longer with the limiter, in nanoseconds a call: the difference of the medians of
    /// rounds that take turns.
    private static func compare(
        _ name: String, target: Double, rounds: Int = Self.rounds, _ bare: () throws -> Double,
        _ limited: () throws -> Double
    ) throws {
        var times: (bare: [Double], limited: [Double]) = ([], [])
        for round in 0..<rounds {
            // Whoever comes second finds other things in the caches.
            if round % 2 == 0 { times.bare.append(try bare()) }
            times.limited.append(try limited())
            if round % 2 == 1 { times.bare.append(try bare()) }
        }
        let own = times.bare.median
        let added = times.limited.median - own
        Measurement(
            name: name, value: added, unit: "ns", against: "target \(Int(target)) ns, on top of \(Int(own)) ns",
            ratio: added / target
        ).print()
    }

    private static func launches(_ bare: Driver, _ limited: Driver, _ name: String, target: Double) throws {
        var module: Handle?, function: Handle?, stream: Handle?
        typealias Loading = @convention(c) (Out, UnsafePointer<CChar>) -> Int32
        typealias Finding = @convention(c) (Out, Handle?, UnsafePointer<CChar>) -> Int32
        try bare.check("cuModuleLoadData", Loading.self) { $0(&module, "simulated") }
        try bare.check("cuModuleGetFunction", Finding.self) { $0(&function, module, "sim_50ns") }
        try bare.check("cuStreamCreate", (@convention(c) (Out, UInt32) -> Int32).self) { $0(&stream, 1) }
        let wait = try bare.function("cuStreamSynchronize", (@convention(c) (Handle?) -> Int32).self)
        func round(_ launch: Launch) throws -> Double {
            _ = launch(function, 1, 1, 1, 32, 1, 1, 0, stream, nil, nil)
            let begin = seconds()
            for _ in 0..<500 { _ = launch(function, 1, 1, 1, 32, 1, 1, 0, stream, nil, nil) }
            let time = seconds() - begin
            guard wait(stream) == 0 else { throw BenchmarkError("cuStreamSynchronize failed") }
            return time / 500 * 1e9
        }
        let pair = (
            try bare.function("cuLaunchKernel", Launch.self), try limited.function("cuLaunchKernel", Launch.self)
        )
        try compare(name, target: target, { try round(pair.0) }, { try round(pair.1) })
    }

    private static func graphs(_ bare: Driver, _ limited: Driver, _ name: String, target: Double) throws {
        var stream: Handle?, graph: Handle?, run: Handle?
        typealias Making = @convention(c) (Out, UInt32) -> Int32
        typealias Instantiating = @convention(c) (Out, Handle?, UInt64) -> Int32
        typealias Launching = @convention(c) (Handle?, Handle?) -> Int32
        try bare.check("cuStreamCreate", Making.self) { $0(&stream, 1) }
        try bare.check("cuGraphCreate", Making.self) { $0(&graph, 0) }
        try bare.check("cuGraphInstantiateWithFlags", Instantiating.self) { $0(&run, graph, 0) }
        let wait = try bare.function("cuStreamSynchronize", (@convention(c) (Handle?) -> Int32).self)
        func round(_ launch: Launching) throws -> Double {
            let begin = seconds()
            for _ in 0..<200 { _ = launch(run, stream) }
            let time = seconds() - begin
            guard wait(stream) == 0 else { throw BenchmarkError("cuStreamSynchronize failed") }
            return time / 200 * 1e9
        }
        let pair = (
            try bare.function("cuGraphLaunch", Launching.self), try limited.function("cuGraphLaunch", Launching.self)
        )
        try compare(name, target: target, { try round(pair.0) }, { try round(pair.1) })
    }

    private static func transfers(_ bare: Driver, _ limited: Driver, _ name: String, target: Double) throws {
        var stream: Handle?
        var address: UInt64 = 0
        typealias Allocating = @convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32
        typealias Setting = @convention(c) (UInt64, UInt8, Int, Handle?) -> Int32
        try bare.check("cuStreamCreate", (@convention(c) (Out, UInt32) -> Int32).self) { $0(&stream, 1) }
        try limited.check("cuMemAlloc_v2", Allocating.self) { $0(&address, 4096) }
        let wait = try bare.function("cuStreamSynchronize", (@convention(c) (Handle?) -> Int32).self)
        func round(_ set: Setting) throws -> Double {
            _ = set(address, 0, 64, stream)
            let begin = seconds()
            for _ in 0..<200 { _ = set(address, 0, 64, stream) }
            let time = seconds() - begin
            guard wait(stream) == 0 else { throw BenchmarkError("cuStreamSynchronize failed") }
            return time / 200 * 1e9
        }
        let pair = (
            try bare.function("cuMemsetD8Async", Setting.self), try limited.function("cuMemsetD8Async", Setting.self)
        )
        try compare(name, target: target, { try round(pair.0) }, { try round(pair.1) })
        try limited.check("cuMemFree_v2", (@convention(c) (UInt64) -> Int32).self) { $0(address) }
    }

    private static func memory(_ bare: Driver, _ limited: Driver) throws {
        typealias Allocating = @convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32
        typealias Freeing = @convention(c) (UInt64) -> Int32
        typealias Asking = @convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Int32
        func calls(_ driver: Driver) throws -> (Allocating, Freeing, Asking) {
            (
                try driver.function("cuMemAlloc_v2", Allocating.self),
                try driver.function("cuMemFree_v2", Freeing.self),
                try driver.function("cuMemGetInfo_v2", Asking.self)
            )
        }
        let (own, ours) = (try calls(bare), try calls(limited))
        func round(_ calls: (Allocating, Freeing, Asking), _ size: Int) throws -> Double {
            var address: UInt64 = 0
            let begin = seconds()
            for _ in 0..<20 {
                guard calls.0(&address, size) == 0, calls.1(address) == 0 else { throw BenchmarkError("no memory") }
            }
            return (seconds() - begin) / 20 * 1e9
        }
        func asking(_ calls: (Allocating, Freeing, Asking)) throws -> Double {
            var (free, total) = (0, 0)
            let begin = seconds()
            for _ in 0..<200 where calls.2(&free, &total) != 0 { throw BenchmarkError("cuMemGetInfo failed") }
            return (seconds() - begin) / 200 * 1e9
        }
        for live in [0, 1000] {
            var blocks: [UInt64] = []
            for _ in 0..<live {
                var address: UInt64 = 0
                guard ours.0(&address, 2 << 20) == 0 else { throw BenchmarkError("no memory") }
                blocks.append(address)
            }
            for (kind, size) in [("", 2 << 20), (".small", 64 << 10)] {
                // The block from which small ones are carved stays.
                var block: UInt64 = 0
                guard ours.0(&block, 512) == 0 else { throw BenchmarkError("no memory") }
                try compare(
                    "limiter.alloc\(kind).\(live)", target: 100, rounds: 10 * rounds, { try round(own, size) },
                    { try round(ours, size) })
                _ = ours.1(block)
            }
            for block in blocks { _ = ours.1(block) }
        }
        try compare("limiter.memGetInfo", target: 100, { try asking(own) }, { try asking(ours) })
    }

    /// A library that was loaded as programs do.
    private struct Driver {
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
