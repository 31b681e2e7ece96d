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

    @Test(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
    func `tools are told of the container's own processes only`() async throws {
        let machine = try LimitedMachine()
        let (one, two) = (try machine.container("one", memory: 1 << 30), try machine.container("two", memory: 1 << 30))
        let mine = [try Holder(one, bytes: 700 << 20), try Holder(one, bytes: 100 << 20)]
        let other = try Holder(two, bytes: 300 << 20)
        let program = """
            import ctypes, pynvml
            pynvml.nvmlInit()
            device = pynvml.nvmlDeviceGetHandleByIndex(0)
            for form in (1, 2, 3):
                found = []
                for kind in ("Compute", "Graphics", "MPSCompute"):
                    call = getattr(pynvml, f"nvmlDeviceGet{kind}RunningProcesses_v{form}", None)
                    if form == 1:
                        library = pynvml.nvmlLib
                        call = lambda device: by_hand(library, kind, device)
                    found += [(entry.pid, entry.usedGpuMemory) for entry in call(device)] if call else []
                print(sorted(found))
            """
        let byHand = """
            import ctypes
            def by_hand(library, kind, device):
                class Entry(ctypes.Structure):
                    _fields_ = [("pid", ctypes.c_uint), ("usedGpuMemory", ctypes.c_ulonglong)]
                call = getattr(library, f"nvmlDeviceGet{kind}RunningProcesses")
                count = ctypes.c_uint(0)
                status = call(device, ctypes.byref(count), None)
                if status == 0:
                    return []
                assert status == 7, status
                entries = (Entry * count.value)()
                assert call(device, ctypes.byref(count), entries) == 0
                return list(entries)[: count.value]

            """
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", byHand + program], environment: ["LD_LIBRARY_PATH": one.libraries])
        let wanted = zip(mine, [700 << 20, 100 << 20]).sorted { $0.0.pid < $1.0.pid }
            .map { "(\($0.pid), \($1))" }.joined(separator: ", ")
        #expect(text == String(repeating: "[\(wanted)]\n", count: 3))
        other.end()
        mine.forEach { $0.end() }
    }

    @Test(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
    func `a GPU cannot be changed from inside a container`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one")
        let program = """
            import pynvml
            pynvml.nvmlInit()
            device = pynvml.nvmlDeviceGetHandleByIndex(0)
            def status(call, *arguments):
                try:
                    call(*arguments)
                except pynvml.NVMLError as error:
                    return error.value
                return 0
            print(status(pynvml.nvmlDeviceSetPersistenceMode, device, 1),
                  status(pynvml.nvmlDeviceSetComputeMode, device, 3),
                  status(pynvml.nvmlDeviceSetPowerManagementLimit, device, 300000),
                  status(pynvml.nvmlDeviceSetGpuLockedClocks, device, 300, 400),
                  status(pynvml.nvmlDeviceSetMigMode, device, 1),
                  pynvml.nvmlDeviceGetComputeMode(device))
            """
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": container.libraries])
        #expect(text == "4 4 4 4 4 0\n")
    }

    @Test(.enabled(if: Tool.python != nil, "no Python tools: run Scripts/python-tools first"))
    func `the load is that of the container's part`() async throws {
        let machine = try LimitedMachine()
        let keeper = try TurnKeeper()
        defer { keeper.stop() }
        let containers = try [("one", 200), ("two", 800)].map { name, milli in
            try machine.container(name, milli: UInt32(milli))
        }
        for container in containers { _ = keeper.add(container.files, part: 0) }
        let program = """
            import pynvml
            pynvml.nvmlInit()
            print(pynvml.nvmlDeviceGetUtilizationRates(pynvml.nvmlDeviceGetHandleByIndex(0)).gpu)
            """
        func load(_ container: TestContainer) async throws -> Int {
            let text = try await Tool.output(
                try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": container.libraries])
            return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        #expect(try await load(containers[0]) == 0)
        // Somebody who computes all the time has all of its part, and the other one sees nothing of it.
        let start = monotonicNow()
        async let busy = Tool.output(
            Built.probePath, [containers[0].library, "share", "1", "sim_200us", String(start), "4000000000"])
        let deadline = Date().addingTimeInterval(3.5)
        var loads = (0, 100)
        while Date() < deadline, loads.0 < 95 || loads.1 > 5 {
            loads = (try await load(containers[0]), try await load(containers[1]))
        }
        #expect(loads.0 >= 95, "\(loads)")
        #expect(loads.1 <= 5, "\(loads)")
        _ = try await busy
    }

    @Test(.enabled(if: Tool.nvidiaSMI != nil, "no nvidia-smi: run Scripts/nvidia-smi first"))
    func `NVIDIA's own tool works, and shows the limit`() async throws {
        let machine = try LimitedMachine(driver: "535")
        let container = try machine.container("one", memory: 3 << 30)
        let holder = try Holder(container, bytes: 700 << 20)
        let environment = ["LD_LIBRARY_PATH": container.libraries]
        let tool = try #require(Tool.nvidiaSMI)
        let query = try await Tool.output(
            tool,
            ["--query-gpu=index,memory.total,memory.used,memory.free", "--format=csv,noheader,nounits", "-i", "0"],
            environment: environment)
        #expect(query == "0, 3072, 700, 2372\n")
        let apps = try await Tool.output(
            tool, ["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits", "-i", "0"],
            environment: environment)
        #expect(apps.contains("\(holder.pid), "))
        let page = try await Tool.output(tool, [], environment: environment)
        #expect(page.contains("700MiB /  3072MiB"))
        let refused = try await Tool.result(tool, ["-pm", "0", "-i", "0"], environment: environment)
        #expect(!refused.isSuccess)
        #expect(refused.text.lowercased().contains("permission"), "\(refused.text)")
        holder.end()
    }
}
