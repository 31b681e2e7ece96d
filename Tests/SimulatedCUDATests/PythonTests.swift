import Foundation
import SimulatedDevices
import Testing

/// NVIDIA's own bindings for Python, which know nothing of Divvy, on a simulated machine.
@Suite(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
struct PythonTests {
    @Test(arguments: ["basics", "memory", "graphs", "sharing", "entries", "copies", "nodes", "properties"])
    func `a program with cuda-bindings gets what it asks for`(program: String) async throws {
        let machine = try Machine("dgx-a100", driver: "615")
        let text = try await Tool.output(
            try #require(Tool.python), ["\(Built.root)/Tests/SimulatedCUDATests/Programs/\(program).py"],
            environment: [
                "LD_LIBRARY_PATH": machine.instance.directory + "/lib", "PYTHONDONTWRITEBYTECODE": "1",
            ])
        #expect(text == "ok\n")
    }

    @Test(arguments: SimulatedProfile.all.map(\.name))
    func `cuda-bindings see what the profile says`(name: String) async throws {
        let machine = try Machine(name, driver: "580")
        let profile = try SimulatedProfile.named(name)
        let program = """
            from cuda.bindings import driver as cuda
            cuda.cuInit(0)
            count = cuda.cuDeviceGetCount()[1]
            for index in range(count):
                name = cuda.cuDeviceGetName(100, index)[1].rstrip(b"\\0").decode()
                uuid = cuda.cuDeviceGetUuid(index)[1].bytes.hex()
                processors = cuda.cuDeviceGetAttribute(
                    cuda.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, index)[1]
                major, minor = cuda.cuDeviceComputeCapability(index)[1:]
                print(name, uuid, processors, major, minor, cuda.cuDeviceTotalMem(index)[1], sep="|")
            """
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", program],
            environment: ["LD_LIBRARY_PATH": machine.instance.directory + "/lib"])
        let lines = profile.seats.enumerated().map { index, seat in
            let board = seat.board
            let uuid = profile.uuid(ofGPU: index).dropFirst(4).replacing("-", with: "")
            let memory = (board.memory.total - board.memory.reserved) << 20
            let capability = "\(board.computeCapability.major)|\(board.computeCapability.minor)"
            return "\(board.name)|\(uuid)|\(board.multiprocessors)|\(capability)|\(memory)\n"
        }
        #expect(text == lines.joined())
    }

    @Test func `a program sees the GPUs that CUDA_VISIBLE_DEVICES names`() async throws {
        let machine = try Machine("dgx-a100", driver: "580")
        let uuid = try SimulatedProfile.named("dgx-a100").uuid(ofGPU: 5)
        let program = """
            from cuda.bindings import driver as cuda
            cuda.cuInit(0)
            print([cuda.cuDeviceGetUuid(i)[1].bytes.hex()[:8] for i in range(cuda.cuDeviceGetCount()[1])])
            """
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", program],
            environment: [
                "LD_LIBRARY_PATH": machine.instance.directory + "/lib",
                "CUDA_VISIBLE_DEVICES": "\(uuid.prefix(12)),9,1",
            ])
        #expect(text == "['\(uuid.dropFirst(4).prefix(8))']\n")
    }
}
