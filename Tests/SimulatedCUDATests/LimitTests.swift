import CSimulatedDriver
import Foundation
import SimulatedDevices
import Testing

/// The number of this process's cgroup; nil where it cannot be seen.
private var cgroup: UInt64? {
    var numbers = [UInt64](repeating: 0, count: 32)
    return cgroups_of_process(0, &numbers, 32) > 0 ? numbers[0] : nil
}

/// Memory limits of cgroups, which drivers from r615 on enforce.
@Suite(
    .enabled(
        if: cgroup != nil || Tool.isPromised, "the cgroup of this process cannot be seen: /sys/fs/cgroup is not mounted"
    ))
struct LimitTests {
    private func setLimit(_ machine: borrowing Machine, hard: UInt64) throws {
        let file = open(machine.instance.directory + "/dev/nvidiactl", O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let size = MemoryLayout<DeviceModel>.size
        let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
        defer { munmap(memory, size) }
        let model = memory.assumingMemoryBound(to: DeviceModel.self)
        #expect(model_write_limit(model, 0, try #require(cgroup), .max, hard))
    }

    @Test func `processes of a cgroup get no more than its limit together`() throws {
        let machine = try Machine("dgx-a100", driver: "615")
        try setLimit(machine, hard: 4 << 30)
        let first = try Holder(machine, bytes: 2 << 30)
        // Its context and the second one's take half a gibibyte.
        #expect(throws: (any Error).self) { try Holder(machine, bytes: (3 << 29) + (2 << 20)) }
        let second = try Holder(machine, bytes: 3 << 29)
        #expect(throws: (any Error).self) { try Holder(machine, bytes: 1) }
        first.end()
        _ = try Holder(machine, bytes: 1)
        second.end()
    }

    @Test func `a program is told of its limit`() async throws {
        let machine = try Machine("dgx-a100", driver: "615")
        try setLimit(machine, hard: 4 << 30)
        let text = try await machine.probe(["room", "0"])
        #expect(text == "\((4 << 30) - (256 << 20)) \(4 << 30)\n")
    }

    @Test func `an older driver knows no limits`() throws {
        let machine = try Machine("dgx-a100", driver: "580")
        try setLimit(machine, hard: 1 << 30)
        _ = try Holder(machine, bytes: 2 << 30)
    }
}
