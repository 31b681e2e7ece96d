import Foundation
import SimulatedDevices
import Testing

/// MIG by way of pynvml, and Python tools on a machine with MIG devices.
@Suite(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
struct PythonMIGTests {
    @Test(arguments: MIGToolTests.profiles)
    func `pynvml cuts a GPU and sees the parts`(name: String) async throws {
        let machine = try Machine(name)
        let board = try SimulatedProfile.named(name).seats[0].board
        let whole = try #require(board.slices.last)
        let text = try await python(machine, Self.cut)
        let parts = try JSONDecoder().decode([Part].self, from: Data(text.utf8))
        // One compute instance of the whole GPU, then two of its slices that share the memory.
        try #require(parts.count == 3)
        #expect(parts[0].name == "\(board.name) MIG \(whole.name)")
        #expect(parts[1].name == "\(board.name) MIG 1c.\(whole.name)")
        for part in parts {
            #expect(part.total == whole.memory << 20)
            #expect(part.uuid.hasPrefix("MIG-"))
            #expect(part.parent == 0)
            #expect(part.gpuInstance == 0)
            #expect(part.byUUID)
            #expect(part.memoryMB == whole.memory)
            #expect(part.slices == whole.computeSlices)
        }
        #expect(parts[0].multiprocessors == whole.multiprocessors)
        #expect(parts[1].multiprocessors == board.slices[0].multiprocessors)
        #expect(parts.map(\.computeInstance) == [0, 0, 1])
        #expect(Set(parts.map(\.uuid)).count == 3)
    }

    @Test func `nvitop and gpustat show a machine with MIG devices`() async throws {
        let machine = try Machine("dgx-a100")
        _ = try await python(machine, Self.cut)
        let page = try await python(
            machine, "import sys; from nvitop.cli import main; sys.argv = ['nvitop', '-1', '--no-unicode']; main()")
        #expect(page.contains("1c.7g.40gb"))
        #expect(!page.contains("ERROR"))
        #expect(try await python(machine, "import gpustat; gpustat.main('gpustat')").contains("A100"))
    }

    private func python(_ machine: borrowing Machine, _ program: String) async throws -> String {
        let library = machine.instance.directory + "/lib"
        return try await Tool.output(
            try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": library])
    }

    private static let cut = """
        import json
        from pynvml import *
        nvmlInit()
        h = nvmlDeviceGetHandleByIndex(0)
        nvmlDeviceSetMigMode(h, 1)
        assert nvmlDeviceGetMigMode(h) == [1, 1]
        def part(index):
            mig = nvmlDeviceGetMigDeviceHandleByIndex(h, index)
            attributes = nvmlDeviceGetAttributes(mig)
            uuid = nvmlDeviceGetUUID(mig)
            return {
                "name": nvmlDeviceGetName(mig), "uuid": uuid, "total": nvmlDeviceGetMemoryInfo(mig).total,
                "parent": nvmlDeviceGetIndex(nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig)),
                "gpuInstance": nvmlDeviceGetGpuInstanceId(mig),
                "computeInstance": nvmlDeviceGetComputeInstanceId(mig),
                "multiprocessors": attributes.multiprocessorCount, "memoryMB": attributes.memorySizeMB,
                "slices": attributes.gpuInstanceSliceCount,
                "byUUID": nvmlDeviceGetUUID(nvmlDeviceGetHandleByUUID(uuid)) == uuid,
            }
        # The instance of all slices has the id 0 on every GPU.
        instance = nvmlDeviceCreateGpuInstance(h, 0)
        info = nvmlGpuInstanceGetInfo(instance)
        slices = nvmlDeviceGetGpuInstanceProfileInfo(h, 4 if info.placement.size == 8 else 3).sliceCount
        compute = nvmlGpuInstanceCreateComputeInstance(instance, 4 if slices == 7 else 3)
        parts = [part(0)]
        nvmlComputeInstanceDestroy(compute)
        for _ in range(2): nvmlGpuInstanceCreateComputeInstance(instance, 0)
        parts += [part(0), part(1)]
        print(json.dumps(parts))
        """

    private struct Part: Decodable {
        let name, uuid: String
        let total, parent, gpuInstance, computeInstance, multiprocessors, memoryMB, slices: Int
        let byUUID: Bool
    }
}
