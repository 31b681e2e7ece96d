import Drivers
import Engine
import Fleet
import Foundation
import SimulatedDevices
import Synchronization
import Testing

@testable import Isolation

/// What the build made; it lies beside the program that runs the tests.
enum Built {
    static var directory: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }
}

/// A simulated machine with a driver of today, and multi-process service on it; both are gone at the end of the test.
final class ServiceMachine: Sendable {
    let directory: String
    let instance: SimulatedInstance
    let node: Node
    private let driver: NVMLDriverControl
    private let news = Mutex<[ServiceNews]>([])

    init(_ profile: String = "dgx-h100", driver branch: String = "615", mig: GPU.MIGMode = .off) throws {
        var wanted = try SimulatedProfile.named(profile)
        wanted.driver = try .named(branch)
        // Short: the paths of sockets have an end.
        directory = "/tmp/dm-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        instance = try SimulatedInstance.create(
            profile: wanted, at: directory + "/machine",
            library: Built.directory.appendingPathComponent("libnvidia-ml.so").path)
        driver = NVMLDriverControl(library: instance.libraryPath)
        node = Node(
            name: "box",
            driver: DriverInfo(
                version: wanted.driver.version, cudaVersion: nil, library: instance.libraryPath, note: "simulated"),
            gpus: wanted.seats.indices.map { Self.gpu($0, GPUID(wanted.uuid(ofGPU: $0)), mig) }, links: [],
            cpuAffinity: [],
            whyEmpty: nil)
    }

    private static func gpu(_ index: Int, _ id: GPUID, _ mig: GPU.MIGMode) -> GPU {
        GPU(
            id: id, index: index, minor: index, name: "NVIDIA H100",
            memory: .init(total: .gibibytes(80), reserved: .gibibytes(1)), computeCapability: "9.0",
            multiprocessors: nil, pciAddress: "", numaNode: nil, mig: mig)
    }

    deinit {
        try? instance.remove()
        try? FileManager.default.removeItem(atPath: directory)
    }

    var cuda: String { instance.directory + "/lib/libcuda.so.1" }
    var control: String { instance.directory + "/bin/nvidia-cuda-mps-control" }
    var serviceDirectory: String { directory + "/mps" }

    /// What was told of servers, in order.
    var told: [ServiceNews] { news.withLock { $0 } }

    func service(_ change: (inout MultiProcessSettings) -> Void = { _ in }) -> MultiProcessService {
        let (control, cuda) = (control, cuda)
        let divvy = Built.directory.appendingPathComponent("divvy").path
        var settings = MultiProcessSettings(
            directory: serviceDirectory, program: { _ in control }, probe: { _ in [divvy, "probe-mps", cuda] },
            uid: getuid())
        settings.foreignDirectories = [directory + "/foreign"]
        settings.period = .milliseconds(200)
        change(&settings)
        return MultiProcessService(settings, driver: driver) { [weak self] news in
            self?.news.withLock { $0.append(news) }
        }
    }

    func lease(
        _ number: Int64, milli: Int32 = 500, memory: Bytes = .gibibytes(10), gpus: [Int] = [0], burst: Burst? = nil,
        uid: UInt32 = 0
    ) -> Lease {
        var request = Request()
        request.portion = .share(Share(milli: milli))
        request.burst = burst
        var lease = Lease(
            id: LeaseID(number: number), request: request, tenant: Tenant(uid: uid, name: "user\(uid)"), name: nil,
            idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: .nobody, keepAlive: nil)
        let grants = gpus.map { GPUGrant(gpu: node.gpus[$0].id, share: Share(milli: milli), memory: memory) }
        lease.state = .granted(
            Placement(node: "box", grants: grants, grade: .enforced), since: Moment(nanoseconds: 0))
        return lease
    }

    /// A program that found what a hold says; it runs and has said how its start went.
    func program(_ hold: ShareHold?, uid: UInt32? = nil, _ more: [String] = []) throws -> ServiceProgram {
        try ServiceProgram(
            library: cuda,
            environment: ["CUDA_VISIBLE_DEVICES=\(node.gpus[0].id)"] + (hold?.processEnvironment ?? []) + more, uid: uid
        )
    }

    func set(_ mode: ComputeMode, of gpu: GPUID) async throws { try await driver.setComputeMode(mode, of: gpu) }

    func mode(_ gpu: Int = 0) async throws -> ComputeMode { try await driver.computeMode(of: node.gpus[gpu].id) }

    /// Whether each GPU may be given to somebody new, as a look at the machine finds it.
    func health(with service: MultiProcessService) async throws -> [Bool] {
        let devices = NVMLDeviceSource(library: instance.libraryPath, nodeName: "box", note: nil)
        defer { devices.close() }
        let isolation = IsolationLadder(driverLimits: service, service: service, limiter: service)
        return await FencedDevices(devices, isolation: isolation).scan().health.map(\.isHealthy)
    }

    /// Processes of multi-process service that this machine's directory is in the environment of.
    var processes: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { pid in
            guard let variables = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return false }
            return variables.range(of: Data("CUDA_MPS_PIPE_DIRECTORY=\(directory)".utf8)) != nil
        }
    }

    func waits(_ limit: Duration = .seconds(20), for condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Runs a test with a service, which is looked after meanwhile, and takes everything back behind it.
    func with(
        _ change: (inout MultiProcessSettings) -> Void = { _ in },
        _ body: (MultiProcessService) async throws -> Void
    ) async throws {
        let service = service(change)
        let result: Result<Void, any Error> = await withTaskGroup { group in
            group.addTask { await service.watch() }
            defer { group.cancelAll() }
            do { return .success(try await body(service)) } catch { return .failure(error) }
        }
        try? await service.reconcile([], on: node)
        try result.get()
    }
}
