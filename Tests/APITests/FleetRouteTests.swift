import API
import Fleet
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct FleetRouteTests {
    @Test func `the fleet is shown with everything that is known of it`() async throws {
        try await TestDaemon.serving { daemon in
            let fleet = try await APIClient(socket: daemon.socket).fleet()
            #expect(fleet.node == "box")
            #expect(fleet.driver?.note == "simulated (dgx-a100)")
            #expect(fleet.links == [["X"]])
            #expect(fleet.waiting == 2)
            let gpu = try #require(fleet.gpus.first)
            #expect(gpu.model == "a100-sxm4-40gb")
            #expect(gpu.memory.foreignBytes == 1 << 30)
            #expect(gpu.reading.powerWatts == 61.5)
            #expect(gpu.reading.fanPercent == nil)
            #expect(gpu.health == GPUView.Health(state: .healthy, reason: nil))
            #expect(gpu.processes.first?.lease == LeaseID(number: 1))
            // The engine would grant all sizes but an eighth; a half and two quarters add up from what is free.
            #expect(fleet.requestable.map(\.request) == ["1", "0.5", "0.25", "0.125"])
            #expect(fleet.requestable.map(\.count) == [1, 1, 2, 0])
        }
    }

    @Test func `the daemon says who it is`() async throws {
        try await TestDaemon.serving { daemon in
            let version = try await APIClient(socket: daemon.socket).version()
            #expect(version.version == "0.1.0")
            #expect(version.apiVersion == "v1")
            #expect(version.pid == getpid())
            #expect(version.socket == daemon.socket)
            #expect(version.driver?.version == "535.261.03")
        }
    }

    @Test func `a reading that there is not is null in the text itself`() async throws {
        try await TestDaemon.serving { daemon in
            let answer = try await RawConnection.call(daemon.socket, "GET", "/v1/fleet")
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""fanPercent":null"#))
        }
    }
}
