import CLimiter
import Foundation
import LimiterAgent
import Testing

/// What a container may have of a GPU's memory.
struct MemoryTests {
    @Test(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
    func `every way to allocate is refused at the limit of one gibibyte`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let text = try await Tool.output(
            try #require(Tool.python), [Built.programs + "/limited.py"],
            environment: ["LD_LIBRARY_PATH": container.libraries, "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(text == "ok\n")
        #expect(container.files.account(part: 0)?.used == 0)
        #expect(container.files.account(part: 0)?.peak == 1 << 30)
    }

    @Test func `a program is told of its limit and not of the GPU`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 3 << 30)
        #expect(try await probe(container, ["room"]) == "\(3 << 30) \(3 << 30)\n")
    }

    @Test func `contexts are charged with what the agent says`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30, contextCharge: 300 << 20)
        #expect(try await probe(container, ["room"]) == "\(724 << 20) \(1 << 30)\n")
        #expect(try await probe(container, ["fill", "\(2 << 20)"]) == "\(724 << 20)\n")
    }

    @Test func `what the agent sees beyond the books counts, too`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        container.files.setUnaccounted(1000 << 20, part: 0)
        #expect(try await probe(container, ["fill", "\(2 << 20)"]) == "\(24 << 20)\n")
    }

    @Test(arguments: [64 << 10, 1 << 20, 2 << 20, 64 << 20])
    func `pieces of a size fill the limit up to a block`(size: Int) async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 256 << 20)
        let text = try await probe(container, ["fill", String(size)])
        let sum = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(sum <= 256 << 20)
        #expect(sum >= 252 << 20)
    }

    @Test func `the processes of a container share its limit, and another container has its own`() throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let other = try machine.container("two", memory: 1 << 30)
        let first = try Holder(container, bytes: 600 << 20)
        #expect(throws: (any Error).self) { try Holder(container, bytes: 600 << 20) }
        _ = try Holder(other, bytes: 1 << 30)
        first.end()
        _ = try Holder(container, bytes: 1 << 30)
    }

    @Test func `what a killed process held is free within two seconds`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        for _ in 0..<20 {
            let holder = try Holder(container, bytes: 1 << 30, command: "churn")
            usleep(UInt32.random(in: 0...20_000))
            holder.end()
            let begin = monotonicNow()
            #expect(try await probe(container, ["fill", "\(1 << 30)"]) == "\(1 << 30)\n")
            #expect(monotonicNow() - begin < 2_000_000_000)
            #expect(container.files.memoryHeld(part: 0) == 0)
        }
    }

    @Test func `a lock that a process died with is nobody's, also for the next one in its slot`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let bookSize = MemoryLayout<LimiterBook>.stride
        let firstProcess = 64 + Int(LIMITER_GPUS) * bookSize
        let books = try FileHandle(forUpdating: URL(fileURLWithPath: container.place + "/books"))
        func write(_ value: UInt64, at offset: Int) throws {
            try books.seek(toOffset: UInt64(offset))
            try books.write(contentsOf: withUnsafeBytes(of: value) { Data($0) })
        }
        // The seventh process had the first slot, held half of the memory, and was changing the account.
        try write(7, at: 0)
        try write(1, at: 8)
        try write(7 << 16, at: 64)
        try write(1 << 29, at: 64 + 8)
        try write(7, at: firstProcess)
        try write(1 << 29, at: firstProcess + 32)
        try books.close()
        let text = try await Tool.output(
            "/usr/bin/timeout", ["20", Built.probePath, container.library, "fill", "\(1 << 30)"])
        #expect(text == "\(1 << 30)\n")
    }

    @Test func `threads that allocate at random leave nothing behind`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        #expect(try await probe(container, ["threads", "8", "2000000000"]) == "\(1 << 30) \(1 << 30)\n")
        let account = try #require(container.files.account(part: 0))
        #expect(account.used == 0)
        #expect(account.peak <= 1 << 30)
        #expect(account.refused > 0)
    }

    @Test(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
    func `memory that processes share is charged once, as long as anybody has it`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let text = try await Tool.output(
            try #require(Tool.python), [Built.programs + "/sharing.py"],
            environment: ["LD_LIBRARY_PATH": container.libraries, "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(text == "ok\n")
    }

    @Test(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
    func `GPUs are told apart by what they are and not by their number`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", gpus: [0: 1 << 30, 1: 2 << 30])
        let program = """
            from cuda.bindings import driver as cuda
            cuda.cuInit(0)
            for device in range(cuda.cuDeviceGetCount()[1]):
                total = cuda.cuDeviceTotalMem(device)[1]
                status, context = cuda.cuDevicePrimaryCtxRetain(device)
                if int(status) != 0:
                    print(total, int(status), end=";")
                    continue
                cuda.cuCtxSetCurrent(context)
                print(total, [int(cuda.cuMemAlloc(size)[0]) for size in (total + 1, total)], end=";")
            """
        for (visible, wanted) in [
            ("0,1,2", "\(1 << 30) [2, 0];\(2 << 30) [2, 0];0 2;"), ("1,0", "\(2 << 30) [2, 0];\(1 << 30) [2, 0];"),
        ] {
            let text = try await Tool.output(
                try #require(Tool.python), ["-c", program],
                environment: ["LD_LIBRARY_PATH": container.libraries, "CUDA_VISIBLE_DEVICES": visible])
            #expect(text == wanted)
        }
    }

    @Test func `without limits there is no GPU`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one")
        unlink(container.place + "/limits")
        let result = try await Tool.result(Built.probePath, [container.library, "room"])
        #expect(!result.isSuccess)
        #expect(result.text.contains("cuInit: 304"))
    }

    @Test(.enabled(if: Tool.python != nil, "no Python tools with cuda-bindings: run Scripts/python-tools first"))
    func `what a context's limits take is charged`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one", memory: 1 << 30)
        let program = """
            from cuda.bindings import driver as cuda
            cuda.cuInit(0)
            cuda.cuCtxSetCurrent(cuda.cuDevicePrimaryCtxRetain(0)[1])
            left = lambda: cuda.cuMemGetInfo()[1]
            stack, printed, heap = (cuda.CUlimit(number) for number in range(3))
            begin = left()
            assert cuda.cuCtxSetLimit(heap, 108 << 20) == (0,)
            print(begin - left() >> 20, end=" ")
            assert cuda.cuCtxSetLimit(printed, 11 << 20) == (0,)
            assert cuda.cuCtxSetLimit(heap, 58 << 20) == (0,)
            print(begin - left() >> 20, end=" ")
            # A thousand bytes more for each thread of 108 multiprocessors.
            assert cuda.cuCtxSetLimit(stack, 2048) == (0,)
            print(begin - left() >> 20, end=" ")
            print(int(cuda.cuCtxSetLimit(stack, 1 << 20)[0]), int(cuda.cuCtxSetLimit(heap, 2 << 30)[0]), end=" ")
            print(begin - left() >> 20, end=" ")
            # Less than at first gives nothing back that was never charged.
            assert cuda.cuCtxSetLimit(heap, 1 << 20) == (0,)
            assert cuda.cuCtxSetLimit(stack, 512) == (0,)
            print(begin - left() >> 20, end=" ")
            cuda.cuDevicePrimaryCtxReset(0)
            cuda.cuCtxSetCurrent(cuda.cuDevicePrimaryCtxRetain(0)[1])
            print(begin - left())
            """
        let text = try await Tool.output(
            try #require(Tool.python), ["-c", program], environment: ["LD_LIBRARY_PATH": container.libraries])
        #expect(text == "100 60 276 2 2 276 10 0\n")
        #expect(container.files.account(part: 0)?.used == 0)
    }

    private func probe(_ container: TestContainer, _ arguments: [String]) async throws -> String {
        try await Tool.output(Built.probePath, [container.library] + arguments)
    }
}
