import Foundation
import Testing

/// Many processes that use a machine at random and die in all ways.
struct SoakTests {
    private static let processes = 64
    /// A minute on a build server, seconds elsewhere.
    private static var seconds: Double {
        let wanted = ProcessInfo.processInfo.environment["DIVVY_SOAK_SECONDS"].flatMap(Double.init)
        return wanted ?? (Tool.isPromised ? 60 : 12)
    }

    @Test func `after a soak the books balance to the byte and no lock is held`() async throws {
        let machine = try Machine("dgx-a100")
        let monitor = try Monitor(machine)
        let path = machine.libraryPath
        let end = Date().addingTimeInterval(Self.seconds)
        let reports = await withTaskGroup(of: [String].self) { group in
            for worker in 0..<Self.processes {
                group.addTask { await Self.work(path, worker, until: end) }
            }
            // Meanwhile nobody ever gets what another one has.
            while Date() < end {
                for gpu in 0..<2 as Range<UInt32> {
                    guard let (used, total) = try? monitor.memory(gpu: gpu) else { continue }
                    #expect(used <= total)
                    #expect(used % (2 << 20) == 0)
                }
                try? await Task.sleep(for: .milliseconds(20))
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(reports) == [])

        // Whoever died with the lock of a GPU has to be followed by somebody who takes it.
        let holders = try [1 << 20, 5 << 20, 1 << 30].map { try Holder(machine, bytes: $0) }
        for gpu in ["0", "1"] { _ = try await machine.probe(["room", gpu]) }
        usleep(2000)
        let blocks = UInt64((2 << 20) + (6 << 20) + (1 << 30))
        #expect(try monitor.memory(gpu: 0).used == 3 * (256 << 20) + blocks)
        #expect(try monitor.processes(gpu: 0).map(\.pid).sorted() == holders.map { UInt32($0.pid) }.sorted())
        for holder in holders { holder.end() }
        usleep(2000)
        for gpu in 0..<2 as Range<UInt32> {
            #expect(try monitor.processes(gpu: gpu) == [])
            #expect(try monitor.memory(gpu: gpu).used == 0)
            #expect(try TimeFile(machine).lockHolder(gpu: Int(gpu)) == 0)
        }
    }

    /// Runs probes one after the other; what they complained of. That they die is what they are for.
    private static func work(_ path: String, _ worker: Int, until end: Date) async -> [String] {
        var complaints: [String] = []
        var round = 0
        while Date() < end {
            round += 1
            let length = String(UInt64.random(in: 50_000_000...2_000_000_000))
            let arguments = [path, "soak", String(worker * 1000 + round), length]
            guard let result = try? await Tool.result(Built.probePath, arguments) else { continue }
            if result.text.contains("probe:") { complaints.append(result.text) }
        }
        return complaints
    }
}
