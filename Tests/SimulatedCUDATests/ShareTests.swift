import Foundation
import Testing

/// How contexts of several processes share a GPU's time.
struct ShareTests {
    private static let length: UInt64 = 2_000_000_000

    /// The first one's part of the time in per cent, and how much of the time the GPU was busy.
    private func measure(_ first: Int, _ second: Int, kernel: String) async throws -> (part: Double, busy: Double) {
        let machine = try Machine("dgx-a100")
        let path = machine.libraryPath
        let start = String(monotonicNow() + 700_000_000)
        let length = String(Self.length)
        async let one = Tool.output(Built.probePath, [path, "share", String(first), kernel, start, length])
        async let two = Tool.output(Built.probePath, [path, "share", String(second), kernel, start, length])
        let times = try await [one, two].map { text in
            try #require(Double(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        return (100 * times[0] / (times[0] + times[1]), 100 * (times[0] + times[1]) / Double(Self.length))
    }

    @Test(arguments: ["sim_20us", "sim_200us", "sim_2ms", "sim_20ms"])
    func `two contexts of equal load get half each`(kernel: String) async throws {
        let (part, busy) = try await measure(1, 1, kernel: kernel)
        #expect(abs(part - 50) <= 2, "\(part) %")
        // Changes of context cost, and nothing else does.
        #expect(busy > 90 && busy <= 101, "\(busy) %")
    }

    @Test(arguments: ["sim_200us", "sim_2ms"])
    func `a process with two contexts gets two thirds against one with one`(kernel: String) async throws {
        let (part, _) = try await measure(2, 1, kernel: kernel)
        #expect(abs(part - 200.0 / 3) <= 2, "\(part) %")
    }

    @Test func `a launch costs less than a hundred nanoseconds`() async throws {
        let machine = try Machine("dgx-a100")
        let cost = try #require(
            Int(try await machine.probe(["cost"]).trimmingCharacters(in: .whitespacesAndNewlines)))
        #if DEBUG
            // Nothing is inlined in a build for debugging.
            #expect(cost < 1500)
        #else
            #expect(cost < 100)
        #endif
    }
}
