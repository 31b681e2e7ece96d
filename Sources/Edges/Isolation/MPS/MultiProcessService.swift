package import Engine
package import Fleet
import Synchronization

/// Keeps leases to a bound of compute by NVIDIA's multi-process service: each GPU that is shared has a server of its own,
/// each lease a namespace of it with a thread percentage and a memory limit.
///
/// It needs the third version of the control's protocol, which comes with driver 615.
package final class MultiProcessService: FenceMeans {
    private let settings: MultiProcessSettings
    private let driver: any DriverControl
    private let tell: @Sendable (ServiceNews) -> Void
    private let files: ServiceFiles
    private let gpus = Mutex<[GPUID: ServedGPU]>([:])
    /// What to probe servers with; known once somebody has held a lease.
    private let probe = Mutex<[String]?>(nil)

    /// - Parameter tell: takes what happens to servers.
    package init(
        _ settings: MultiProcessSettings, driver: any DriverControl,
        tell: @escaping @Sendable (ServiceNews) -> Void = { _ in }
    ) {
        self.settings = settings
        self.driver = driver
        self.tell = tell
        files = ServiceFiles(directory: settings.directory)
    }

    /// A program finds one server, and a GPU in exclusive mode has room for no second: a server of several GPUs would
    /// have to be theirs for ever.
    package var isOfOneGPU: Bool { true }

    /// Looks after the servers until the task is cancelled.
    package func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: settings.period)
            guard !Task.isCancelled, !all.isEmpty else { continue }
            let probe = probe.withLock { $0 }
            await withDiscardingTaskGroup { group in
                for gpu in all { group.addTask { await gpu.check(probe: probe) } }
            }
        }
    }

    /// The oldest driver whose servers have namespaces with limits of their own.
    package static let oldestDriver = 615

    package func problem(on node: Node) async -> String? {
        guard let driverInfo = node.driver, let gpu = node.gpus.first(where: { $0.mig != .on }) else {
            return "there is no GPU that multi-process service could share"
        }
        guard let branch = Self.branch(driverInfo.version), branch >= Self.oldestDriver else {
            return "multi-process service with limits for each lease needs driver \(Self.oldestDriver) or newer, and "
                + "this is \(driverInfo.version)"
        }
        guard settings.uid == 0 else {
            return "multi-process service for several users needs a daemon that runs as root"
        }
        guard settings.directory.utf8.count <= ServiceFiles.longestDirectory else {
            return "\(settings.directory) is too long a path for the sockets of multi-process service; it may have "
                + "\(ServiceFiles.longestDirectory) bytes: choose a shorter --socket"
        }
        guard settings.program(node) != nil else {
            return "nvidia-cuda-mps-control, which comes with the driver, is not found; install it, or say where it is"
        }
        if let foreign = settings.foreignDirectories.first(where: { ServicePeer.listener(at: $0 + "/control") != nil })
        {
            return "an MPS control daemon that is not Divvy's runs in \(foreign), where programs look for one first; "
                + "stop it: echo quit | nvidia-cuda-mps-control"
        }
        do throws(DriverControlError) {
            _ = try await driver.computeMode(of: gpu.id)
        } catch {
            return "the compute mode, which keeps out programs that do not come through a server, cannot be read: "
                + "\(error)"
        }
        return nil
    }

    package func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold {
        guard let grants = lease.placement?.grants, let grant = grants.first else { return ShareHold() }
        guard grants.count == 1 else {
            throw PreparationError(
                "\(lease.id) has parts of \(grants.count) GPUs, and a server of multi-process service has one GPU only; "
                    + "ask for one GPU, or for --share limiter")
        }
        let served = try served(grant.gpu, on: node)
        if probe.withLock({ $0 == nil }) {
            let found = settings.probe(node)
            probe.withLock { $0 = found }
        }
        do throws(ServiceError) {
            try await finishing { () async throws(ServiceError) in
                try await served.hold(lease.id, Self.limits(of: lease, grant), lease.tenant)
            }
        } catch {
            throw PreparationError("\(lease.id) cannot be held by multi-process service: \(error)")
        }
        return hold(lease.id)
    }

    package func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError) {
        guard let grant = lease.placement?.grants.first else { return }
        do throws(ServiceError) {
            guard let served = known(grant.gpu) else { throw ServiceError("nothing of it stands on \(grant.gpu)") }
            try await finishing { () async throws(ServiceError) in try await served.admit(lease.id) }
        } catch {
            throw PreparationError("\(lease.id) would not be held by multi-process service: \(error)")
        }
    }

    package func drain(_ lease: LeaseID) async {
        guard let served = await holder(of: lease) else { return }
        await finishing { await served.drain(lease) }
    }

    package func release(_ lease: LeaseID) async {
        guard let served = await holder(of: lease) else { return files.remove(lease) }
        await finishing { await served.release(lease) }
    }

    package func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {
        var problems: [String] = []
        for lease in leases {
            do { _ = try await hold(lease, on: node) } catch { problems.append(error.description) }
        }
        let living = Set(leases.map(\.id))
        for gpu in Set(files.gpus() + all.map(\.gpu)).sorted() {
            guard let served = try? served(gpu, on: node) else {
                problems.append("what multi-process service left on \(gpu) cannot be removed without its control")
                continue
            }
            await finishing { await served.keepOnly(living) }
        }
        for lease in files.leases() where !living.contains(lease) { files.remove(lease) }
        guard problems.isEmpty else { throw PreparationError(problems.joined(separator: "; ")) }
    }

    package func reading(of lease: LeaseID) async -> FenceReading? { await holder(of: lease)?.reading(lease) }

    package func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool {
        guard let served = await holder(of: lease) else { return false }
        return await finishing { await served.throttle(lease, isThrottled) }
    }

    /// Servers: they use GPUs, and belong to no lease.
    package func ownProcesses() async -> [Int32] {
        var found: [Int32] = []
        for gpu in all { if let pid = await gpu.server { found.append(pid) } }
        return found
    }

    package func troubles() async -> [GPUID: String] {
        var found: [GPUID: String] = [:]
        for gpu in all { if let trouble = await gpu.trouble { found[gpu.gpu] = trouble } }
        return found
    }

    // MARK: GPUs

    private var all: [ServedGPU] { gpus.withLock { $0.values.sorted { $0.gpu < $1.gpu } } }

    private func known(_ gpu: GPUID) -> ServedGPU? { gpus.withLock { $0[gpu] } }

    private func holder(of lease: LeaseID) async -> ServedGPU? {
        for gpu in all where await gpu.held[lease] != nil { return gpu }
        return nil
    }

    private func served(_ gpu: GPUID, on node: Node) throws(PreparationError) -> ServedGPU {
        if let known = known(gpu) { return known }
        guard let program = settings.program(node) else {
            throw PreparationError("nvidia-cuda-mps-control is not found any more; install it again")
        }
        return gpus.withLock { gpus in
            if let known = gpus[gpu] { return known }
            let new = ServedGPU(gpu, program: program, settings: settings, driver: driver, tell: tell)
            gpus[gpu] = new
            return new
        }
    }

    private static func branch(_ version: String) -> Int? { version.split(separator: ".").first.flatMap { Int($0) } }

    /// A share's percentage: what it may burst to, or itself, rounded up to a whole per cent.
    static func limits(of lease: Lease, _ grant: GPUGrant) -> ServedGPU.Limits {
        var share = grant.share
        if case .upTo(let more) = lease.request.burst { share = max(share, more) }
        return ServedGPU.Limits(percent: min(max((share.milli + 9) / 10, 1), 100), memory: grant.memory)
    }

    // MARK: What programs find

    /// Where containers find their socket; programs that lost their environment look there too.
    static let places = ["/run/nvidia-mps", "/tmp/nvidia-mps"]

    private func hold(_ lease: LeaseID) -> ShareHold {
        let pipe = files.pipe(of: lease)
        // A socket can be connected to on a read-only mount; nothing else is to be done there.
        let mounts = Self.places.map { place in
            ContainerEdits.Mount(hostPath: pipe, containerPath: place, options: ["ro", "nosuid", "nodev", "bind"])
        }
        func environment(_ place: String) -> [String] {
            ["CUDA_MPS_PIPE_DIRECTORY=\(place)", "CUDA_MPS_LOG_DIRECTORY=\(place)"]
        }
        return ShareHold(
            mounts: mounts, environment: environment(Self.places[0]), processEnvironment: environment(pipe),
            needsAdmission: true)
    }
}
