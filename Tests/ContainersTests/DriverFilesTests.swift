import Foundation
import Testing

@testable import Containers

@Suite struct DriverFilesTests {
    private func libraryNames(_ layout: DriverLayout, _ capabilities: [String] = [], version: String? = "535.1")
        -> [String]
    {
        DriverFiles(library: layout.library, version: version).libraries(for: DriverCapability.named(capabilities))
            .map(\.name)
    }

    @Test func `capabilities choose the libraries`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(
                in: root, versioned: ["libnvidia-ml", "libcuda", "libnvidia-encode", "libnvidia-eglcore", "libelse"])
            func stems(_ words: [String]) -> Set<String> {
                Set(libraryNames(layout, words).map { String($0.prefix { $0 != "." }) })
            }
            #expect(stems([]) == ["libnvidia-ml", "libcuda"])
            #expect(stems(["utility"]) == ["libnvidia-ml"])
            #expect(stems(["video"]) == ["libnvidia-ml", "libnvidia-encode"])
            #expect(stems(["compute", "graphics"]) == ["libnvidia-ml", "libcuda", "libnvidia-eglcore"])
            #expect(stems(["all"]) == ["libnvidia-ml", "libcuda", "libnvidia-encode", "libnvidia-eglcore"])
        }
    }

    @Test func `of two drivers' files only the loaded driver's are taken`() async throws {
        try await withDirectory { root in
            _ = try DriverLayout(in: root, versioned: ["libnvidia-ml", "libcuda"], version: "535.1")
            let layout = try DriverLayout(in: root, versioned: ["libnvidia-ml", "libcuda"], version: "470.9")
            #expect(libraryNames(layout).contains("libcuda.so.535.1"))
            #expect(!libraryNames(layout).contains("libcuda.so.470.9"))
            // Without a version, the link that programs load by decides.
            #expect(!libraryNames(layout, version: nil).contains("libcuda.so.470.9"))
            #expect(libraryNames(layout, version: nil).contains("libcuda.so.1"))
        }
    }

    @Test func `a driver behind links to another directory is found there`() async throws {
        try await withDirectory { root in
            let real = try DriverLayout(in: root + "/current", versioned: ["libnvidia-ml", "libcuda"])
            try FileManager.default.createDirectory(atPath: root + "/lib", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: root + "/lib/libnvidia-ml.so.1", withDestinationPath: real.library)
            let found = DriverFiles(library: root + "/lib/libnvidia-ml.so.1", version: "535.1")
                .libraries(for: [.compute, .utility])
            #expect(found.map(\.name).contains("libcuda.so.1"))
            #expect(found.filter { $0.name == "libnvidia-ml.so.1" }.count == 1)
            #expect(found.allSatisfy { $0.hostPath.hasSuffix(".535.1") })
        }
    }
}
