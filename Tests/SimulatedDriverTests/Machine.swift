import CNVML
import Foundation
import SimulatedDevices
import Testing

/// A simulated machine in a directory of its own, taken away at the end of the test.
struct Machine: ~Copyable {
    let instance: SimulatedInstance

    /// - Parameter driver: the branch of the driver, where it is not to be the profile's own.
    init(_ profile: String, driver: String? = nil) throws {
        var machine = try SimulatedProfile.named(profile)
        if let driver { machine.driver = try .named(driver) }
        try self.init(machine)
    }

    init(_ profile: SimulatedProfile) throws {
        let directory = FileManager.default.temporaryDirectory.path + "/divvy-\(profile.name)-\(UUID().uuidString)"
        instance = try SimulatedInstance.create(profile: profile, at: directory, library: Built.libraryPath)
    }

    deinit { try? instance.remove() }
}

/// What the build made.
enum Built {
    /// The simulated driver's library lies beside the program that runs the tests.
    static var libraryPath: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("libnvidia-ml.so").path
    }

    /// That library, and the CUDA driver's where it was built.
    static var libraries: [String] {
        let cuda = URL(fileURLWithPath: libraryPath).deletingLastPathComponent().appendingPathComponent("libcuda.so")
            .path
        return [libraryPath] + (FileManager.default.fileExists(atPath: cuda) ? [cuda] : [])
    }

    /// The directory of the package.
    static var root: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }
}

/// The library of a machine, loaded into the test's own process and started.
struct LoadedDriver: ~Copyable {
    private let library: UnsafeMutableRawPointer

    init(_ machine: borrowing Machine) throws {
        let opened = try #require(dlopen(machine.instance.libraryPath, RTLD_NOW | RTLD_LOCAL))
        let start = unsafeBitCast(try #require(dlsym(opened, "nvmlInit_v2")), to: PFN_nvmlInit_v2.self)
        try #require(start() == NVML_SUCCESS)
        library = opened
    }

    deinit {
        if let shutdown = try? function("nvmlShutdown", as: PFN_nvmlShutdown.self) { _ = shutdown() }
        dlclose(library)
    }

    func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
        unsafeBitCast(try #require(dlsym(library, name), "\(name) is not exported"), to: type)
    }

    var count: UInt32 {
        get throws {
            var count: UInt32 = 0
            let call = try function("nvmlDeviceGetCount_v2", as: PFN_nvmlDeviceGetCount_v2.self)
            try #require(call(&count) == NVML_SUCCESS)
            return count
        }
    }

    func device(_ index: UInt32) throws -> nvmlDevice_t {
        var device: nvmlDevice_t?
        let call = try function("nvmlDeviceGetHandleByIndex_v2", as: PFN_nvmlDeviceGetHandleByIndex_v2.self)
        try #require(call(index, &device) == NVML_SUCCESS)
        return try #require(device)
    }

    func memory(_ device: nvmlDevice_t) throws -> nvmlMemory_v2_t {
        var memory = nvmlMemory_v2_t()
        memory.version = NVML_MEMORY_V2_VERSION
        let call = try function("nvmlDeviceGetMemoryInfo_v2", as: PFN_nvmlDeviceGetMemoryInfo_v2.self)
        try #require(call(device, &memory) == NVML_SUCCESS)
        return memory
    }

    /// One unsigned number about a GPU.
    func number(_ name: String, _ device: nvmlDevice_t) throws -> UInt32 {
        var number: UInt32 = 0
        try #require(function(name, as: PFN_nvmlDeviceGetPowerUsage.self)(device, &number) == NVML_SUCCESS)
        return number
    }

    /// What a function with one value to fill answers.
    func result<Value>(_ name: String, _ device: nvmlDevice_t?, _ value: inout Value) throws -> nvmlReturn_t {
        typealias Call = @convention(c) (nvmlDevice_t?, UnsafeMutableRawPointer?) -> nvmlReturn_t
        let call = try function(name, as: Call.self)
        return withUnsafeMutablePointer(to: &value) { call(device, UnsafeMutableRawPointer($0)) }
    }

    /// One value about a GPU, put into what is given.
    func value<Value>(_ name: String, _ device: nvmlDevice_t?, into start: Value) throws -> Value {
        var value = start
        try #require(result(name, device, &value) == NVML_SUCCESS, "\(name)")
        return value
    }

    /// One field; nil where the GPU or its driver does not have it.
    func field(_ id: Int, _ device: nvmlDevice_t, scope: UInt32 = 0) throws -> UInt64? {
        var value = nvmlFieldValue_t()
        value.fieldId = UInt32(id)
        value.scopeId = scope
        let call = try function("nvmlDeviceGetFieldValues", as: PFN_nvmlDeviceGetFieldValues.self)
        try #require(call(device, 1, &value) == NVML_SUCCESS)
        return value.nvmlReturn == NVML_SUCCESS ? value.value.ullVal : nil
    }

    func energy(_ device: nvmlDevice_t) throws -> UInt64 {
        var energy: UInt64 = 0
        let call = try function(
            "nvmlDeviceGetTotalEnergyConsumption", as: PFN_nvmlDeviceGetTotalEnergyConsumption.self)
        try #require(call(device, &energy) == NVML_SUCCESS)
        return energy
    }

    func computePIDs(_ device: nvmlDevice_t) throws -> [UInt32] {
        var count: UInt32 = 256
        var entries = [nvmlProcessInfo_t](repeating: nvmlProcessInfo_t(), count: 256)
        let call = try function(
            "nvmlDeviceGetComputeRunningProcesses_v3", as: PFN_nvmlDeviceGetComputeRunningProcesses_v3.self)
        try #require(call(device, &count, &entries) == NVML_SUCCESS)
        return entries.prefix(Int(count)).map(\.pid)
    }
}

/// A process that does nothing until it is ended.
final class Sleeper {
    let pid: pid_t
    private var isEnded = false

    init() throws {
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
        defer { arguments.forEach { free($0) } }
        var started: pid_t = 0
        try #require(posix_spawn(&started, "/bin/sleep", nil, nil, &arguments, nil) == 0)
        pid = started
    }

    func end() {
        guard !isEnded else { return }
        isEnded = true
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    deinit { end() }
}
