import CLimiter
import Foundation
import LimiterAgent
import SimulatedDevices
import Testing

/// What is loaded into other people's processes must bring nothing along.
@Suite(.enabled(if: Tool.isThere("nm") && Tool.isThere("readelf"), "nm and readelf (binutils) are not installed"))
struct BinaryTests {
    private static func rows(_ path: String) throws -> [[String]] {
        try String(contentsOfFile: Built.root + "/Sources/Injected/" + path, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map { $0.split(separator: "\t").map(String.init) }
    }

    @Test func `nothing is exported but the names that it changes, in all their forms`() async throws {
        let symbols = try await Tool.output("nm", ["-D", "--defined-only", "--extern-only", Built.limiterPath])
            .split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
        let changed = Set(try Self.rows("Limiter/Tables/hooks.tsv").filter { $0[1] != "real" }.map { $0[0] })
        let wanted = try Self.rows("SimulatedDriver/CUDA/Tables/entry-points.tsv").map { $0[0] }
            .filter { changed.contains($0.replacing(/_pt[sd][sz]$/, with: "")) }
        #expect(Set(symbols) == Set(wanted))
        #expect(wanted.contains("cuLaunchKernel_ptsz"))
    }

    @Test func `a container with glibc 2,17 can load it`() async throws {
        let versions = try await Tool.output("nm", ["-D", "--undefined-only", Built.limiterPath])
            .matches(of: /GLIBC_(\d+)\.(\d+)/).compactMap { match in
                Int(match.1).flatMap { major in Int(match.2).map { major * 1000 + $0 } }
            }
        #expect(try #require(versions.max()) <= 2017)
    }

    @Test func `it has the driver's name, and needs libc, libdl, libpthread and the real library`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one")
        for (path, more) in [(Built.limiterPath, []), (container.library, [container.place + "/libcuda.so.1"])] {
            let dynamic = try await Tool.output("readelf", ["-d", "-W", path])
            #expect(dynamic.contains("Library soname: [libcuda.so.1]"))
            let needed = Set(dynamic.matches(of: /\(NEEDED\).*\[(.+)\]/).map { String($0.1) })
            #expect(needed.isSuperset(of: ["libdl.so.2", "libpthread.so.0"] + more))
            #expect(
                needed.isSubset(of: ["libc.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2"] + more))
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: Built.limiterPath)
        print("limiter: \(attributes[.size] ?? 0) bytes")
    }

    @Test func `its view of NVML is held to the same`() async throws {
        let symbols = try await Tool.output("nm", ["-D", Built.viewPath])
        let defined = symbols.split(separator: "\n").filter { $0.contains(" T ") }
            .compactMap { $0.split(separator: " ").last.map(String.init) }
        let known = try String(contentsOfFile: Built.root + "/Scripts/nvml-functions.txt", encoding: .utf8)
            .split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        let told =
            /nvmlDeviceGet(MemoryInfo|UtilizationRates|ProcessUtilization|(Compute|Graphics|MPSCompute)RunningProcesses)(_v\d)?/
        let forbidden = /nvmlDevice(Set|Clear|Reset|Freeze|PowerSmoothing)\w+/
        let wanted = known.filter {
            ($0.wholeMatch(of: told) != nil || $0.wholeMatch(of: forbidden) != nil) && !$0.hasSuffix("CpuAffinity")
        }
        #expect(Set(defined) == Set(wanted))
        #expect(wanted.contains("nvmlDeviceSetPersistenceMode") && !wanted.contains("nvmlInternalGetExportTable"))
        let attributes = try FileManager.default.attributesOfItem(atPath: Built.viewPath)
        print("view of NVML: \(attributes[.size] ?? 0) bytes")
        let versions = symbols.matches(of: /GLIBC_2\.(\d+)/).compactMap { Int($0.1) }
        #expect(try #require(versions.max()) <= 17)
        let dynamic = try await Tool.output("readelf", ["-d", "-W", Built.viewPath])
        #expect(dynamic.contains("Library soname: [libnvidia-ml.so.1]"))
        let needed = Set(dynamic.matches(of: /\(NEEDED\).*\[(.+)\]/).map { String($0.1) })
        #expect(needed.isSubset(of: ["libc.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2"]))
    }

    @Test func `what is no limiter is not installed, nor at a path that cannot be`() throws {
        let path = FileManager.default.temporaryDirectory.path + "/divvy-\(UUID().uuidString)"
        defer { unlink(path) }
        #expect(throws: LimiterError.self) {
            try LimiterLibrary.install(built: Built.nvmlPath, real: "/run/divvy/limiter/libcuda.so.1", to: path)
        }
        for real in ["libcuda.so.1", "/" + String(repeating: "x", count: 240)] {
            #expect(throws: LimiterError.self) {
                try LimiterLibrary.install(built: Built.limiterPath, real: real, to: path)
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        try LimiterLibrary.install(
            built: Built.limiterPath, real: "/" + String(repeating: "x", count: 238), to: path)
        // What was installed is no longer what was built.
        #expect(throws: LimiterError.self) { try LimiterLibrary.install(built: path, real: "/a", to: path) }
    }

    @Test(.enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func `the functions are those of the tables`() async throws {
        _ = try await Tool.output("python3", [Built.root + "/Scripts/generate-limiter-tables", "--check"])
    }
}
