import Foundation
import Testing

/// What is loaded into other people's processes must bring nothing along.
@Suite(.enabled(if: Tool.isThere("nm") && Tool.isThere("readelf"), "nm and readelf (binutils) are not installed"))
struct BinaryTests {
    @Test func `only names of the driver are exported, and all of them`() async throws {
        let symbols = try await Tool.output("nm", ["-D", "--defined-only", "--extern-only", Built.cudaPath]).split(
            separator: "\n"
        )
        .compactMap { $0.split(separator: " ").last.map(String.init) }
        let table = Built.root + "/Sources/Injected/SimulatedDriver/CUDA/Tables/entry-points.tsv"
        let names = try String(contentsOfFile: table, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.compactMap { $0.split(separator: "\t").first.map(String.init) }
        #expect(Set(symbols).subtracting(names) == [])
        #expect(Set(names).subtracting(symbols) == [])
    }

    @Test func `a container with glibc 2,17 can load it`() async throws {
        let versions = try await Tool.output("nm", ["-D", "--undefined-only", Built.cudaPath])
            .matches(of: /GLIBC_(\d+)\.(\d+)/).compactMap { match in
                Int(match.1).flatMap { major in Int(match.2).map { major * 1000 + $0 } }
            }
        #expect(try #require(versions.max()) <= 2017)
    }

    @Test func `it is found under the driver's name and needs nothing but libc`() async throws {
        let dynamic = try await Tool.output("readelf", ["-d", Built.cudaPath])
        #expect(dynamic.contains("Library soname: [libcuda.so.1]"))
        let needed = dynamic.matches(of: /\(NEEDED\).*\[(.+)\]/).map { String($0.1) }
        // Threads are in a library of their own where glibc is older than 2.34.
        #expect(needed.contains("libpthread.so.0"))
        #expect(Set(needed).isSubset(of: ["libc.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2"]))
    }

    @Test(.enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func `tables and their document are those of the sources`() async throws {
        _ = try await Tool.output("python3", [Built.root + "/Scripts/generate-cuda-tables", "--check"])
    }
}
