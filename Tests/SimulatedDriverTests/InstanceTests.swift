import CNVML
import Foundation
import SimulatedDevices
import Testing

@Suite struct InstanceTests {
    @Test func `an unknown profile names those that there are`() {
        let error = #expect(throws: SimulationError.self) { try SimulatedProfile.named("dgx-1") }
        for profile in SimulatedProfile.all { #expect(error?.description.contains(profile.name) == true) }
    }

    @Test func `a profile takes another driver behind its name`() throws {
        #expect(try SimulatedProfile.named("dgx-a100@580").driver.version == "580.82.07")
        #expect(try SimulatedProfile.named("dgx-a100@r615").name == "dgx-a100")
        #expect(throws: SimulationError.self) { try SimulatedProfile.named("dgx-a100@470") }
    }

    @Test func `UUIDs stay what they are and tell GPUs, machines and hosts apart`() {
        let first = SimulatedProfile.all[0]
        #expect(first.uuid(ofGPU: 0) == "GPU-fbedd447-b4bf-6ffe-f1f6-8dc4509c39d1")
        let all = SimulatedProfile.all.flatMap { profile in
            profile.seats.indices.flatMap { [profile.uuid(ofGPU: $0), profile.uuid(ofGPU: $0, host: "other")] }
        }
        #expect(Set(all).count == all.count)
    }

    @Test func `a machine is opened by its directory`() throws {
        let machine = try Machine("2x-rtx-4090")
        let opened = try SimulatedInstance.open(at: machine.instance.directory)
        #expect(opened.gpuCount == 2)
        #expect(opened.profileName == "2x-rtx-4090")
        #expect(FileManager.default.isReadableFile(atPath: opened.libraryPath))
        for node in ["nvidiactl", "nvidia0", "nvidia1"] {
            #expect(access(opened.devicePath + "/" + node, R_OK | W_OK) == 0)
        }
    }

    @Test func `a second machine does not take the place of the first`() throws {
        let machine = try Machine("2x-rtx-4090")
        let directory = machine.instance.directory
        #expect(throws: SimulationError.alreadyExists(path: directory)) {
            try SimulatedInstance.create(profile: .named("dgx-a100"), at: directory, library: Built.libraryPath)
        }
        #expect(machine.instance.profileName == "2x-rtx-4090")
    }

    @Test func `a machine that cannot be made leaves nothing behind`() throws {
        let parent = FileManager.default.temporaryDirectory.path + "/divvy-empty-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        #expect(throws: SimulationError.self) {
            try SimulatedInstance.create(
                profile: .named("dgx-a100"), at: parent + "/machine", library: parent + "/no-such-library")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent) == [])
    }

    @Test func `machines are listed by name until they are removed`() throws {
        let parent = FileManager.default.temporaryDirectory.path + "/divvy-list-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: parent + "/other", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        for name in ["b", "a"] {
            _ = try SimulatedInstance.create(
                profile: .named("2x-rtx-4090"), at: "\(parent)/\(name)", library: Built.libraryPath)
        }
        let listed = SimulatedInstance.list(in: parent)
        #expect(listed.map(\.directory) == ["\(parent)/a", "\(parent)/b"])
        try listed[0].remove()
        #expect(SimulatedInstance.list(in: parent).map(\.directory) == ["\(parent)/b"])
    }

    @Test func `a machine that an older build made gets this build's library`() throws {
        let machine = try Machine("2x-rtx-4090")
        let path = machine.instance.libraryPath
        try Data("an old library".utf8).write(to: URL(fileURLWithPath: path))
        _ = try SimulatedInstance.open(at: machine.instance.directory, library: Built.libraryPath)
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: Built.libraryPath))
        #expect(access(path, X_OK) == 0)
        let before = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        _ = try SimulatedInstance.open(at: machine.instance.directory, library: Built.libraryPath)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == before)
        let left = try FileManager.default.contentsOfDirectory(atPath: machine.instance.directory + "/lib")
        #expect(left.allSatisfy { $0.hasSuffix(".so.1") })
    }

    @Test func `a machine has the control program of this build, and gets it when it has another`() throws {
        let machine = try Machine("dgx-a100")
        let path = try #require(machine.instance.mpsControlPath)
        let built = URL(fileURLWithPath: Built.libraryPath).deletingLastPathComponent()
            .appendingPathComponent("nvidia-cuda-mps-control").path
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: built))
        try FileManager.default.removeItem(atPath: machine.instance.directory + "/bin")
        #expect(machine.instance.mpsControlPath == nil)
        let opened = try SimulatedInstance.open(at: machine.instance.directory, library: Built.libraryPath)
        #expect(opened.mpsControlPath == path)
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: built))
    }

    @Test func `a machine of another layout is refused with what to do, and can be taken away`() throws {
        let machine = try Machine("2x-rtx-4090")
        let directory = machine.instance.directory
        let model = try #require(FileHandle(forUpdatingAtPath: directory + "/dev/nvidiactl"))
        try model.seek(toOffset: 8)
        try model.write(contentsOf: Data([1, 0, 0, 0]))
        // The first layout was shorter.
        try model.truncate(atOffset: 40_000)
        try model.close()
        let error = #expect(throws: SimulationError.self) {
            try SimulatedInstance.open(at: directory, library: Built.libraryPath)
        }
        #expect(error?.description.contains("divvy sim stop") == true)
        let parent = URL(fileURLWithPath: directory).deletingLastPathComponent().path
        let name = URL(fileURLWithPath: directory).lastPathComponent
        #expect(SimulatedInstance.unreadable(in: parent).contains(name))
        #expect(!SimulatedInstance.list(in: parent).contains { $0.directory == directory })
        try SimulatedInstance.remove(at: directory)
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test func `nothing but a machine is taken away`() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/divvy-home-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(throws: SimulationError.self) { try SimulatedInstance.remove(at: directory) }
        #expect(FileManager.default.fileExists(atPath: directory))
    }

    @Test func `what is not a machine is refused with a reason`() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/divvy-none-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory + "/dev", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(throws: SimulationError.self) { try SimulatedInstance.open(at: directory) }
        let model = directory + "/dev/nvidiactl"
        #expect(FileManager.default.createFile(atPath: model, contents: Data(count: 100_000)))
        #expect(throws: SimulationError.notAnInstance(path: model, reason: "the file is not a device model")) {
            try SimulatedInstance.open(at: directory)
        }
    }

    @Test func `edits that make no sense are refused and change nothing`() throws {
        let machine = try Machine("2x-rtx-4090")
        let own = getpid()
        #expect(throws: SimulationError.noSuchGPU(index: 2, count: 2)) {
            try machine.instance.setLoad(gpu: 2, percent: 1)
        }
        #expect(throws: SimulationError.badLoad(percent: 101)) { try machine.instance.setLoad(gpu: 0, percent: 101) }
        #expect(throws: SimulationError.noSuchProcess(pid: -1)) {
            try machine.instance.addProcess(pid: -1, gpu: 0, memory: 0)
        }
        #expect(throws: SimulationError.self) {
            try machine.instance.addProcess(pid: own, gpu: 0, memory: 25 << 30)
        }
        let driver = try LoadedDriver(machine)
        #expect(try driver.memory(driver.device(0)).used == 0)
    }
}
