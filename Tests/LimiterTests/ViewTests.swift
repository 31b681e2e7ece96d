import Foundation
import LimiterAgent
import SimulatedDevices
import Testing

/// What NVML says inside a container.
struct ViewTests {
    @Test(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
    func `NVML and the driver tell a program the same`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = """
            import ctypes, pynvml
            from cuda.bindings import driver as cuda
            cuda.cuInit(0)
            cuda.cuCtxSetCurrent(cuda.cuDevicePrimaryCtxRetain(0)[1])
            pynvml.nvmlInit()
            first, second = (pynvml.nvmlDeviceGetHandleByIndex(index) for index in (0, 1))
            def agree():
                free, total = cuda.cuMemGetInfo()[1:]
                for memory in (
                    pynvml.nvmlDeviceGetMemoryInfo(first),
                    pynvml.nvmlDeviceGetMemoryInfo(first, version=pynvml.nvmlMemory_v2),
                ):
                    assert (memory.free, memory.total, memory.used) == (free, total, total - free), str(memory)
                return free
            assert agree() == 1 << 30
            block = cuda.cuMemAlloc(300 << 20)[1]
            assert agree() == 724 << 20
            cuda.cuMemFree(block)
            assert agree() == 1 << 30
            # Another GPU is not the container's, and nothing is said of it but what is so.
            assert pynvml.nvmlDeviceGetMemoryInfo(second).total > 30 << 30
            # What the view does not change is the real library's.
            print(pynvml.nvmlDeviceGetCount(), pynvml.nvmlSystemGetDriverVersion()[:3])
            """
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": container.libraries])
        #expect(text == "8 580\n")
    }

    @Test(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
    func `what a killed process held is not shown any more`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = """
            import pynvml
            pynvml.nvmlInit()
            print(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0)).used)
            """
        let holder = try Holder(container, bytes: 700 << 20)
        for used in [700 << 20, 0] {
            let text = try await Tool.output(
                try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": container.libraries])
            #expect(text == "\(used)\n")
            holder.end()
        }
    }
}
