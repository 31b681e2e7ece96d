import Engine
import Fleet
import Foundation
import SimulatedDevices
import Testing

@testable import Drivers

/// GPUs that are cut into MIG devices, on the simulated driver.
@Suite struct `Looking at slices` {
    @Test(arguments: [
        ("dgx-a100", ["9", "19", "14"], ["3g.20gb": (9, 3, 42), "1g.5gb": (19, 1, 14), "2g.10gb": (14, 2, 28)]),
        ("dgx-h100", ["9", "19"], ["3g.40gb": (9, 3, 48), "1g.10gb": (19, 1, 16)]),
        ("2x-a30", ["5", "14"], ["2g.12gb": (5, 2, 28), "1g.6gb": (14, 1, 14)]),
    ])
    func `tells what each is, where it stands and who may use it`(
        profile: String, ids: [String], wanted: [String: (id: Int, compute: Int, multiprocessors: Int)]
    ) async throws {
        let machine = try CutMachine(profile)
        let uuids = try machine.slices("cut", "1", ids)
        let scan = await machine.source.scan()
        let gpu = try #require(scan.node.gpus.dropFirst().first)
        let slices = try #require(gpu.slices)
        #expect(slices.map(\.uuid) == uuids && slices.map(\.index) == Array(0..<ids.count))
        let geometry = try #require(MIGGeometry.of(gpu))
        for slice in slices {
            let expected = try #require(wanted[slice.profile])
            #expect(slice.profileID == expected.id && slice.computeSlices == expected.compute)
            #expect(slice.multiprocessors == expected.multiprocessors && slice.isAlone && slice.computeInstance == 0)
            let known = try #require(geometry.profile(slice.profile))
            #expect(known.starts.contains(slice.start) && slice.memory == known.memory)
            // Numbered by GPU, GPU instance and compute instance as the kernel module does it.
            let first = 3 + (15 + slice.gpuInstance) * 9
            #expect(slice.gpuInstanceMinor == first && slice.computeInstanceMinor == first + 1)
        }
        #expect(Set(slices.map(\.start)).count == slices.count)
        // Other GPUs are what they were.
        #expect(scan.node.gpus[0].mig == .off && scan.node.gpus[0].slices == nil)
    }

    @Test func `sees slices come and go, and MIG mode with them`() async throws {
        let machine = try CutMachine("dgx-a100")
        #expect(await machine.source.scan().node.gpus[1].slices == [])
        let uuids = try machine.slices("cut", "1", ["19", "19"])
        #expect(await machine.source.scan().node.gpus[1].slices?.map(\.uuid) == uuids)
        _ = try machine.slices("destroy", "1", [uuids[0]])
        let left = await machine.source.scan()
        #expect(left.node.gpus[1].slices?.map(\.uuid) == [uuids[1]] && left.health[1] == .healthy)
        _ = try machine.slices("destroy", "1", [uuids[1]])
        _ = try machine.slices("off", "1", [])
        let off = await machine.source.scan().node.gpus[1]
        #expect(off.mig == .off && off.slices == nil)
    }

    @Test func `says of compute instances in one GPU instance that they share it`() async throws {
        let machine = try CutMachine("dgx-a100")
        _ = try machine.slices("crowd", "1", ["9"])
        _ = try machine.slices("cut", "1", ["19"])
        let slices = try #require(await machine.source.scan().node.gpus[1].slices)
        #expect(slices.map(\.profile) == ["1c.3g.20gb", "1c.3g.20gb", "1g.5gb"])
        #expect(slices.map(\.isAlone) == [false, false, true])
        #expect(
            slices[0].gpuInstance == slices[1].gpuInstance && slices[0].computeInstance != slices[1].computeInstance)
    }

    @Test func `lists the processes of each slice once, with their memory`() async throws {
        let machine = try CutMachine("dgx-a100")
        let uuids = try machine.slices("cut", "1", ["9", "19"])
        let slices = try #require(await machine.source.scan().node.gpus[1].slices)
        let sleeper = try Process.run(URL(filePath: "/bin/sleep"), arguments: ["60"])
        defer { sleeper.terminate() }
        try machine.instance.addProcess(
            pid: sleeper.processIdentifier, gpu: 1, memory: 1 << 30, load: 10,
            slice: (gpuInstance: slices[1].gpuInstance, computeInstance: 0))
        let processes = await machine.source.scan().readings[1].processes
        #expect(processes.map(\.pid) == [sleeper.processIdentifier])
        #expect(processes.first?.slice == uuids[1] && processes.first?.memory == .gibibytes(1))
    }

    @Test func `keeps what is known while the driver does not tell`() async throws {
        let machine = try CutMachine("dgx-a100")
        let uuids = try machine.slices("cut", "1", ["19"])
        _ = await machine.source.scan()
        try machine.instance.failCall("nvmlDeviceGetMigDeviceHandleByIndex")
        let scan = await machine.source.scan()
        #expect(scan.node.gpus[1].slices?.map(\.uuid) == uuids)
        #expect(scan.reason(1)?.contains("nvmlDeviceGetMigDeviceHandleByIndex failed") == true)
    }

    @Test func `reads the numbers of device nodes from either file of the kernel module`() throws {
        #expect(MIGCapabilities.deviceMinor("DeviceFileMinor: 21\nDeviceFileMode: 292\nDeviceFileModify: 1\n") == 21)
        #expect(MIGCapabilities.deviceMinor("DeviceFileMode: 292\n") == nil)
        let table = "config 1\nmonitor 2\ngpu0/gi1/access 12\ngpu0/gi1/ci0/access 13\ngpu0/gi10/access 93\n"
        #expect(MIGCapabilities.minor("gpu0/gi1/ci0/access", in: table) == 13)
        #expect(MIGCapabilities.minor("gpu0/gi10/access", in: table) == 93)
        #expect(MIGCapabilities.minor("gpu1/gi1/access", in: table) == nil)
        let folder = FileManager.default.temporaryDirectory.appending(path: "divvy-capabilities-\(UUID().uuidString)")
        let place = folder.appending(path: "driver/nvidia/capabilities/gpu3/mig/gi2/ci0")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "DeviceFileMinor: 77\n".write(to: place.appending(path: "access"), atomically: true, encoding: .utf8)
        let capabilities = MIGCapabilities(directory: folder.path)
        #expect(capabilities.minor(gpu: 3, gpuInstance: 2, computeInstance: 0) == 77)
        #expect(capabilities.minor(gpu: 3, gpuInstance: 2) == nil)
    }

    @Test func `makes a name of sizes where the driver gives none`() {
        let name = SliceLook.name
        #expect(name("NVIDIA A100-SXM4-40GB MIG 1g.5gb+me", (14, 1, 1), .mebibytes(4864)) == "1g.5gb+me")
        #expect(name(nil, (14, 1, 1), .mebibytes(4864)) == "1g.5gb")
        #expect(name("NVIDIA A100-SXM4-40GB", (28, 2, 3), .mebibytes(19_968)) == "2c.3g.20gb")
    }
}

/// A simulated machine whose second GPU is in MIG mode.
private final class CutMachine {
    let instance: SimulatedInstance
    let source: NVMLDeviceSource
    private let program: String

    init(_ profile: String) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/divvy-slices-\(UUID().uuidString)"
        let library = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "libnvidia-ml.so").path
        instance = try SimulatedInstance.create(profile: .named(profile), at: folder, library: library)
        program = folder + "/slices"
        source = NVMLDeviceSource(
            library: instance.libraryPath, nodeName: "box", note: nil, deadline: Span(seconds: 60),
            kernelFiles: instance.kernelFiles)
        let text = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../EndToEndTests/Programs/slices.c").standardized.path
        _ = try Self.output("/usr/bin/env", ["cc", "-O1", "-o", program, text, "-ldl"])
        _ = try slices("on", "1", [])
    }

    deinit {
        source.close()
        try? instance.remove()
    }

    /// Runs the program that takes an administrator's place; the lines that it prints.
    func slices(_ what: String, _ gpu: String, _ words: [String]) throws -> [String] {
        try Self.output(program, [instance.libraryPath, what, gpu] + words).split(separator: "\n").map(String.init)
    }

    private static func output(_ program: String, _ words: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = words
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(words): \(text)")
        return text
    }
}
