import Engine
import Fleet
import Foundation
import Testing

@testable import Drivers

@Suite struct `Finding a driver` {
    @Test func `no library is a node without GPUs that says what was tried`() async {
        let source = NVMLDeviceSource(library: "/nowhere/libnvidia-ml.so.1", nodeName: "box", note: nil)
        let scan = await source.scan()
        #expect(scan.node.gpus.isEmpty)
        #expect(scan.node.name == "box")
        #expect(scan.node.driver == nil)
        #expect(scan.health.isEmpty && scan.readings.isEmpty && scan.node.links.isEmpty)
        #expect(scan.node.whyEmpty == "no NVIDIA driver was found: there is no /nowhere/libnvidia-ml.so.1")
    }

    @Test func `a file that is no library says what the dynamic linker says`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "no-library-\(UUID().uuidString)")
        try Data("hello".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let scan = await NVMLDeviceSource(library: file.path, nodeName: "box", note: nil).scan()
        let why = try #require(scan.node.whyEmpty)
        #expect(why.hasPrefix("the NVIDIA driver library \(file.path) cannot be loaded: "))
    }

    @Test func `a library that has nothing of NVML is said to lack the first function`() async throws {
        let scan = await NVMLDeviceSource(library: "libc.so.6", nodeName: "box", note: nil).scan()
        #expect(scan.node.whyEmpty?.contains("nvmlInit_v2 failed: this driver does not have the function") == true)
    }

    @Test(arguments: [
        (Int32(9), "the NVIDIA driver's kernel module is not loaded"),
        (18, "the NVIDIA driver was updated but the old kernel module still runs"),
        (4, "nvmlInit_v2 failed: no permission (NVML code 4)"),
        (1234, "nvmlInit_v2 failed: an error that is not known here (NVML code 1234)"),
    ])
    func `a driver that does not start says why`(code: Int32, words: String) async throws {
        let stub = try DriverStub(.plain, [.initResult: code])
        let scan = await stub.source().scan()
        #expect(scan.node.gpus.isEmpty)
        #expect(scan.node.whyEmpty?.contains(words) == true, "\(scan.node.whyEmpty ?? "nil")")
    }

    @Test func `a driver without GPUs says so and is still told`() async throws {
        let stub = try DriverStub(.plain, [.gpuCount: 0])
        let scan = await stub.source().scan()
        #expect(scan.node.whyEmpty == "the NVIDIA driver 535.261.03 runs, but finds no GPU")
        #expect(scan.node.driver?.version == "535.261.03")
    }

    @Test func `a driver is told with its versions and the file it was loaded from`() async throws {
        let stub = try DriverStub()
        let link = stub.folder.appending(path: "link.so")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: URL(filePath: stub.path))
        let source = NVMLDeviceSource(library: link.path, nodeName: "box", note: "simulated (stub)")
        let driver = try #require(await source.scan().node.driver)
        #expect(driver.version == "535.261.03")
        #expect(driver.cudaVersion == "12.2")
        #expect(driver.library == stub.path)
        #expect(driver.note == "simulated (stub)")
    }

    @Test func `a driver that comes later is found by a later scan`() async throws {
        let stub = try DriverStub(.plain, [.initResult: 9])
        let source = stub.source()
        #expect(await source.scan().node.gpus.isEmpty)
        stub[.initResult] = 0
        let found = try await scan(source) { $0.node.gpus.count == 2 }
        #expect(found.node.whyEmpty == nil)
    }

    @Test func `a driver that does not start is left alone for a while`() async throws {
        let stub = try DriverStub(.plain, [.initResult: 9])
        let source = stub.source(retry: Span(seconds: 3600))
        for _ in 0..<10 { #expect(await source.scan().node.whyEmpty?.contains("NVML code 9") == true) }
        #expect(stub[.inits] == 1)
    }

    @Test func `a driver that must be initialised again recovers by itself`() async throws {
        let stub = try DriverStub()
        let source = stub.source()
        #expect(await source.scan().node.gpus.count == 2)
        stub[.countResult] = 1
        let broken = await source.scan()
        try #require(broken.health.count == 2, "what was seen once is not forgotten")
        #expect(broken.reason(0)?.contains("nvmlDeviceGetCount_v2 failed: the library is not initialised") == true)
        #expect(broken.readings[0] == GPUReading())
        stub[.initResult] = 9
        _ = try await scan(source) { $0.reason(1)?.contains("kernel module is not loaded") == true }
        stub[.countResult] = 0
        stub[.initResult] = 0
        let again = try await scan(source) { $0.health == [.healthy, .healthy] }
        #expect(again.readings[0].utilisationPercent == 42)
        #expect(stub[.shutdowns] == 1)
    }

    @Test func `a closed source finds nothing and ends its faults`() async throws {
        let stub = try DriverStub()
        let source = stub.source()
        _ = await source.scan()
        source.close()
        for await _ in source.faults { Issue.record("there was no fault") }
        #expect(await source.scan().node.whyEmpty == "nobody looks for GPUs any more: the driver was closed")
        for _ in 0..<2000 where stub[.shutdowns] == 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(stub[.shutdowns] == 1)
    }
}
