import Foundation
import LimiterAgent
import SimulatedDevices
import Testing

/// What the driver counts and the books do not know: contexts, code, what libraries set aside.
struct DriverMemoryTests {
    private let context: UInt64 = 256 << 20

    private func probe(_ container: TestContainer, _ arguments: [String]) async throws -> String {
        try await Tool.output(Built.probePath, [container.library] + arguments)
    }

    @Test func `contexts are charged once one was seen, and the limit has room for what is left`() async throws {
        let machine = try LimitedMachine()
        let driver = try DriverView(machine)
        let container = try machine.container("one", memory: 1 << 30)
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        _ = keeper.add(container.files, part: 0)
        let holder = try Holder(container, bytes: 100 << 20)
        #expect(try await probe(container, ["fill", "\(2 << 20)"]) == "\(924 << 20)\n")
        for look in 1...3 {
            try keeper.settleMemory { try driver.memory() }
            // One look is no proof: books and driver are not of the same moment.
            if look < 3 {
                #expect(try await probe(container, ["fill", "\(2 << 20)"]) == "\(924 << 20)\n")
            }
        }
        // The holder's context as it was found, and the other one's as it is expected to be.
        #expect(try await probe(container, ["fill", "\(2 << 20)"]) == "\((1024 - 100 - 256 - 256) << 20)\n")
        // A context that does not fit is refused.
        let second = try Holder(container, bytes: 400 << 20)
        #expect(try await Tool.result(Built.probePath, [container.library, "room"]).text.contains("cuCtxCreate: 2"))
        // Whoever is gone is charged no more.
        second.end()
        holder.end()
        for _ in 1...3 { try keeper.settleMemory { try driver.memory() } }
        #expect(try await probe(container, ["fill", "\(2 << 20)"]) == "\((1024 - 256) << 20)\n")
        // Others begin with what is known, and a program holds no more of the GPU than its lease names.
        let other = try machine.container("two", memory: 1 << 30)
        _ = keeper.add(other.files, part: 0)
        let full = try Holder(other, bytes: 768 << 20)
        #expect(try driver.memory()[full.pid] == 1 << 30)
    }

    @Test func `another container's processes are not charged, nor is what is nobody's`() async throws {
        let machine = try LimitedMachine()
        let driver = try DriverView(machine)
        let (one, two) = (try machine.container("one", memory: 1 << 30), try machine.container("two", memory: 1 << 30))
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        for container in [one, two] { _ = keeper.add(container.files, part: 0) }
        let holder = try Holder(two, bytes: 300 << 20)
        for _ in 1...3 {
            try keeper.settleMemory {
                try driver.memory().merging([getpid(): 500 << 20, 1: 500 << 20]) { $1 }
            }
        }
        #expect(try await probe(two, ["room"]) == "\((1024 - 300 - 256 - 256) << 20) \(1 << 30)\n")
        #expect(try await probe(one, ["room"]) == "\((1024 - 256) << 20) \(1 << 30)\n")
        holder.end()
    }

    @Test func `a process that allocates and frees all the time is not charged for more than it holds`() async throws {
        let machine = try LimitedMachine()
        let driver = try DriverView(machine)
        let container = try machine.container("one", memory: 2 << 30)
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        _ = keeper.add(container.files, part: 0)
        let holder = try Holder(container, bytes: 1 << 30, command: "churn")
        for _ in 0..<200 { try keeper.settleMemory { try driver.memory() } }
        holder.end()
        for _ in 1...3 { try keeper.settleMemory { try driver.memory() } }
        let text = try await probe(container, ["fill", "\(2 << 20)"])
        let sum = try #require(UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(sum <= 2 << 30)
        #expect(sum >= (2 << 30) - context)
    }

    @Test func `who writes lies into its books is charged for what the driver sees, and harms nobody else`()
        async throws
    {
        let machine = try LimitedMachine()
        let driver = try DriverView(machine)
        let liar = try machine.container("liar", memory: 4 << 30)
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        _ = keeper.add(liar.files, part: 0)
        let holder = try Holder(liar, bytes: 3 << 30)
        // Its account, and what its only process holds.
        let books = try FileHandle(forWritingTo: URL(fileURLWithPath: liar.files.booksPath))
        for offset in [64 + 8, 64 + 16 * 64 + 32] {
            try books.seek(toOffset: UInt64(offset))
            try books.write(contentsOf: Data(repeating: 0, count: 8))
        }
        #expect(liar.files.memoryHeld(part: 0) == 0)
        for _ in 1...3 { try keeper.settleMemory { try driver.memory() } }
        // What seems to be a context of 3.25 GiB is charged once as memory, and another one does not fit.
        #expect(try await Tool.result(Built.probePath, [liar.library, "room"]).text.contains("cuCtxCreate: 2"))
        let honest = try machine.container("honest", memory: 1 << 30)
        _ = keeper.add(honest.files, part: 0)
        #expect(try await probe(honest, ["fill", "\(2 << 20)"]) == "\(768 << 20)\n")
        let other = try Holder(honest, bytes: 100 << 20)
        for _ in 1...3 { try keeper.settleMemory { try driver.memory() } }
        #expect(try await probe(honest, ["fill", "\(2 << 20)"]) == "\((1024 - 256 - 100 - 256) << 20)\n")
        holder.end()
        other.end()
    }
}
