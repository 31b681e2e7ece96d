import Foundation
import Testing

/// What is loaded into other people's processes must bring nothing along.
@Suite(.enabled(if: Tool.isThere("nm") && Tool.isThere("readelf"), "nm and readelf (binutils) are not installed"))
struct BinaryTests {
    @Test func `only names of the driver are exported`() async throws {
        let symbols = try await Tool.output("nm", ["-D", "--defined-only", Built.libraryPath]).split(separator: "\n")
            .compactMap { $0.split(separator: " ").last }
        #expect(symbols.count >= 428)
        #expect(symbols.filter { !$0.hasPrefix("nvml") } == [])
    }

    @Test(arguments: Built.libraries)
    func `a container with glibc 2,17 can load it`(library: String) async throws {
        let versions = try await Tool.output("nm", ["-D", "--undefined-only", library])
            .matches(of: /GLIBC_(\d+)\.(\d+)/).compactMap { match in
                Int(match.1).flatMap { major in Int(match.2).map { major * 1000 + $0 } }
            }
        #expect(try #require(versions.max()) <= 2017)
    }

    @Test(arguments: Built.libraries)
    func `it is found under the driver's name and needs nothing but libc`(library: String) async throws {
        let dynamic = try await Tool.output("readelf", ["-d", library])
        let name = try #require(library.split(separator: "/").last)
        #expect(dynamic.contains("Library soname: [\(name).1]"))
        let needed = dynamic.matches(of: /\(NEEDED\).*\[(.+)\]/).map { String($0.1) }
        #expect(Set(needed).isSubset(of: ["libc.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2"]))
    }
}
