import Foundation
import SimulatedDevices
import Testing

/// How clients of one server share a GPU's time.
struct ServiceTimeTests {
    private static let length: UInt64 = 1_500_000_000

    /// What part of the time's kernels each got, in per cent; a program without a percentage computes without the server.
    private func measure(_ machine: borrowing Machine, _ percentages: [Int?]) async throws -> [Double] {
        let control = try Control(machine)
        let start = String(monotonicNow() + 1_500_000_000)
        let path = machine.libraryPath
        let pipe = control.pipe
        return try await withThrowingTaskGroup { group in
            for (index, percentage) in percentages.enumerated() {
                group.addTask {
                    let environment =
                        percentage.map {
                            ["CUDA_MPS_PIPE_DIRECTORY": pipe, "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": String($0)]
                        } ?? ["CUDA_MPS_PIPE_DIRECTORY": "/nowhere"]
                    let text = try await Tool.output(
                        Built.probePath, [path, "share", "1", "sim_200us", start, String(Self.length)],
                        environment: environment)
                    let done = try #require(Double(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                    return (index, 100 * done / Double(Self.length))
                }
            }
            var parts = [Double](repeating: 0, count: percentages.count)
            for try await (index, part) in group { parts[index] = part }
            withExtendedLifetime(control) {}
            return parts
        }
    }

    private func isAbout(_ part: Double, _ expected: Double) -> Bool { abs(part - expected) <= 4 }

    @Test func `a client alone gets no more than its percentage`() async throws {
        let machine = try Machine("dgx-a100")
        let parts = try await measure(machine, [50])
        #expect(isAbout(parts[0], 50), "\(parts)")
    }

    @Test func `clients run at the same time, each at its percentage`() async throws {
        let machine = try Machine("dgx-a100")
        let parts = try await measure(machine, [50, 25])
        #expect(isAbout(parts[0], 50) && isAbout(parts[1], 24), "\(parts)")
    }

    @Test func `clients with more than the whole GPU together share it in proportion`() async throws {
        let machine = try Machine("dgx-a100")
        let parts = try await measure(machine, [100, 50])
        #expect(isAbout(parts[0], 67) && isAbout(parts[1], 33), "\(parts)")
    }

    @Test func `to a program without the server its clients are one`() async throws {
        let machine = try Machine("dgx-a100")
        let parts = try await measure(machine, [50, 50, nil])
        #expect(isAbout(parts[2], 49), "\(parts)")
        #expect(isAbout(parts[0], 24) && isAbout(parts[1], 24), "\(parts)")
    }
}
