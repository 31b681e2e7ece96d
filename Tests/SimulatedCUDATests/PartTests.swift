import CSimulatedDriver
import Foundation
import SimulatedDevices
import Testing

/// Programs on a GPU in MIG mode: they compute on one part of it.
@Suite(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
struct PartTests {
    /// Cuts the first GPU into instances of the kinds with those indexes, and tells their UUIDs.
    private func cut(_ machine: borrowing Machine, _ kinds: [UInt32]) throws -> [String] {
        let file = open(machine.instance.directory + "/dev/nvidiactl", O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let size = MemoryLayout<DeviceModel>.size
        let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
        defer { munmap(memory, size) }
        let gpu = try #require(model_gpu(memory.assumingMemoryBound(to: DeviceModel.self), 0))
        gpu.pointee.migMode = 1
        return try kinds.map { index in
            let kind = try #require(model_slice_kind(gpu, index))
            let slot = model_partition_best(gpu, gpu.pointee.partition, index)
            try #require(slot < MODEL_SLICE_SLOTS)
            gpu.pointee.partition = model_partition_with(gpu.pointee.partition, slot, index + 1)
            let slices = kind.pointee.computeSlices
            try #require(model_compute_word(gpu, slot)).pointee = model_compute_with(0, 0, slices)
            var text = [CChar](repeating: 0, count: 48)
            model_mig_uuid(gpu, model_gpu_instance_id(gpu, kind, slot), 0, slices, &text)
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private let program = """
        from cuda.bindings import driver as cuda
        cuda.cuInit(0)
        context = cuda.cuDevicePrimaryCtxRetain(0)[1]
        cuda.cuCtxSetCurrent(context)
        processors = cuda.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
        print(
            cuda.cuDeviceGetCount()[1], cuda.cuDeviceGetName(90, 0)[1].rstrip(b"\\0").decode(),
            cuda.cuDeviceGetUuid(0)[1].bytes.hex(), cuda.cuDeviceGetAttribute(processors, 0)[1],
            *cuda.cuMemGetInfo()[1:])
        """

    @Test func `a program sees the part that CUDA_VISIBLE_DEVICES names, and nothing else`() async throws {
        let machine = try Machine("dgx-a100", driver: "580")
        let parts = try cut(machine, [0, 0])
        for part in parts {
            let text = try await Tool.output(
                try #require(Tool.python), ["-c", program],
                environment: [
                    "LD_LIBRARY_PATH": machine.instance.directory + "/lib", "CUDA_VISIBLE_DEVICES": part,
                ])
            let memory = 4864 - 12
            let uuid = part.dropFirst(4).replacing("-", with: "")
            #expect(
                text == "1 NVIDIA A100-SXM4-40GB MIG 1g.5gb \(uuid) 14 \((memory - 256) << 20) \(memory << 20)\n")
        }
    }

    @Test func `a GPU in MIG mode is not there as a whole`() async throws {
        let machine = try Machine("dgx-a100", driver: "580")
        _ = try cut(machine, [0])
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", program],
            environment: ["LD_LIBRARY_PATH": machine.instance.directory + "/lib"])
        #expect(text.hasPrefix("7 NVIDIA A100-SXM4-40GB "))
    }
}
