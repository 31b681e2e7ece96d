import Containers
import Engine
import Fleet
import Foundation
import Synchronization

@testable import Isolation

/// A driver that keeps memory limits of cgroups in a table, and writes down what it is told.
final class LimitTable: DriverControl {
    struct Key: Hashable {
        let cgroup: String
        let gpu: GPUID
    }

    private struct State {
        var limits: [Key: MemoryLimits] = [:]
        var told: [String] = []
        var faults: [GPUID: DriverControlError] = [:]
        var forgets: Set<GPUID> = []
        var refusedRoots: [String] = []
    }

    private let state = Mutex(State())

    /// What is set, the probe's aside.
    var limits: [Key: MemoryLimits] { state.withLock { $0.limits } }
    var told: [String] { state.withLock { $0.told } }

    func fail(_ gpu: GPUID, _ error: DriverControlError?) { state.withLock { $0.faults[gpu] = error } }
    /// It says yes and sets nothing.
    func forget(_ gpu: GPUID) { state.withLock { _ = $0.forgets.insert(gpu) } }
    /// It knows no cgroups below these.
    func refuse(_ roots: [String]) { state.withLock { $0.refusedRoots = roots } }

    /// Reservations of cgroups that are gone, which the cgroups above them keep.
    var leaks: [String] {
        limits.filter { $0.value.soft > .zero && access($0.key.cgroup, F_OK) != 0 }.map(\.key.cgroup).sorted()
    }

    func memoryLimits(
        ofCgroup cgroup: String, on gpu: GPUID
    ) async throws(DriverControlError) -> MemoryLimitReading {
        let (limits, fault, roots) = state.withLock {
            ($0.limits[Key(cgroup: cgroup, gpu: gpu)], $0.faults[gpu], $0.refusedRoots)
        }
        if let fault { throw fault }
        guard access(cgroup, F_OK) == 0, !roots.contains(where: cgroup.hasPrefix) else { throw .unknownCgroup(cgroup) }
        return MemoryLimitReading(limits: limits ?? .none, used: Bytes(1))
    }

    func setMemoryLimits(
        _ limits: MemoryLimits, ofCgroup cgroup: String, on gpu: GPUID
    ) async throws(DriverControlError) {
        let (fault, roots, forgets) = state.withLock { ($0.faults[gpu], $0.refusedRoots, $0.forgets.contains(gpu)) }
        if let fault { throw fault }
        guard access(cgroup, F_OK) == 0, !roots.contains(where: cgroup.hasPrefix) else { throw .unknownCgroup(cgroup) }
        if forgets { return }
        state.withLock { state in
            state.limits[Key(cgroup: cgroup, gpu: gpu)] = limits == .none ? nil : limits
            if !cgroup.contains("/probe-") {
                state.told.append("\(gpu.rawValue) \(limits.soft.count) \(limits.hard.map { "\($0.count)" } ?? "none")")
            }
        }
    }

    func computeMode(of gpu: GPUID) async throws(DriverControlError) -> ComputeMode { .default }
    func setComputeMode(_ mode: ComputeMode, of gpu: GPUID) async throws(DriverControlError) {}
}

/// A process that does nothing until it is ended, in a cgroup of its own where one is given.
final class Sleeper {
    let pid: pid_t
    private var isRunning = true

    init(in cgroup: String? = nil, _ script: String = "exec sleep 1000") throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        let enter = cgroup.map { "echo $$ > \($0)/cgroup.procs && " } ?? ""
        let words = ["sh", "-c", "\(enter)echo in; exec > /dev/null; \(script)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, environ)
        close(ends[1])
        guard code == 0 else { throw POSIXError(.EAGAIN) }
        pid = child
        var byte: UInt8 = 0
        guard read(ends[0], &byte, 1) == 1 else { throw POSIXError(.EPERM) }
    }

    deinit { end() }

    func end() {
        guard isRunning else { return }
        isRunning = false
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    var identity: ProcessIdentity {
        ProcessIdentity(pid: pid, startTicks: ProcessFacts(of: pid)?.startTicks ?? 0, boot: ProcessFacts.boot)
    }
}

/// Everything that a test of limits makes, and takes away again.
final class LimitBench {
    static let first = GPUID("GPU-00010203-0405-0607-0809-0a0b0c0d0e0f")
    static let second = GPUID("GPU-10010203-0405-0607-0809-0a0b0c0d0e0f")
    /// The trees of this machine in which a test may make cgroups.
    static let trees = CgroupHierarchy.all(mountinfo: SmallFile.text("/proc/self/mountinfo") ?? "")
    static let isUsable = geteuid() == 0 && !trees.isEmpty && access(trees[0].mount, W_OK) == 0

    /// The daemon's own way to learn of ends, which is the other edge's.
    private static let watch = Result { try ProcessWatch() }
    static let watchEnd: DriverLimitMeans.EndWatch = { process, ended in
        _ = try? watch.get().watch(process, ended: ended)
    }

    let directory: String
    let table = LimitTable()
    private var cgroups: [String] = []
    private var tasks: [Task<Void, Never>] = []

    init() {
        directory = FileManager.default.temporaryDirectory.path + "/divvy-limits-\(UUID().uuidString.prefix(8))"
    }

    deinit {
        for task in tasks { task.cancel() }
        for cgroup in cgroups.reversed() { rmdir(cgroup) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A means in this bench's directory: another one there is the next daemon's. One that does not watch is as good as
    /// that of a daemon which was killed after its last call.
    func means(isWatching: Bool = true) -> DriverLimitMeans {
        let means = DriverLimitMeans(table, directory: directory, watchEnd: Self.watchEnd)
        if isWatching { tasks.append(Task { await means.run() }) }
        return means
    }

    /// Ends what watches, as a daemon that is told to stop does.
    func stop() async {
        for task in tasks {
            task.cancel()
            await task.value
        }
        tasks = []
    }

    /// A cgroup as an engine makes it for a container.
    func cgroup() throws -> String {
        let path = "\(Self.trees[0].mount)/divvy-test-\(UUID().uuidString.prefix(8))"
        guard mkdir(path, 0o755) == 0 else { throw POSIXError(.EPERM) }
        cgroups.append(path)
        return path
    }

    func node(mig: Bool = false, version: String = "615.71.09") -> Node {
        let gpus = [Self.first, Self.second].enumerated().map { index, id in
            GPU(
                id: id, index: index, minor: index, name: "NVIDIA A100",
                memory: .init(total: .gibibytes(40), reserved: .zero), computeCapability: "8.0", multiprocessors: 108,
                pciAddress: "0000:0\(index + 1):00.0", numaNode: nil, mig: mig ? .on : .off)
        }
        return Node(
            name: "box", driver: DriverInfo(version: version, cudaVersion: nil, library: "/l", note: nil), gpus: gpus,
            links: [], cpuAffinity: [], whyEmpty: nil)
    }

    func lease(_ number: Int64, _ memory: [GPUID: Bytes] = [first: .gibibytes(10)]) -> Lease {
        var lease = Lease(
            id: LeaseID(number: number), request: Request(), tenant: Tenant(uid: 0, name: "root"), name: nil,
            idempotencyKey: nil, asked: Moment(nanoseconds: 0), holder: .nobody, keepAlive: nil)
        let grants = memory.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { GPUGrant(gpu: $0.key, share: Share(milli: 500), memory: $0.value) }
        lease.state = .granted(
            Placement(node: "box", grants: grants, grade: .enforced), since: Moment(nanoseconds: 0))
        return lease
    }
}

/// Looks again and again until something is so, for at most ten seconds.
func eventually(_ isSo: () async -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < end {
        if await isSo() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await isSo()
}
