import Engine
import Fleet
import Foundation
import Testing

@testable import Drivers

@Suite struct `Drivers that misbehave` {
    /// Long enough for a busy machine to answer where nothing hangs.
    private let deadline = Span(seconds: 2)

    @Test func `one GPU that hangs is unhealthy, the others are read, and the scan returns in time`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 3])
        let source = stub.source(deadline: deadline)
        #expect(await source.scan().health == [.healthy, .healthy, .healthy])
        stub[.hangingGPUs] = 0b010
        let started = ContinuousClock.now
        let hanging = await source.scan()
        #expect(ContinuousClock.now - started < .seconds(6))
        try #require(hanging.health.count == 3)
        #expect(hanging.reason(1) == "driver call nvmlDeviceGetMemoryInfo_v2 did not return in 2 s")
        #expect(hanging.health[0] == .healthy && hanging.health[2] == .healthy)
        #expect(hanging.readings[1] == GPUReading())
        #expect(hanging.readings[2].temperatureCelsius == 61)

        let startedAgain = ContinuousClock.now
        for _ in 0..<10 { #expect(await source.scan().reason(1) == hanging.reason(1)) }
        #expect(ContinuousClock.now - startedAgain < .seconds(10), "what hangs already is not waited for again")

        stub[.hangingGPUs] = 0
        let after = try await scan(source) { $0.health == [.healthy, .healthy, .healthy] }
        #expect(after.readings[1].temperatureCelsius == 61)
    }

    @Test func `GPUs that all hang take one deadline, not one each`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 4])
        let source = stub.source(deadline: deadline)
        _ = await source.scan()
        stub[.hangingGPUs] = 0b1111
        let started = ContinuousClock.now
        let scan = await source.scan()
        #expect(ContinuousClock.now - started < .seconds(6), "four deadlines are 8 s")
        #expect((0..<4).allSatisfy { scan.reason($0)?.hasSuffix("did not return in 2 s") == true })
    }

    @Test func `a GPU that hangs before it was ever seen says why there is none`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 1, .hangingGPUs: 1])
        let source = stub.source(deadline: deadline)
        let hanging = await source.scan()
        #expect(hanging.node.gpus.isEmpty)
        #expect(
            hanging.node.whyEmpty == """
                the NVIDIA driver lists 1 GPU, but none can be used: driver call nvmlDeviceGetMemoryInfo_v2 did not \
                return in 2 s
                """)
        stub[.hangingGPUs] = 0
        _ = try await scan(source) { $0.health == [.healthy] }
    }

    @Test func `a driver that takes long to start is waited for once and used when it is there`() async throws {
        let stub = try DriverStub(.plain, [.initHangs: 1])
        let source = stub.source(deadline: deadline)
        #expect(await source.scan().node.whyEmpty == "driver call nvmlInit_v2 did not return in 2 s")
        let started = ContinuousClock.now
        for _ in 0..<10 { #expect(await source.scan().node.gpus.isEmpty) }
        #expect(ContinuousClock.now - started < .seconds(10))
        stub[.initHangs] = 0
        _ = try await scan(source) { $0.health == [.healthy, .healthy] }
        #expect(stub[.inits] == 1)
    }

    @Test func `a driver that hangs as a whole leaves the GPUs known and unhealthy`() async throws {
        let stub = try DriverStub()
        let source = stub.source(deadline: deadline)
        _ = await source.scan()
        stub[.countHangs] = 1
        let hanging = await source.scan()
        try #require(hanging.health.count == 2)
        #expect(hanging.reason(0) == "driver call nvmlDeviceGetCount_v2 did not return in 2 s")
        #expect(hanging.node.driver?.version == "535.261.03")
        stub[.countHangs] = 0
        _ = try await scan(source) { $0.health == [.healthy, .healthy] }
    }

    @Test func `a GPU that fell off the bus is lost, keeps its place, and is found when it is back`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 3])
        let source = stub.source(deadline: deadline)
        let before = await source.scan()
        stub[.lostGPUs] = 0b001
        let lost = await source.scan()
        #expect(lost.node.gpus == before.node.gpus)
        try #require(lost.health.count == 3)
        guard case .lost(let reason) = lost.health[0] else {
            Issue.record("it is \(lost.health[0])")
            return
        }
        #expect(reason.contains("the GPU has fallen off the bus"))
        #expect(lost.health[1] == .healthy && lost.health[2] == .healthy)
        #expect(lost.readings[0] == GPUReading())
        stub[.lostGPUs] = 0
        _ = try await scan(source) { $0.health == [.healthy, .healthy, .healthy] }
    }

    @Test func `when all GPUs are lost the driver is started again now and then, but not before`() async throws {
        let stub = try DriverStub()
        let source = stub.source()
        _ = await source.scan()
        stub[.lostGPUs] = 0b10
        for _ in 0..<20 {
            let scan = await source.scan()
            #expect(scan.health.first == .healthy)
            #expect(scan.reason(1)?.contains("fallen off the bus") == true)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(stub[.inits] == 1)
        stub[.lostGPUs] = 0b11
        _ = try await scan(source) { _ in stub[.inits] >= 2 }
    }

    @Test func `a GPU that the driver no longer lists is lost`() async throws {
        let stub = try DriverStub()
        let source = stub.source(deadline: deadline)
        _ = await source.scan()
        stub[.gpuCount] = 1
        let scan = await source.scan()
        #expect(scan.health == [.healthy, .lost(reason: "the driver no longer lists it")])
    }
}
