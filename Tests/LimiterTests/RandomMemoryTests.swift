import Foundation
import LimiterAgent
import Testing

/// Many processes that allocate at random and die in all ways.
struct RandomMemoryTests {
    private static let processes = 64
    private static var seconds: Double { Tool.isPromised ? 30 : 8 }

    @Test func `sixty-four processes never have more than the limit together`() async throws {
        let machine = try LimitedMachine()
        let limit: UInt64 = 2 << 30
        let container = try machine.container("one", memory: limit)
        let end = Date().addingTimeInterval(Self.seconds)
        let library = container.library
        let monitor = try DriverView(machine)
        let complaints = await withTaskGroup(of: [String].self) { group in
            for worker in 0..<Self.processes {
                group.addTask {
                    var complaints: [String] = []
                    var round = 0
                    while Date() < end {
                        round += 1
                        let length = String(UInt64.random(in: 100_000_000...1_500_000_000))
                        let arguments = [library, "random", String(worker * 1000 + round), length]
                        let result = try? await Tool.result(Built.probePath, arguments)
                        if let text = result?.text, text.contains("probe:") { complaints.append(text) }
                    }
                    return complaints
                }
            }
            while Date() < end {
                // What the driver itself has given them, without their contexts.
                if let used = try? monitor.memoryBesidesContexts() { #expect(used <= limit) }
                #expect(container.files.account(part: 0).map { $0.used <= limit } == true)
                try? await Task.sleep(for: .milliseconds(5))
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(complaints) == [])
        #expect(container.files.account(part: 0).map { $0.refused > 0 } == true)
        let rest = try await Tool.output(Built.probePath, [library, "room"])
        #expect(rest == "\(limit) \(limit)\n")
        #expect(try await Tool.output(Built.probePath, [library, "fill", "\(1 << 30)"]) == "\(limit)\n")
    }
}
