import Engine
import Fleet
import Foundation
import LimiterAgent
import Testing

@testable import Isolation

/// The files that make a lease hold, without a GPU.
struct LimiterIsolationTests {
    /// The limiter as it was built; it lies beside the program that runs the tests.
    private static let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("libdivvy-limiter.so").path

    private func with(
        built: String? = built, cuda: String? = "/usr/lib/libcuda.so.580",
        _ body: (LimiterIsolation, String) throws -> Void
    ) throws {
        let path = FileManager.default.temporaryDirectory.path + "/divvy-isolation-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(isolation(path, built: built, cuda: cuda), path)
    }

    private func withLadder(_ body: (IsolationLadder, LimiterIsolation, String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/divvy-isolation-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let limiter = isolation(path)
        try await body(.of(limiter), limiter, path)
    }

    private func isolation(_ path: String, built: String? = built, cuda: String? = "/usr/lib/libcuda.so.580")
        -> LimiterIsolation
    {
        LimiterIsolation(
            LimiterSettings(
                directory: path, builtLibrary: built, driverLibrary: { _, name in name == "libcuda" ? cuda : nil }))
    }

    private let node = Node(
        name: "box", driver: nil, gpus: [], links: [], cpuAffinity: [], whyEmpty: nil)
    private let gpu = GPUID("GPU-00010203-0405-0607-0809-0a0b0c0d0e0f")

    private func lease(
        _ number: Int64, grade: Grade = .cooperative, gpu: GPUID? = nil, milli: Int32 = 300,
        memory: Bytes = .gibibytes(10), burst: Burst? = nil, holder: Holder = .nobody
    ) -> Lease {
        var request = Request()
        request.burst = burst
        var lease = Lease(
            id: LeaseID(number: number), request: request, tenant: Tenant(uid: 0, name: "root"), name: nil,
            idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: holder, keepAlive: nil)
        let grant = GPUGrant(gpu: gpu ?? self.gpu, share: Share(milli: milli), memory: memory)
        lease.state = .granted(
            Placement(node: "box", grants: [grant], grade: grade), since: Moment(nanoseconds: 0))
        return lease
    }

    @Test func `a lease's limits are what the limiter finds in its page`() throws {
        try with { isolation, path throws in
            let hold = try isolation.hold(lease(7), on: node)
            let container = try LimitedContainer(resuming: path + "/lease-7")
            #expect(
                container.parts == [
                    LimitedPart(uuid: Array(0...15), memory: 10 << 30, milli: 300, policy: .share)
                ])
            let reading = try #require(isolation.reading(of: LeaseID(number: 7)))
            #expect(reading.source == path + "/lease-7")
            #expect(
                reading.parts == [
                    .init(
                        gpu: gpu, memoryLimit: .gibibytes(10), share: Share(milli: 300), memoryUsed: .zero,
                        memoryPeak: .zero, refusals: 0)
                ])
            #expect(hold.libraries == [.init(name: "libcuda.so", path: path + "/libcuda.so.1", isFence: true)])
            #expect(hold.mounts.map(\.containerPath).allSatisfy { $0.hasPrefix("/run/divvy/limiter/") })
            #expect(hold.mounts.map { $0.options.contains("ro") } == [true, true, false])
            #expect(hold.mounts.map(\.hostPath).last == path + "/lease-7/books")
            #expect(hold.processMounts.isEmpty)
        }
    }

    @Test func `a process finds the driver's library, then ours in its place`() throws {
        let process = Holder.process(ProcessIdentity(pid: 1, startTicks: 1, boot: "b"))
        try with { isolation, path throws in
            let hold = try isolation.hold(lease(7, holder: process), on: node)
            #expect(hold.processMounts.first?.containerPath == path + "/lease-7/libcuda.so.1")
            #expect(hold.processMounts.first?.hostPath == "/usr/lib/libcuda.so.580")
            #expect(hold.processMounts.dropFirst().first?.containerPath == "/usr/lib/libcuda.so.580")
        }
    }

    @Test(arguments: [Grade.exclusive, .unfenced])
    func `a lease of another grade has nothing of the limiter`(grade: Grade) async throws {
        try await withLadder { ladder, isolation, path in
            let hold = try await ladder.hold(lease(7, grade: grade), on: node)
            #expect(hold == nil)
            #expect(!FileManager.default.fileExists(atPath: path + "/lease-7"))
            #expect(isolation.reading(of: LeaseID(number: 7)) == nil)
        }
    }

    @Test func `the next daemon takes up the same files, and removes what belongs to nobody`() throws {
        try with { first, path throws in
            _ = try first.hold(lease(1), on: node)
            _ = try first.hold(lease(2), on: node)
            func inode(_ name: String) throws -> UInt64? {
                try FileManager.default.attributesOfItem(atPath: path + name)[.systemFileNumber] as? UInt64
            }
            let before = try inode("/lease-1/books")
            let second = isolation(path)
            try second.reconcile([lease(1), lease(3)], on: node)
            #expect(try inode("/lease-1/books") == before)
            #expect(!FileManager.default.fileExists(atPath: path + "/lease-2"))
            #expect(FileManager.default.fileExists(atPath: path + "/lease-3/limits"))
            second.release(LeaseID(number: 1))
            second.release(LeaseID(number: 1))
            #expect(!FileManager.default.fileExists(atPath: path + "/lease-1"))
        }
    }

    @Test func `what a share may use of the rest is what its request says`() throws {
        let policies: [(Burst?, LimitedPart.Policy)] = [
            (nil, .share), (.any, .share), (.no, .cap), (.upTo(Share(milli: 800)), .burst(800)),
        ]
        for (burst, policy) in policies {
            try with { isolation, path throws in
                _ = try isolation.hold(lease(1, burst: burst), on: node)
                #expect(try LimitedContainer(resuming: path + "/lease-1").parts.first?.policy == policy)
            }
        }
    }

    @Test func `a page that somebody damaged is written anew`() throws {
        try with { first, path throws in
            _ = try first.hold(lease(1), on: node)
            try Data(count: 2112).write(to: URL(fileURLWithPath: path + "/lease-1/limits"))
            _ = try isolation(path).hold(lease(1), on: node)
            #expect(try LimitedContainer(resuming: path + "/lease-1").parts.first?.memory == 10 << 30)
        }
    }

    @Test func `only the tenant can look into its directory, and the limits are not its to write`() throws {
        try with { isolation, path throws in
            var other = lease(1)
            other = Lease(
                id: other.id, request: other.request, tenant: Tenant(uid: 12345, name: "ada"), name: nil,
                idempotencyKey: nil, asked: other.asked, holder: .nobody, keepAlive: nil)
            other.state = lease(1).state
            _ = try isolation.hold(other, on: node)
            func mode(_ name: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path + name)[.posixPermissions] as? Int
            }
            #expect(try mode("/lease-1") == (geteuid() == 0 ? 0o500 : 0o700))
            #expect(try mode("/lease-1/limits") == 0o644)
            if geteuid() == 0 {
                let owner = try FileManager.default.attributesOfItem(atPath: path + "/lease-1")[.ownerAccountID]
                #expect(owner as? Int == 12345)
            }
        }
    }

    @Test func `what keeps shares unfenced is said, and no such lease is held`() throws {
        try with(built: nil) { isolation, _ throws in
            #expect(isolation.problem(on: node)?.contains("not installed") == true)
            #expect(throws: PreparationError.self) { try isolation.hold(lease(1), on: node) }
        }
        try with(cuda: nil) { isolation, _ throws in
            #expect(isolation.problem(on: node)?.contains("libcuda.so.1") == true)
            #expect(throws: PreparationError.self) { try isolation.hold(lease(1), on: node) }
        }
        try with(built: "/etc/passwd") { isolation, _ throws in
            #expect(isolation.problem(on: node)?.contains("/etc/passwd") == true)
        }
        try with { isolation, _ throws in #expect(isolation.problem(on: node) == nil) }
    }

    @Test func `a GPU whose UUID is none cannot be limited`() throws {
        #expect(GPUID("GPU-1").bytes == nil)
        #expect(GPUID("MIG-00010203-0405-0607-0809-0a0b0c0d0e0f").bytes == nil)
        #expect(GPUID("GPU-0001020x-0405-0607-0809-0a0b0c0d0e0f").bytes == nil)
        try with { isolation, _ throws in
            #expect(throws: PreparationError.self) { try isolation.hold(lease(1, gpu: GPUID("GPU-1")), on: node) }
        }
    }
}
