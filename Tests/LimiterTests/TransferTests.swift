import CLimiter
import Foundation
import Testing

@testable import LimiterAgent

/// Work for the GPU that is no kernel.
struct TransferTests {
    /// The gate is closed, and the one who keeps it dies: whoever waits is let go some time later, and not before.
    @Test(.enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func `transfers within the GPU wait for the turn as kernels do, and those of the host do not`() async throws {
        let machine = try LimitedMachine()
        let container = try machine.container("one")
        container.files.limits.pointee.heartbeat = monotonicNow() + 2_000_000_000
        container.files.limits.pointee.gates = 1
        container.files.gpuLimits(0).pointee.gate.mode = UInt32(LIMITER_TURNS)
        let program = """
            import ctypes, sys, threading, time
            begin = time.monotonic()
            cuda = ctypes.CDLL(sys.argv[1])
            word = ctypes.c_uint64
            context, first, second, stream = word(), word(), word(), word()
            for status in (cuda.cuInit(0), cuda.cuCtxCreate_v2(ctypes.byref(context), 0, 0),
                           cuda.cuMemAlloc_v2(ctypes.byref(first), word(1 << 20)),
                           cuda.cuMemAlloc_v2(ctypes.byref(second), word(1 << 20)),
                           cuda.cuStreamCreate(ctypes.byref(stream), 1)):
                assert status == 0, status
            a, b, size = first, second, word(4096)
            host = (ctypes.c_char * 4096)()
            calls = {}
            for bits in (8, 16, 32):
                for end in ("_v2", "_v2_ptds"):
                    calls[f"cuMemsetD{bits}{end}"] = (a, word(1), word(64))
                    calls[f"cuMemsetD2D{bits}{end}"] = (a, word(512), word(1), word(8), word(8))
                for end in ("Async", "Async_ptsz"):
                    calls[f"cuMemsetD{bits}{end}"] = (a, word(1), word(64), stream)
                    calls[f"cuMemsetD2D{bits}{end}"] = (a, word(512), word(1), word(8), word(8), stream)
            for name in ("cuMemcpy", "cuMemcpyDtoD_v2", "cuMemcpy_ptds", "cuMemcpyDtoD_v2_ptds"):
                calls[name] = (a, b, size)
            for name in ("cuMemcpyAsync", "cuMemcpyDtoDAsync_v2", "cuMemcpyAsync_ptsz", "cuMemcpyDtoDAsync_v2_ptsz"):
                calls[name] = (a, b, size, stream)
            free = {"cuMemcpyHtoDAsync_v2": (a, host, size, stream), "cuMemcpyDtoHAsync_v2": (host, a, size, stream)}
            results = {}
            def run(name, parameters):
                assert cuda.cuCtxSetCurrent(context) == 0
                status = getattr(cuda, name)(*parameters)
                results[name] = (status, time.monotonic() - begin)
            threads = [threading.Thread(target=run, args=item) for item in (calls | free).items()]
            for thread in threads:
                thread.start()
            ready = time.monotonic() - begin
            for thread in threads:
                thread.join(20)
            print(ready < 2, sorted(name for name, (status, _) in results.items() if status != 0),
                  sorted(name for name in calls if results[name][1] < 3),
                  sorted(name for name in free if results[name][1] > 2))
            """
        let text = try await Tool.output("python3", ["-c", program, container.library])
        #expect(text == "True [] [] []\n")
    }
}
