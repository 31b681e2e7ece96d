import Engine
import Fleet
import Foundation
import Testing

@testable import Containers

@Suite struct CDILeasePreparerTests {
    private func preparer(_ layout: DriverLayout, directory: String?) -> CDILeasePreparer {
        CDILeasePreparer(
            .init(
                directory: directory.map { CDIDirectory(path: $0) }, library: { _ in layout.library },
                deviceRoot: layout.devices))
    }

    @Test func `a node that the driver makes later is in the next lease`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(
                in: root, versioned: ["libcuda"], plain: ["libnvidia-ml"], gpus: 1, nodes: ["nvidiactl"])
            let preparer = preparer(layout, directory: root + "/cdi")
            func paths(_ number: Int64) async throws -> [String] {
                try await preparer.prepare(makeLease(number, gpus: [0]), on: makeNode(gpus: 1))
                    .edits.mounts.map(\.containerPath)
            }
            #expect(try await !paths(1).contains("/dev/nvidia-uvm"))
            #expect(FileManager.default.createFile(atPath: root + "/dev/nvidia-uvm", contents: nil))
            #expect(try await paths(2).contains("/dev/nvidia-uvm"))
        }
    }

    @Test func `a lease gets its own GPUs, the driver's files and an environment that names them`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(
                in: root, versioned: ["libcuda", "libnvidia-encode"], plain: ["libnvidia-ml"], gpus: 3,
                nodes: ["nvidiactl", "nvidia-uvm", "nvidia-modeset"])
            let result = try await preparer(layout, directory: root + "/cdi").prepare(
                makeLease(17, gpus: [0, 2]), on: makeNode(gpus: 3))
            #expect(result.cdiDevice == "divvy.dev/gpu=lease-17")
            #expect(result.cdiSpecification == root + "/cdi/divvy-lease-17.json")
            #expect(
                result.edits.environment == [
                    "NVIDIA_VISIBLE_DEVICES=void", "CUDA_DEVICE_ORDER=PCI_BUS_ID", "DIVVY_LEASE=lease-17",
                    "CUDA_VISIBLE_DEVICES=0,1",
                ])
            let writable = result.edits.mounts.filter { $0.options.contains("rw") }
            #expect(
                writable.map(\.containerPath) == ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidia2"])
            #expect(writable.map(\.hostPath).allSatisfy { $0.hasPrefix(root + "/dev/") })
            let libraries = result.edits.mounts.filter { $0.containerPath.hasPrefix("/usr/lib64/") }
            #expect(
                libraries.map { HostFiles.split($0.containerPath).name } == [
                    "libcuda.so.1", "libcuda.so.535.1", "libnvidia-ml.so.1",
                ])
            #expect(libraries.allSatisfy { $0.options.contains("ro") && $0.hostPath.hasPrefix(root) })
            #expect(
                result.processEnvironment == [
                    "CUDA_VISIBLE_DEVICES=GPU-0,GPU-2", "NVIDIA_VISIBLE_DEVICES=GPU-0,GPU-2",
                    "CUDA_DEVICE_ORDER=PCI_BUS_ID", "DIVVY_LEASE=lease-17",
                ])
            #expect(result.hiddenDevices == [layout.devices + "/nvidia1"])
            let json = try JSONSerialization.jsonObject(with: Data(contents(root + "/cdi/divvy-lease-17.json").utf8))
            #expect((json as? [String: Any])?["kind"] as? String == "divvy.dev/gpu")
        }
    }

    @Test func `preparing again gives the same, and dismissing removes the file`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"])
            let preparer = preparer(layout, directory: root + "/cdi")
            let lease = makeLease(1, gpus: [1])
            let first = try await preparer.prepare(lease, on: makeNode(gpus: 2))
            #expect(try await preparer.prepare(lease, on: makeNode(gpus: 2)) == first)
            await preparer.dismiss(lease.id)
            await preparer.dismiss(lease.id)
            #expect(try names(in: root + "/cdi").isEmpty)
        }
    }

    @Test func `a real device node is passed as a device, not mounted`() async throws {
        let edits = try DriverFiles(library: "/x", version: nil, deviceRoot: "/dev").edits(deviceNamed: "null")
        #expect(edits.deviceNodes == [.init(path: "/dev/null", hostPath: "/dev/null")])
        #expect(edits.mounts.isEmpty)
    }

    @Test func `a device node that is made later is seen, although libraries are remembered`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"])
            let preparer = preparer(layout, directory: nil)
            let lease = makeLease(1, gpus: [1])
            let before = try await preparer.prepare(lease, on: makeNode(gpus: 2))
            try "".write(toFile: layout.devices + "/nvidia-uvm", atomically: false, encoding: .utf8)
            let after = try await preparer.prepare(lease, on: makeNode(gpus: 2))
            #expect(!before.edits.mounts.contains { $0.containerPath == "/dev/nvidia-uvm" })
            #expect(after.edits.mounts.contains { $0.containerPath == "/dev/nvidia-uvm" })
            #expect(after.cdiSpecification == nil)
        }
    }

    @Test func `reconciling rewrites what lives, removes what does not, and touches nothing of others`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"])
            let preparer = preparer(layout, directory: root + "/cdi")
            _ = try await preparer.prepare(makeLease(1, gpus: [0]), on: makeNode(gpus: 2))
            _ = try await preparer.prepare(makeLease(2, gpus: [1]), on: makeNode(gpus: 2))
            for name in ["nvidia.yaml", "divvy-gpus.json", ".divvy-unfinished-1-x"] {
                try "{}".write(toFile: "\(root)/cdi/\(name)", atomically: false, encoding: .utf8)
            }
            try "damaged".write(toFile: root + "/cdi/divvy-lease-1.json", atomically: false, encoding: .utf8)
            try await preparer.reconcile([makeLease(1, gpus: [0]), makeLease(3, gpus: [1])], on: makeNode(gpus: 2))
            #expect(
                try names(in: root + "/cdi") == [
                    "divvy-gpus.json", "divvy-lease-1.json", "divvy-lease-3.json", "nvidia.yaml",
                ])
            #expect(try contents(root + "/cdi/divvy-lease-1.json").contains("lease-1"))
        }
    }

    @Test func `reconciling does what it can when one lease cannot be prepared`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"])
            let preparer = preparer(layout, directory: root + "/cdi")
            let error = await #expect(throws: PreparationError.self) {
                try await preparer.reconcile([makeLease(1, gpus: [7]), makeLease(2, gpus: [1])], on: makeNode(gpus: 2))
            }
            #expect(error?.description.contains("GPU-7") == true)
            #expect(try names(in: root + "/cdi") == ["divvy-lease-2.json"])
        }
    }

    @Test func `what is missing is named`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"], gpus: 1, nodes: [])
            let noControl = await #expect(throws: PreparationError.self) {
                try await preparer(layout, directory: nil).prepare(makeLease(1, gpus: [0]), on: makeNode(gpus: 1))
            }
            #expect(noControl?.description.contains(layout.devices + "/nvidiactl") == true)
            let noDriver = await #expect(throws: PreparationError.self) {
                try await CDILeasePreparer(.init(directory: nil)).prepare(
                    makeLease(1, gpus: [0]), on: makeNode(gpus: 1, library: nil))
            }
            #expect(noDriver?.description.contains("no libnvidia-ml.so.1 was found") == true)
        }
    }

    @Test func `the specification of whole GPUs names each by its UUID`() async throws {
        try await withDirectory { root in
            let layout = try DriverLayout(in: root, plain: ["libnvidia-ml"])
            let specification = try preparer(layout, directory: nil).wholeGPUs(of: makeNode(gpus: 2))
            #expect(specification.devices.map(\.name) == ["GPU-0", "GPU-1"])
            #expect(specification.commonEdits.environment.contains("NVIDIA_VISIBLE_DEVICES=void"))
        }
    }
}
