import Foundation
import LimiterAgent
import Testing

/// What the simulated driver does not have, on a driver that only answers.
@Suite(.enabled(if: Tool.isThere("cc") && Tool.isThere("python3"), "a C compiler or python3 is not installed"))
struct SparseTests {
    @Test
    func `sparse arrays, multicast objects, green contexts and others' pools keep the memory of what they are made of`()
        async throws
    {
        let place = FileManager.default.temporaryDirectory.path + "/divvy-sparse-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let real = place + "/" + LimiterLibrary.realName
        _ = try await Tool.output("cc", ["-w", "-shared", "-fPIC", "-o", real, Built.programs + "/driver.c"])
        let library = place + "/limiter.so"
        try LimiterLibrary.install(built: Built.limiterPath, real: real, to: library)
        let part = LimitedPart(
            uuid: [UInt8](repeating: 7, count: 16), memory: 1 << 30, contextCharge: 300 << 20, milli: 500)
        let container = try LimitedContainer(directory: place, parts: [part])
        let text = try await Tool.output("python3", [Built.programs + "/sparse.py", library])
        #expect(text == "ok\n")
        #expect(container.memoryHeld(part: 0) == 0)
    }
}
