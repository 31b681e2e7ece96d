import Engine
import Fleet
import Foundation
import Testing

@testable import Drivers

/// A driver library of two GPUs, `GPU-0` and `GPU-1`: `Stub/control_stub.c`, compiled for the test that asks for it.
private struct ControlStub: ~Copyable {
    /// In the order of `enum knob` in the C file.
    enum Knob: Int32 { case answer, hanging, mig, sets }

    let path: String
    private let knob: @convention(c) (Int32) -> UnsafeMutablePointer<Int32>

    init(isOld: Bool = false) throws {
        path = FileManager.default.temporaryDirectory.path + "/divvy-control-stub-\(UUID().uuidString).so"
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = [
            "cc", "-shared", "-fPIC", "-O1", "-fvisibility=hidden", isOld ? "-DOLD" : "-DNEW", "-I",
            here.appending(path: "../../Sources/C/CNVML/include").standardized.path,
            here.appending(path: "Stub/control_stub.c").path, "-o", path,
        ]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0, "cc must compile the driver stub")
        let handle = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL))
        let symbol = try #require(dlsym(handle, "stub_knob"))
        knob = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> UnsafeMutablePointer<Int32>).self)
    }

    deinit {
        self.knob(Knob.hanging.rawValue).pointee = 0
        try? FileManager.default.removeItem(atPath: path)
    }

    subscript(_ which: Knob) -> Int32 {
        get { knob(which.rawValue).pointee }
        nonmutating set { knob(which.rawValue).pointee = newValue }
    }
}

@Suite struct `Changing a driver` {
    private let first = GPUID("GPU-0")
    private let second = GPUID("GPU-1")
    private let cgroup = "/sys/fs/cgroup/system.slice/docker-1.scope"

    /// What a call says when it fails; nil when it succeeds.
    private func refusal(_ body: () async throws(DriverControlError) -> Void) async -> DriverControlError? {
        do throws(DriverControlError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `each GPU has its own limits of a cgroup, and none is none`() async throws {
        let stub = try ControlStub()
        let control = NVMLDriverControl(library: stub.path)
        let wanted = MemoryLimits(soft: .gibibytes(10), hard: .gibibytes(10))
        try await control.setMemoryLimits(wanted, ofCgroup: cgroup, on: first)
        let found = try await control.memoryLimits(ofCgroup: cgroup, on: first)
        #expect(found == MemoryLimitReading(limits: wanted, used: Bytes(4711)))
        #expect(try await control.memoryLimits(ofCgroup: cgroup, on: second).limits == .none)
        try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: first)
        #expect(try await control.memoryLimits(ofCgroup: cgroup, on: first).limits == .none)
        #expect(stub[.sets] == 2)
    }

    @Test func `a driver without memory limits is called too old`() async throws {
        let stub = try ControlStub(isOld: true)
        let control = NVMLDriverControl(library: stub.path)
        let expected = DriverControlError.unsupported(
            "driver 535.261.03 has no memory limits for cgroups; 615 and newer have")
        let read = await refusal { () throws(DriverControlError) in
            _ = try await control.memoryLimits(ofCgroup: cgroup, on: first)
        }
        #expect(read == expected)
        let set = await refusal { () throws(DriverControlError) in
            try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: first)
        }
        #expect(set == expected)
    }

    @Test func `each refusal of the driver has its own reason`() async throws {
        let stub = try ControlStub()
        let control = NVMLDriverControl(library: stub.path)
        func refusal(_ answer: Int32) async -> DriverControlError? {
            stub[.answer] = answer
            return await self.refusal { () throws(DriverControlError) in
                try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: first)
            }
        }
        #expect(await refusal(6) == .unknownCgroup(cgroup))
        let permission = await refusal(4)
        #expect(
            permission
                == .noPermission(
                    "only root may set the driver's memory limits: nvmlDeviceSetMemoryLimits_v1 failed: no permission "
                        + "(NVML code 4)"))
        let failed = await refusal(23)
        #expect(failed == .failed("nvmlDeviceSetMemoryLimits_v1 failed: resources are insufficient (NVML code 23)"))
        #expect(await refusal(0) == nil)
        let unknown = await self.refusal { () throws(DriverControlError) in
            try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: GPUID("GPU-7"))
        }
        #expect(unknown == .unknownGPU(GPUID("GPU-7")))
    }

    @Test func `no limit is set on a GPU in MIG mode`() async throws {
        let stub = try ControlStub()
        stub[.mig] = 1
        let control = NVMLDriverControl(library: stub.path)
        let refused = await refusal { () throws(DriverControlError) in
            try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: first)
        }
        #expect("\(try #require(refused))".hasPrefix("GPU GPU-0 is in MIG mode, where the driver has no memory limits"))
        #expect(stub[.sets] == 0)
        try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: second)
    }

    @Test func `a GPU that hangs holds up nobody but itself, and only once`() async throws {
        let stub = try ControlStub()
        let control = NVMLDriverControl(library: stub.path, deadline: Span(milliseconds: 300))
        stub[.hanging] = 1
        let expected = DriverControlError.timedOut("driver call nvmlDeviceSetMemoryLimits_v1 did not return in 300 ms")
        func attempt() async -> DriverControlError? {
            await refusal { () throws(DriverControlError) in
                try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: first)
            }
        }
        #expect(await attempt() == expected)
        let start = ContinuousClock.now
        for _ in 0..<10 { #expect(await attempt() == expected) }
        #expect(ContinuousClock.now - start < .milliseconds(300))
        try await control.setMemoryLimits(.none, ofCgroup: cgroup, on: second)
        stub[.hanging] = 0
        let end = ContinuousClock.now + .seconds(10)
        while await attempt() != nil, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await attempt() == nil)
    }

    @Test func `compute modes are set and read back`() async throws {
        let stub = try ControlStub()
        let control = NVMLDriverControl(library: stub.path)
        #expect(try await control.computeMode(of: first) == .default)
        try await control.setComputeMode(.exclusiveProcess, of: first)
        #expect(try await control.computeMode(of: first) == .exclusiveProcess)
        #expect(try await control.computeMode(of: second) == .default)
        stub[.answer] = 4
        let refused = await refusal { () throws(DriverControlError) in
            try await control.setComputeMode(.default, of: first)
        }
        #expect("\(try #require(refused))".hasPrefix("only root may set a GPU's compute mode"))
    }

    @Test func `without a driver nothing is changed, and the reason is the driver's`() async throws {
        let control = NVMLDriverControl(library: "/nowhere/libnvidia-ml.so.1")
        let refused = await refusal { () throws(DriverControlError) in _ = try await control.computeMode(of: first) }
        #expect(refused == .failed("no NVIDIA driver was found: there is no /nowhere/libnvidia-ml.so.1"))
    }
}
