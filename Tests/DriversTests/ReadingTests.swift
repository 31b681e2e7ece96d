import Engine
import Fleet
import Foundation
import Testing

@testable import Drivers

@Suite struct `Looking at GPUs` {
    @Test func `what a GPU is comes from the driver`() async throws {
        let scan = await (try DriverStub()).source().scan()
        #expect(scan.node.gpus.count == 2)
        #expect(
            scan.node.gpus.last
                == GPU(
                    id: GPUID("GPU-00000000-0000-0000-0000-000000000001"), index: 1, minor: 6, name: "NVIDIA Stub 80GB",
                    memory: GPU.Memory(total: .gibibytes(80), reserved: .mebibytes(512)), computeCapability: "9.0",
                    multiprocessors: 132, pciAddress: "0000FFF0:A1:00.0", numaNode: 0, mig: .off))
        #expect(scan.node.cpuAffinity == ["0-15,64,66", "0-15,64,66"])
        #expect(scan.health == [.healthy, .healthy])
    }

    @Test func `readings come from the driver, and one that it does not support is nil`() async throws {
        let reading = try #require(await (try DriverStub()).source().scan().readings.first)
        var expected = GPUReading()
        expected.memoryUsed = .mebibytes(1536)
        expected.utilisationPercent = 42
        expected.memoryUtilisationPercent = 17
        expected.powerMilliwatts = 301_500
        expected.powerLimitMilliwatts = 700_000
        expected.energyMillijoules = 1 << 40
        expected.temperatureCelsius = 61
        expected.fanPercent = nil
        expected.smClockMegahertz = 1980
        expected.memoryClockMegahertz = 2619
        expected.eccCorrected = 3
        expected.eccUncorrected = 0
        #expect(reading == expected)
    }

    @Test func `functions that a driver lacks are readings that are not there`() async throws {
        let scan = await (try DriverStub(.minimal)).source().scan()
        try #require(scan.health == [.healthy, .healthy])
        let gpu = try #require(scan.node.gpus.first)
        #expect(gpu.name == "NVIDIA GPU")
        #expect(gpu.memory == GPU.Memory(total: .gibibytes(80), reserved: .zero))
        #expect(gpu.mig == .unsupported)
        #expect(gpu.computeCapability == nil && gpu.multiprocessors == nil && gpu.numaNode == nil)
        #expect(scan.node.driver?.version == "unknown")
        #expect(scan.node.links[0][1] == Link(path: .unknown, nvlinks: 0))
        var onlyMemory = GPUReading()
        onlyMemory.memoryUsed = .gibibytes(2)
        #expect(scan.readings[0] == onlyMemory)
    }

    @Test func `facts are read once, and again when MIG is switched`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 1])
        let source = stub.source()
        let first = await source.scan()
        let before = stub[.calls]
        _ = await source.scan()
        let perScan = stub[.calls] - before
        #expect(before > perScan, "\(before) calls for the first scan, \(perScan) for the second")
        stub[.migMode] = 1
        let second = await source.scan()
        #expect(first.node.gpus.map(\.mig) == [.off])
        #expect(second.node.gpus.map(\.mig) == [.on])
    }

    @Test func `a GPU whose memory cannot be read is not healthy`() async throws {
        let stub = try DriverStub(.plain, [.noMemoryReading: 1])
        let scan = await stub.source().scan()
        #expect(scan.reason(0)?.contains("nvmlDeviceGetMemoryInfo_v2 failed: this GPU or driver") == true)
        #expect(scan.readings.map(\.memoryUsed) == [nil, nil])
    }

    @Test func `a GPU that the driver wants reset is not healthy and is read all the same`() async throws {
        let stub = try DriverStub(.plain, [.recovery: 1])
        let scan = await stub.source().scan()
        try #require(scan.health.count == 2)
        #expect(scan.reason(0) == "the driver asks for a reset of the GPU")
        #expect(scan.readings[0].temperatureCelsius == 61)
        stub[.recovery] = 0
        stub[.resetGPUs] = 0b10
        let other = await stub.source().scan()
        #expect(other.health.first == .healthy)
        #expect(other.reason(1)?.contains("the GPU needs a reset") == true)
    }

    @Test func `a pair without NVLink is joined by its path, and a scan after the first knows it too`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 4])
        let source = stub.source()
        for _ in 0..<2 {
            let links = await source.scan().node.links
            try #require(links.count == 4)
            #expect(links[0].map(\.letters) == ["?", "PIX", "SYS", "SYS"])
            #expect(links[3].map(\.letters) == ["SYS", "SYS", "PIX", "?"])
        }
    }

    @Test(arguments: [DriverStub.Kind.plain, .oldDriver])
    func `NVLinks between two GPUs are counted`(kind: DriverStub.Kind) async throws {
        let links = await (try DriverStub(kind, [.gpuCount: 3, .links: 1])).source().scan().node.links
        try #require(links.count == 3)
        #expect(links[0].map(\.letters) == ["?", "NV4", "SYS"])
        #expect(links[1][0] == Link(path: .oneSwitch, nvlinks: 4))
        #expect(links[2].map(\.letters) == ["SYS", "SYS", "?"])
    }

    @Test(arguments: [DriverStub.Kind.plain, .oldDriver])
    func `through an NVSwitch each GPU reaches each other one with all of its links`(
        kind: DriverStub.Kind
    ) async throws {
        let links = await (try DriverStub(kind, [.gpuCount: 4, .links: 2])).source().scan().node.links
        try #require(links.count == 4)
        #expect(links[0].map(\.letters) == ["?", "NV12", "NV12", "NV12"])
        #expect(links[2][3] == Link(path: .oneSwitch, nvlinks: 12))
    }

    @Test func `an error that the driver reports is told with the GPU`() async throws {
        let stub = try DriverStub()
        let source = stub.source()
        let gpu = try #require(await source.scan().node.gpus.first)
        stub[.pendingXID] = 79
        var faults = source.faults.makeAsyncIterator()
        #expect(await faults.next() == DeviceFault(gpu: gpu.id, code: 79))
    }

    @Test func `CPUs are written as ranges`() {
        #expect(NVMLDevice.list([]) == "")
        #expect(NVMLDevice.list([3]) == "3")
        #expect(NVMLDevice.list([0, 1, 2, 5, 64, 65]) == "0-2,5,64-65")
        #expect(NVMLDevice.numbers(in: [0b101, 1 << 63]) == [0, 2, 127])
    }

    @Test(arguments: [((7, 0), 64), ((8, 0), 64), ((8, 6), 128), ((9, 0), 128), ((12, 0), 128)])
    func `cores of a multiprocessor`(capability: (Int, Int), cores: Int) {
        #expect(GPUFacts.coresPerMultiprocessor((major: capability.0, minor: capability.1)) == cores)
    }

    @Test func `a generation that is not known has no number of cores`() {
        #expect(GPUFacts.coresPerMultiprocessor((major: 99, minor: 0)) == nil)
    }
}
