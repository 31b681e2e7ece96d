import CNVML
import Foundation
import SimulatedDevices
import Testing

/// The table of all functions, and that the library does what it says.
@Suite struct ConformanceTests {
    @Test(.enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func `stubs and the table are current`() async throws {
        _ = try await Tool.output("python3", [Built.root + "/Scripts/generate-nvml-tables", "--check"])
    }

    @Test(arguments: SimulatedProfile.Driver.all.map(\.branch))
    func `a driver has the functions of its version and no newer ones`(branch: Int) throws {
        let machine = try Machine("dgx-h100", driver: "\(branch)")
        let driver = try LoadedDriver(machine)
        let device = try driver.device(0)
        // Nothing behind a null pointer is read by a function that checks its arguments.
        typealias Call = @convention(c) (UnsafeRawPointer?, UInt, UInt, UInt, UInt, UInt) -> nvmlReturn_t
        for known in try Self.functions() where !Self.special.contains(known.name) {
            let first = known.takesDevice ? UnsafeRawPointer(device) : nil
            let result = try driver.function(known.name, as: Call.self)(first, 0, 0, 0, 0, 0)
            if known.branch > branch {
                #expect(result == NVML_ERROR_FUNCTION_NOT_FOUND, "\(known.name) of r\(known.branch)")
            } else {
                #expect(result != NVML_ERROR_FUNCTION_NOT_FOUND, "\(known.name) of r\(known.branch)")
                #expect(result.rawValue <= 30, "\(known.name)")
            }
        }
    }

    @Test func `before the start no function does anything`() throws {
        let machine = try Machine("2x-rtx-4090")
        let library = try #require(dlopen(machine.instance.libraryPath, RTLD_NOW | RTLD_LOCAL))
        defer { dlclose(library) }
        typealias Call = @convention(c) (UInt, UInt, UInt, UInt, UInt, UInt) -> nvmlReturn_t
        for known in try Self.functions() where !Self.special.contains(known.name) {
            let call = unsafeBitCast(try #require(dlsym(library, known.name)), to: Call.self)
            let result = call(0, 0, 0, 0, 0, 0)
            let isRefused = [NVML_ERROR_UNINITIALIZED, NVML_ERROR_INVALID_ARGUMENT].contains(result)
            #expect(isRefused, "\(known.name) answers \(result.rawValue)")
        }
    }

    @Test(arguments: SimulatedProfile.Driver.all)
    func `a driver says its version`(version: SimulatedProfile.Driver) throws {
        let machine = try Machine("2x-rtx-4090", driver: version.version)
        let driver = try LoadedDriver(machine)
        var text = [CChar](repeating: 0, count: 80)
        let call = try driver.function("nvmlSystemGetDriverVersion", as: PFN_nvmlSystemGetDriverVersion.self)
        #expect(call(&text, 80) == NVML_SUCCESS)
        #expect(
            String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) == version.version)
        var cuda: Int32 = 0
        let cudaVersion = try driver.function(
            "nvmlSystemGetCudaDriverVersion_v2", as: PFN_nvmlSystemGetCudaDriverVersion_v2.self)
        #expect(cudaVersion(&cuda) == NVML_SUCCESS)
        #expect(Int(cuda) == version.cudaVersion)
    }

    /// They start and end the library, wait, or return no result.
    private static let special: Set<String> = [
        "nvmlInit", "nvmlInit_v2", "nvmlInitWithFlags", "nvmlShutdown", "nvmlErrorString",
    ]

    private struct Known {
        let name: String
        let branch: Int
        let takesDevice: Bool
    }

    private static func functions() throws -> [Known] {
        let text = try String(contentsOfFile: Built.root + "/Scripts/nvml-functions.txt", encoding: .utf8)
        return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let words = line.split(separator: " ").map(String.init)
            try #require(words.count >= 3)
            return Known(name: words[0], branch: try #require(Int(words[1])), takesDevice: words[2] == "device")
        }
    }
}
