import Foundation
import LimiterAgent
import SimulatedDevices
import Testing

/// A simulated machine with limited containers: to a program, a container is the directory its driver library lies in.
struct LimitedMachine: ~Copyable {
    let instance: SimulatedInstance
    private let profile: SimulatedProfile

    init(driver: String = "580") throws {
        var profile = try SimulatedProfile.named("dgx-a100")
        profile.driver = try .named(driver)
        let directory = FileManager.default.temporaryDirectory.path + "/divvy-limiter-\(UUID().uuidString)"
        let instance = try SimulatedInstance.create(profile: profile, at: directory, library: Built.nvmlPath)
        self.profile = profile
        self.instance = instance
    }

    deinit { try? instance.remove() }

    /// A container with a part of the first GPU, or of those with that memory.
    func container(
        _ name: String, gpus: [Int: UInt64]? = nil, memory: UInt64 = 8 << 30, contextCharge: UInt64 = 0,
        milli: UInt32 = 500, policy: LimitedPart.Policy = .share, spill: UInt64 = 0
    ) throws -> TestContainer {
        let place = instance.directory + "/" + name
        let libraries = place + "-libraries"
        let files = FileManager.default
        for path in [place, libraries] { try files.createDirectory(atPath: path, withIntermediateDirectories: true) }
        let real = place + "/" + LimiterLibrary.realName
        try files.createSymbolicLink(atPath: real, withDestinationPath: instance.directory + "/lib/libcuda.so.1")
        try LimiterLibrary.install(built: Built.limiterPath, real: real, to: libraries + "/libcuda.so.1")
        let realNVML = place + "/" + LimiterLibrary.realNVMLName
        try files.createSymbolicLink(atPath: realNVML, withDestinationPath: instance.libraryPath)
        try LimiterLibrary.install(built: Built.viewPath, real: realNVML, to: libraries + "/libnvidia-ml.so.1")
        let parts = try (gpus ?? [0: memory]).sorted { $0.key < $1.key }.map { gpu, memory in
            let digits = Array(profile.uuid(ofGPU: gpu).dropFirst(4).filter { $0 != "-" })
            let uuid = try stride(from: 0, to: digits.count, by: 2).map {
                try #require(UInt8(String(digits[$0...($0 + 1)]), radix: 16))
            }
            return LimitedPart(
                uuid: uuid, memory: memory, contextCharge: contextCharge, milli: milli, policy: policy, spill: spill)
        }
        let limited = try LimitedContainer(directory: place, parts: parts)
        return TestContainer(files: limited, place: place, libraries: libraries)
    }

    /// Nanoseconds of kernels that all contexts of the first GPU have had, as `device_time.h` of the simulated driver
    /// lays it out.
    func busyTime() throws -> UInt64 {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: instance.directory + "/dev/nvidiactl"))
        let contexts = (1 << 20) + 64 + 128 * 256 + 64
        return (0..<128).reduce(0) { sum, index in
            let offset = contexts + index * 64 + 16
            return sum
                + bytes[offset..<(offset + 8)].enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
        }
    }
}

struct TestContainer {
    let files: LimitedContainer
    let place: String
    let libraries: String

    var library: String { libraries + "/libcuda.so.1" }
}

/// What the build made; it lies beside the program that runs the tests.
enum Built {
    static var directory: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }
    static var nvmlPath: String { directory.appendingPathComponent("libnvidia-ml.so").path }
    static var limiterPath: String { directory.appendingPathComponent("libdivvy-limiter.so").path }
    static var viewPath: String { directory.appendingPathComponent("libdivvy-limiter-view.so").path }
    static var probePath: String { directory.appendingPathComponent("LimiterProbe").path }

    /// The directory of the package.
    static var root: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }
    static var programs: String { root + "/Tests/LimiterTests/Programs" }
}

/// Nanoseconds of the monotonic clock, which probes go by.
func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
