import CNVML
import CSimulatedDriver
import Foundation
import SimulatedDevices
import Testing

/// A simulated machine in a directory of its own, taken away at the end of the test.
struct Machine: ~Copyable {
    let instance: SimulatedInstance

    init(_ name: String, driver: String? = nil) throws {
        var profile = try SimulatedProfile.named(name)
        if let driver { profile.driver = try .named(driver) }
        let directory = FileManager.default.temporaryDirectory.path + "/divvy-cuda-\(UUID().uuidString)"
        instance = try SimulatedInstance.create(profile: profile, at: directory, library: Built.nvmlPath)
    }

    deinit { try? instance.remove() }

    var libraryPath: String { instance.directory + "/lib/libcuda.so.1" }

    /// Sets NVML's compute mode of a GPU: 0 default, 3 for one process.
    func setComputeMode(_ mode: UInt32, gpu: Int) throws {
        let file = open(instance.directory + "/dev/nvidiactl", O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let size = MemoryLayout<DeviceModel>.size
        let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
        defer { munmap(memory, size) }
        let state = try #require(model_gpu(memory.assumingMemoryBound(to: DeviceModel.self), UInt32(gpu)))
        model_store_32(&state.pointee.computeMode, mode)
    }

    /// The probe where other users can run it, too.
    func probeForOthers() throws -> String {
        let path = instance.directory + "/probe"
        try FileManager.default.copyItem(atPath: Built.probePath, toPath: path)
        return path
    }

    /// What `SimulatedCUDAProbe` prints; its text says what it can do.
    func probe(_ arguments: [String]) async throws -> String {
        try await Tool.output(Built.probePath, [libraryPath] + arguments)
    }
}

/// What the build made; it lies beside the program that runs the tests.
enum Built {
    static var directory: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }
    static var nvmlPath: String { directory.appendingPathComponent("libnvidia-ml.so").path }
    static var cudaPath: String { directory.appendingPathComponent("libcuda.so").path }
    static var probePath: String { directory.appendingPathComponent("SimulatedCUDAProbe").path }

    /// The directory of the package.
    static var root: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }
}

/// NVML's view of a machine.
struct Monitor: ~Copyable {
    struct Process: Equatable {
        var pid: UInt32
        var memory: UInt64
    }

    private let library: UnsafeMutableRawPointer

    init(_ machine: borrowing Machine) throws {
        let opened = try #require(dlopen(machine.instance.libraryPath, RTLD_NOW | RTLD_LOCAL))
        let start = unsafeBitCast(try #require(dlsym(opened, "nvmlInit_v2")), to: PFN_nvmlInit_v2.self)
        try #require(start() == NVML_SUCCESS)
        library = opened
    }

    deinit { dlclose(library) }

    private func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
        unsafeBitCast(try #require(dlsym(library, name), "\(name) is not exported"), to: type)
    }

    private func device(_ index: UInt32) throws -> nvmlDevice_t {
        var device: nvmlDevice_t?
        let get = try function("nvmlDeviceGetHandleByIndex_v2", as: PFN_nvmlDeviceGetHandleByIndex_v2.self)
        try #require(get(index, &device) == NVML_SUCCESS)
        return try #require(device)
    }

    func processes(gpu index: UInt32) throws -> [Process] {
        try list("nvmlDeviceGetComputeRunningProcesses_v3", index)
    }

    /// The clients of multi-process servers.
    func servedProcesses(gpu index: UInt32) throws -> [Process] {
        try list("nvmlDeviceGetMPSComputeRunningProcesses_v3", index)
    }

    private func list(_ name: String, _ index: UInt32) throws -> [Process] {
        var count: UInt32 = 256
        var entries = [nvmlProcessInfo_t](repeating: nvmlProcessInfo_t(), count: 256)
        let list = try function(name, as: PFN_nvmlDeviceGetComputeRunningProcesses_v3.self)
        try #require(list(device(index), &count, &entries) == NVML_SUCCESS)
        return entries.prefix(Int(count)).map { Process(pid: $0.pid, memory: $0.usedGpuMemory) }
    }

    /// Per cent of the time in which a kernel runs.
    func load(gpu index: UInt32) throws -> UInt32 {
        var rates = nvmlUtilization_t()
        let ask = try function(
            "nvmlDeviceGetUtilizationRates", as: PFN_nvmlDeviceGetUtilizationRates.self)
        try #require(ask(device(index), &rates) == NVML_SUCCESS)
        return rates.gpu
    }

    /// Bytes that programs hold, and bytes that there are for them.
    func memory(gpu index: UInt32) throws -> (used: UInt64, total: UInt64) {
        var memory = nvmlMemory_v2_t()
        memory.version = NVML_MEMORY_V2_VERSION
        let ask = try function("nvmlDeviceGetMemoryInfo_v2", as: PFN_nvmlDeviceGetMemoryInfo_v2.self)
        try #require(ask(device(index), &memory) == NVML_SUCCESS)
        return (memory.used, memory.total - memory.reserved)
    }
}

/// The part of the shared file that is the CUDA driver's own, as `device_time.h` lays it out.
struct TimeFile {
    let bytes: Data

    init(_ machine: borrowing Machine) throws {
        bytes = try Data(contentsOf: URL(fileURLWithPath: machine.instance.directory + "/dev/nvidiactl"))
    }

    /// Who holds the lock of a GPU; 0 is nobody.
    func lockHolder(gpu: Int) -> UInt64 {
        let offset = (1 << 20) + 64 + 128 * 256 + gpu * 9 * (128 + 64 * 128)
        return bytes[offset..<(offset + 8)].enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
    }
}
