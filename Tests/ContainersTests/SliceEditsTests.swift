import Engine
import Fleet
import Foundation
import Testing

@testable import Containers

/// What a container or process needs of a slice, and what it must not have.
@Suite struct `A lease of a slice` {
    private func with(_ body: (CDILeasePreparer, Node, String) async throws -> Void) async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libcuda", "libnvidia-ml"])
            let preparer = CDILeasePreparer(
                .init(directory: CDIDirectory(path: root + "/cdi"), deviceRoot: layout.devices))
            try await body(preparer, makeCutNode(library: layout.library), layout.devices)
        }
    }

    private func nodes(_ edits: ContainerEdits) -> [String] {
        edits.deviceNodes.map(\.path) + edits.mounts.map(\.containerPath).filter { $0.hasPrefix("/dev/") }
    }

    @Test func `gets the GPU's node, those of its instances, and nothing of other slices`() async throws {
        try await with { preparer, node, devices in
            let first = try await preparer.prepare(makeSliceLease(1, slices: [0]), on: node)
            #expect(
                nodes(first.edits) == [
                    "/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap21", "/dev/nvidia-caps/nvidia-cap22",
                ])
            #expect(first.edits.environment.contains("CUDA_VISIBLE_DEVICES=MIG-0"))
            #expect(first.edits.environment.contains("NVIDIA_VISIBLE_DEVICES=void"))
            let second = try await preparer.prepare(makeSliceLease(2, slices: [1]), on: node)
            #expect(
                nodes(second.edits).suffix(2) == ["/dev/nvidia-caps/nvidia-cap30", "/dev/nvidia-caps/nvidia-cap31"])
            let written = try contents(devices + "/../cdi/divvy-lease-2.json")
            #expect(written.contains("nvidia-cap30") && !written.contains("nvidia-cap21"))
        }
    }

    @Test func `has the GPU's node once, however many of its slices it has`() async throws {
        try await with { preparer, node, _ in
            let both = try await preparer.prepare(makeSliceLease(1, slices: [0, 1]), on: node)
            #expect(nodes(both.edits).filter { $0 == "/dev/nvidia0" }.count == 1)
            #expect(nodes(both.edits).filter { $0.contains("nvidia-cap") }.count == 4)
            #expect(both.edits.environment.contains("CUDA_VISIBLE_DEVICES=MIG-0,MIG-1"))
        }
    }

    @Test func `hides other GPUs from a process, and the rights to other slices`() async throws {
        try await with { preparer, node, devices in
            let first = try await preparer.prepare(makeSliceLease(1, slices: [0]), on: node)
            #expect(
                first.hiddenDevices == [30, 31].map { "\(devices)/nvidia-caps/nvidia-cap\($0)" }
                    + ["\(devices)/nvidia1"])
            // One that is made while the process runs would be in its sight.
            #expect(first.hiddenDevices.allSatisfy { FileManager.default.fileExists(atPath: $0) })
            #expect(first.processEnvironment.contains("CUDA_VISIBLE_DEVICES=MIG-0"))
            let second = try await preparer.prepare(makeSliceLease(2, slices: [1]), on: node)
            #expect(
                second.hiddenDevices == [21, 22].map { "\(devices)/nvidia-caps/nvidia-cap\($0)" }
                    + ["\(devices)/nvidia1"])
            let whole = try await preparer.prepare(makeLease(3, gpus: [1]), on: node)
            #expect(
                whole.hiddenDevices == ["\(devices)/nvidia0"]
                    + [21, 22, 30, 31].map { "\(devices)/nvidia-caps/nvidia-cap\($0)" })
        }
    }

    @Test func `that has gone cannot be prepared, and it is said which`() async throws {
        try await with { preparer, node, _ in
            let gone = makeSliceLease(1, slices: [2])
            let error = await #expect(throws: PreparationError.self) { try await preparer.prepare(gone, on: node) }
            #expect(error?.description.hasPrefix("lease-1 has the slice MIG-2 of GPU 0, which the driver") == true)
        }
    }

    @Test(.enabled(if: !((try? contents("/proc/devices")) ?? "").contains("nvidia-caps"), "a driver is loaded here"))
    func `says what to do where its node is not there and nobody can make it`() async throws {
        try await with { preparer, node, devices in
            // Device nodes, as on a machine with a driver.
            for name in ["nvidiactl", "nvidia0"] {
                try FileManager.default.removeItem(atPath: "\(devices)/\(name)")
                try FileManager.default.createSymbolicLink(
                    atPath: "\(devices)/\(name)", withDestinationPath: "/dev/null")
            }
            let lease = makeSliceLease(1, slices: [0])
            let error = await #expect(throws: PreparationError.self) { try await preparer.prepare(lease, on: node) }
            #expect(
                error?.description.hasPrefix("\(devices)/nvidia-caps/nvidia-cap21 is not there, and /proc/devices")
                    == true,
                "\(error?.description ?? "")")
            #expect(error?.description.contains("'nvidia-modprobe -f'") == true)
            // Once somebody has made them they are passed on as devices.
            for minor in [21, 22] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(devices)/nvidia-caps/nvidia-cap\(minor)", withDestinationPath: "/dev/null")
            }
            let ready = try await preparer.prepare(lease, on: node)
            #expect(ready.edits.deviceNodes.map(\.path).suffix(1) == ["/dev/nvidia-caps/nvidia-cap22"])
        }
    }

    @Test func `finds the kernel's number for the devices that stand for slices`() {
        let devices = """
            Character devices:
              1 mem
            195 nvidia
            235 nvidia-caps

            Block devices:
              7 loop
            240 nvidia-caps
            """
        #expect(DriverFiles.major(of: "nvidia-caps", in: devices) == 235)
        #expect(DriverFiles.major(of: "loop", in: devices) == nil)
        #expect(DriverFiles.device(195, 254) == 195 << 8 | 254)
        #expect(DriverFiles.device(4095, 4322) == 4095 << 8 | 0xE2 | 0x10 << 20)
    }
}
