import Containers
import Engine
import Fleet
import Foundation
import Testing

@testable import Isolation

/// What a limited lease's container gets: the limiter wherever the driver's library would be.
struct LimitedContainerEditsTests {
    private static let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("libdivvy-limiter.so").path

    /// Runs `body` with a preparer over a driver whose files lie in a directory of the test's own.
    private func with(
        libraries: [String] = ["libcuda.so.580.1", "libnvidia-ml.so.580.1", "libnvidia-ptxjitcompiler.so.580.1"],
        _ body: (CDILeasePreparer, Node, String) async throws -> Void
    ) async throws {
        let root = FileManager.default.temporaryDirectory.path + "/divvy-edits-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for directory in ["lib", "dev"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(directory)", withIntermediateDirectories: true)
        }
        for name in libraries {
            try name.write(toFile: "\(root)/lib/\(name)", atomically: false, encoding: .utf8)
            let link = name.replacingOccurrences(of: ".580.1", with: ".1")
            try FileManager.default.createSymbolicLink(atPath: "\(root)/lib/\(link)", withDestinationPath: name)
        }
        for name in ["nvidiactl", "nvidia0"] {
            try "".write(toFile: "\(root)/dev/\(name)", atomically: false, encoding: .utf8)
        }
        let gpu = GPU(
            id: Self.gpu, index: 0, minor: 0, name: "NVIDIA A100",
            memory: .init(total: .gibibytes(40), reserved: .zero),
            computeCapability: nil, multiprocessors: nil, pciAddress: "00000000:01:00.0", numaNode: nil, mig: .off)
        let library = "\(root)/lib/libnvidia-ml.so.1"
        let node = Node(
            name: "box", driver: DriverInfo(version: "580.1", cudaVersion: nil, library: library, note: nil),
            gpus: [gpu], links: [], cpuAffinity: [], whyEmpty: nil)
        let isolation = IsolationLadder.of(
            LimiterIsolation(
                LimiterSettings(
                    directory: root + "/limiter", builtLibrary: Self.built,
                    driverLibrary: { DriverFiles.library($1, of: $0) })))
        let preparer = CDILeasePreparer(
            .init(
                directory: CDIDirectory(path: root + "/cdi"), deviceRoot: root + "/dev", isolation: isolation))
        try await body(preparer, node, root)
    }

    private static let gpu = GPUID("GPU-00010203-0405-0607-0809-0a0b0c0d0e0f")

    private func lease(_ grade: Grade, capabilities: [String] = []) -> Lease {
        var request = Request()
        request.capabilities = capabilities
        var lease = Lease(
            id: LeaseID(number: 5), request: request, tenant: Tenant(uid: 0, name: "root"), name: nil,
            idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: .nobody, keepAlive: nil)
        let grant = GPUGrant(gpu: Self.gpu, share: Share(milli: 500), memory: .gibibytes(1))
        lease.state = .granted(
            Placement(node: "box", grants: [grant], grade: grade), since: Moment(nanoseconds: 0))
        return lease
    }

    @Test func `the limiter is under every name of the CUDA driver's library, the real one out of sight`() async throws
    {
        try await with { preparer, node, root in
            let edits = try await preparer.prepare(lease(.cooperative), on: node).edits
            let cuda = edits.mounts.filter { $0.containerPath.contains("/libcuda.so") }
            let outside = cuda.filter { !$0.containerPath.hasPrefix("/run/divvy/limiter/") }
            #expect(outside.count == 4, "two names in two directories: \(outside)")
            #expect(outside.allSatisfy { $0.hostPath == root + "/limiter/libcuda.so.1" && $0.options.contains("ro") })
            let real = cuda.filter { $0.containerPath == "/run/divvy/limiter/libcuda.so.1" }
            #expect(real.map(\.hostPath).allSatisfy { $0.hasSuffix("/lib/libcuda.so.580.1") } && real.count == 1)
            let other = edits.mounts.filter { $0.containerPath.contains("ptxjit") }
            #expect(other.allSatisfy { $0.hostPath.contains("/lib/libnvidia-ptxjitcompiler") } && !other.isEmpty)
            let document = try String(contentsOfFile: root + "/cdi/divvy-lease-5.json", encoding: .utf8)
            #expect(document.contains("/run/divvy/limiter/limits"))
            #expect(await preparer.readings(of: LeaseID(number: 5)).first?.parts.first?.memoryLimit == .gibibytes(1))
            await preparer.dismiss(LeaseID(number: 5))
            #expect(!FileManager.default.fileExists(atPath: root + "/limiter/lease-5"))
            #expect(await preparer.readings(of: LeaseID(number: 5)).isEmpty)
        }
    }

    @Test(arguments: [Grade.exclusive, .unfenced])
    func `of other grades nothing of it is there`(grade: Grade) async throws {
        try await with { preparer, node, root in
            let edits = try await preparer.prepare(lease(grade), on: node).edits
            #expect(!edits.mounts.contains { ($0.hostPath + $0.containerPath).contains("limiter") })
        }
    }

    @Test func `a container that computes nothing needs none, and one without its limits is not started`() async throws
    {
        try await with { preparer, node, _ in
            let edits = try await preparer.prepare(lease(.cooperative, capabilities: ["utility"]), on: node).edits
            #expect(!edits.mounts.contains { $0.containerPath.contains("limiter") })
        }
        try await with(libraries: ["libnvidia-ml.so.580.1"]) { preparer, node, _ in
            await #expect(throws: PreparationError.self) { try await preparer.prepare(lease(.cooperative), on: node) }
        }
    }

    @Test func `reconciling removes the directory of a lease that is gone, and keeps one that lives`() async throws {
        try await with { preparer, node, root in
            _ = try await preparer.prepare(lease(.cooperative), on: node)
            try await preparer.reconcile([lease(.cooperative)], on: node)
            #expect(FileManager.default.fileExists(atPath: root + "/limiter/lease-5/limits"))
            try await preparer.reconcile([], on: node)
            #expect(!FileManager.default.fileExists(atPath: root + "/limiter/lease-5"))
        }
    }
}
