import Foundation
import LimiterAgent
import Testing

/// NVIDIA's own CUDA driver library and CUDA runtime, with the limiter between them. There is no GPU, which they find
/// out and say; that they get so far is what the limiter has to let happen.
@Suite(
    .enabled(if: RealDriver.driver != nil, "no libcuda.so.1 of NVIDIA's: run Scripts/nvidia-smi first"),
    .enabled(if: RealDriver.runtime != nil, "no CUDA runtime in the Python tools: run Scripts/python-tools first"),
    .enabled(if: Tool.isThere("python3"), "python3 is not installed"))
struct RealDriverTests {
    /// Runs a program of Python in a place where the driver's library is the limiter; its argument is the runtime.
    private func run(_ program: String, memory: UInt64 = 1 << 30) async throws -> String {
        let place = FileManager.default.temporaryDirectory.path + "/divvy-driver-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        try FileManager.default.createDirectory(atPath: place + "/libraries", withIntermediateDirectories: true)
        let real = place + "/" + LimiterLibrary.realName
        try FileManager.default.createSymbolicLink(
            atPath: real, withDestinationPath: try #require(RealDriver.driver))
        try LimiterLibrary.install(built: Built.limiterPath, real: real, to: place + "/libraries/libcuda.so.1")
        let part = LimitedPart(uuid: [UInt8](repeating: 7, count: 16), memory: memory, milli: 500)
        let container = try LimitedContainer(directory: place, parts: [part])
        defer { _ = container }
        return try await Tool.output(
            "python3", ["-c", program, try #require(RealDriver.runtime)],
            environment: ["LD_LIBRARY_PATH": place + "/libraries"])
    }

    @Test func `the runtime finds its driver through the limiter, and both find no GPU`() async throws {
        let program = """
            import ctypes, sys
            runtime = ctypes.CDLL(sys.argv[1])
            version, count = ctypes.c_int(), ctypes.c_int(-1)
            assert runtime.cudaDriverGetVersion(ctypes.byref(version)) == 0
            status = runtime.cudaGetDeviceCount(ctypes.byref(count))
            runtime.cudaGetErrorName.restype = ctypes.c_char_p
            address = ctypes.c_void_p()
            again = runtime.cudaMalloc(ctypes.byref(address), ctypes.c_size_t(1 << 20))
            maps = open("/proc/self/maps").read()
            print(version.value, runtime.cudaGetErrorName(status).decode(), again,
                  "libraries/libcuda.so.1" in maps, "nvidia-smi/libcuda.so.1" in maps)
            """
        #expect(try await run(program) == "12020 cudaErrorNoDevice 100 True True\n")
    }

    @Test func `the driver's functions are the limiter's by name, version and default stream, or its own`() async throws
    {
        let program = """
            import ctypes, sys
            class Place(ctypes.Structure):
                _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p),
                            ("symbol", ctypes.c_char_p), ("address", ctypes.c_void_p)]
            libc, cuda = ctypes.CDLL(None), ctypes.CDLL("libcuda.so.1")
            print(cuda.cuInit(0))
            def find(name, version, flags=0):
                address, status = ctypes.c_void_p(), ctypes.c_int()
                assert cuda.cuGetProcAddress_v2(name, ctypes.byref(address), version, ctypes.c_uint64(flags),
                                                ctypes.byref(status)) == 0, name
                place = Place()
                assert libc.dladdr(address, ctypes.byref(place)) != 0
                return address.value, "libraries" in place.file.decode()
            ours = [b"cuMemAlloc", b"cuMemAllocAsync", b"cuMemCreate", b"cuLaunchKernel", b"cuGraphLaunch",
                    b"cuMemsetD8Async", b"cuIpcOpenMemHandle", b"cuCtxCreate", b"cuGetProcAddress"]
            print(all(find(name, 12000)[1] for name in ours))
            print(any(find(name, 12000)[1] for name in (b"cuMemHostAlloc", b"cuStreamCreate", b"cuMemcpyHtoD")))
            print(len({find(b"cuLaunchKernel", 12000, flags)[0] for flags in (0, 2)}),
                  len({find(b"cuCtxCreate", version)[0] for version in (2000, 11000, 11040)}))
            # By an address or by the linker's name, it is the same.
            print(find(b"cuMemAlloc", 12000)[0] == ctypes.cast(cuda.cuMemAlloc_v2, ctypes.c_void_p).value)
            """
        #expect(try await run(program) == "100\nTrue\nFalse\n2 3\nTrue\n")
    }

    @Test func `every function that the driver exports is still there`() async throws {
        let symbols = try await Tool.output("nm", ["-D", "--defined-only", try #require(RealDriver.driver)])
            .split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
            .filter { $0.hasPrefix("cu") }
        #expect(symbols.count > 500)
        let program = """
            import ctypes
            cuda = ctypes.CDLL("libcuda.so.1")
            print([name for name in "\(symbols.joined(separator: " "))".split() if not hasattr(cuda, name)])
            """
        #expect(try await run(program) == "[]\n")
    }
}

/// What the scripts have fetched.
enum RealDriver {
    /// NVIDIA's driver library, beside its command line tool.
    static var driver: String? {
        let path = Built.root + "/.build/nvidia-smi/libcuda.so.1"
        return Tool.isPromised || access(path, R_OK) == 0 ? path : nil
    }

    /// NVIDIA's CUDA runtime, among the Python tools.
    static var runtime: String? {
        let path = Built.root + "/.build/python-tools"
        let libraries = (try? FileManager.default.contentsOfDirectory(atPath: path + "/lib")) ?? []
        let found = libraries.map { library -> String in
            "\(path)/lib/\(library)/site-packages/nvidia/cuda_runtime/lib/libcudart.so.12"
        }
        .first { access($0, R_OK) == 0 }
        return found ?? (Tool.isPromised ? path + "/lib/libcudart.so.12" : nil)
    }
}
