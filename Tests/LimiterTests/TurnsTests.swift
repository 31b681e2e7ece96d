import Glibc
import SimulatedDevices
import Testing

@testable import LimiterAgent

/// Whose turn it is, without a GPU: containers that always want one, and whose work runs over its turn.
struct TurnsTests {
    /// Gives turns for a while; the result is what each one has had, and all the time there was.
    private func play(
        _ turns: inout Turns, ids: Set<Int>, kernel: UInt64, for length: UInt64, from start: UInt64 = 1
    ) -> (had: [Int: Double], idle: Double) {
        var now = start
        var had: [Int: Double] = [:]
        var idle = 0.0
        while now < start + length {
            let (index, later) = turns.next(wanting: ids, at: now)
            guard let index else {
                idle += Double((later ?? now + 1) - now)
                now = later ?? now + 1
                continue
            }
            let id = turns.members[index].id
            // The last kernel that begins in the turn is done after it.
            let grant = UInt64(turns.grant(index, alone: ids.count == 1))
            let time = (grant + kernel - 1) / kernel * kernel
            turns.charge(id: id, time)
            turns.noteOverrun(time - grant)
            had[id, default: 0] += Double(time)
            now += time
        }
        return (had, idle)
    }

    @Test(arguments: [20_000, 200_000, 2_000_000, 20_000_000, 100_000_000] as [UInt64])
    func `shares hold however long kernels are`(kernel: UInt64) {
        for milli in [[300, 700], [500, 500], [100, 200, 300, 400], [50, 950]] as [[UInt64]] {
            var turns = Turns()
            for (id, part) in milli.enumerated() { turns.add(id: id, milli: part, most: nil) }
            let (had, _) = play(&turns, ids: Set(milli.indices), kernel: kernel, for: 40_000_000_000)
            let sum = had.values.reduce(0, +)
            for (id, part) in milli.enumerated() {
                let share = 100 * had[id, default: 0] / sum
                #expect(abs(share - Double(part) / 10) <= 1, "\(milli) \(kernel): \(had)")
            }
        }
    }

    @Test(arguments: [20_000, 2_000_000, 20_000_000] as [UInt64])
    func `a cap is kept alone and with others`(kernel: UInt64) {
        var alone = Turns()
        alone.add(id: 1, milli: 500, most: 500)
        let (had, idle) = play(&alone, ids: [1], kernel: kernel, for: 20_000_000_000)
        #expect(abs(had[1, default: 0] / (had[1, default: 0] + idle) - 0.5) < 0.01)
        var both = Turns()
        both.add(id: 1, milli: 200, most: 200)
        both.add(id: 2, milli: 200, most: nil)
        let (parts, rest) = play(&both, ids: [1, 2], kernel: kernel, for: 20_000_000_000)
        #expect(rest == 0)
        #expect(abs(parts[1, default: 0] / (parts[1, default: 0] + parts[2, default: 0]) - 0.2) < 0.01, "\(parts)")
    }

    @Test func `whoever was away has saved nothing up`() {
        var turns = Turns()
        turns.add(id: 1, milli: 500, most: nil)
        turns.add(id: 2, milli: 500, most: nil)
        _ = play(&turns, ids: [1], kernel: 1_000_000, for: 10_000_000_000)
        let (had, _) = play(&turns, ids: [1, 2], kernel: 1_000_000, for: 1_000_000_000, from: 10_100_000_000)
        #expect(abs(had[1, default: 0] - had[2, default: 0]) < 100_000_000, "\(had)")
    }

    @Test func `small parts make the time longer in which everybody has a turn`() {
        var turns = Turns()
        turns.add(id: 1, milli: 900, most: nil)
        #expect(turns.period == 30_000_000)
        turns.add(id: 2, milli: 100, most: nil)
        #expect(turns.period == 50_000_000)
    }
}

/// What the agent makes of files that a container has had in its hands.
struct ContainerFilesTests {
    @Test func `books that were cut short are no end of the agent`() throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one")
        #expect(truncate(container.files.booksPath, 100) == 0)
        #expect(container.files.memoryHeld(part: 0) == 0)
        #expect(truncate(container.files.booksPath, 0) == 0)
        #expect(container.files.account(part: 0) == nil)
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        let other = try machine.container("two")
        _ = keeper.add(container.files, part: 0)
        _ = keeper.add(other.files, part: 0)
        usleep(50_000)
        #expect(other.files.memoryHeld(part: 0) == 0)
    }

    @Test func `an agent that was started again goes on with what there is`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container(
            "one", memory: 1 << 30, contextCharge: 5 << 20, milli: 250, policy: .burst(600), spill: 3 << 20)
        let holder = try Holder(container, bytes: 500 << 20)
        let resumed = try LimitedContainer(resuming: container.place)
        #expect(resumed.parts == container.files.parts)
        #expect(resumed.memoryHeld(part: 0) == 505 << 20)
        holder.end()
        #expect(resumed.memoryHeld(part: 0) == 0)
        #expect(throws: LimiterError.self) { try LimitedContainer(resuming: machine.instance.directory) }
    }
}
