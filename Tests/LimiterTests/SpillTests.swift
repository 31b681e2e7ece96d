import Foundation
import LimiterAgent
import SimulatedDevices
import Testing

/// Memory of the host in the place of the GPU's, where a container may have that.
struct SpillTests {
    @Test(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
    func `what does not fit any more is on the host, as far as it may be`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30, spill: 512 << 20)
        let text = try await Tool.output(
            try #require(Tool.python), [Built.programs + "/spill.py"],
            environment: ["LD_LIBRARY_PATH": container.libraries, "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(text == "ok\n")
        #expect(container.files.account(part: 0)?.used == 0)
        #expect(container.files.memorySpilled(part: 0) == 0)
    }

    @Test func `nothing spills unless that is asked for`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let text = try await Tool.output(Built.probePath, [container.library, "fill", "\(64 << 20)"])
        #expect(text == "\(1 << 30)\n")
    }

    @Test func `what a killed process had on the host may be another's`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 256 << 20, spill: 256 << 20)
        for _ in 0..<3 {
            let (first, second) = (
                try Holder(container, bytes: 200 << 20), try Holder(container, bytes: 200 << 20)
            )
            #expect(container.files.memoryHeld(part: 0) == 200 << 20)
            #expect(container.files.memorySpilled(part: 0) == 200 << 20)
            #expect(throws: (any Error).self) { try Holder(container, bytes: 200 << 20) }
            first.end()
            second.end()
            #expect(container.files.memorySpilled(part: 0) == 0)
        }
        // The driver itself holds what is on the GPU, and no more.
        let (first, second) = (try Holder(container, bytes: 256 << 20), try Holder(container, bytes: 256 << 20))
        #expect(try DriverView(machine).memoryBesidesContexts() == 256 << 20)
        first.end()
        second.end()
    }
}
