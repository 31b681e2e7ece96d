import Engine
import Fleet
import Ledger
import Logging
import Synchronization

/// A journal in memory whose disk can be full, broken or slow.
final class MemoryJournal: Journal {
    struct State {
        var snapshot: JournalSnapshot?
        var entries: [JournalEntry] = []
        var batches: [Int] = []
        /// What the next appends fail with; entries that give back pass a full disk.
        var failure: JournalError?
        /// Whether a full disk is full for everybody.
        var refusesEverything = false
        var isSlow = false
    }

    let state = Mutex(State())

    func load() async throws(JournalError) -> JournalContents {
        state.withLock { state in
            let after = state.snapshot?.sequence ?? 0
            return JournalContents(snapshot: state.snapshot, entries: state.entries.filter { $0.sequence > after })
        }
    }

    func append(_ entries: [JournalEntry]) async throws(JournalError) {
        if state.withLock({ $0.isSlow }) { try? await Task.sleep(for: .milliseconds(20)) }
        let failure = state.withLock { state -> JournalError? in
            if let failure = state.failure {
                let isAsk = entries.contains { if case .asked = $0.event { true } else { false } }
                if failure.code != .full || isAsk || state.refusesEverything { return failure }
            }
            state.entries += entries
            state.batches.append(entries.count)
            return nil
        }
        if let failure { throw failure }
    }

    func save(_ snapshot: JournalSnapshot) async throws(JournalError) { state.withLock { $0.snapshot = snapshot } }

    func history(after sequence: Int64, limit: Int) async throws(JournalError) -> [JournalEntry] {
        state.withLock { Array($0.entries.filter { $0.sequence > sequence }.prefix(limit)) }
    }

    func close() async {}
}

/// Devices that are what the test says.
final class ScriptedDevices: DeviceSource {
    let current: Mutex<DeviceScan>
    let faults: AsyncStream<DeviceFault>
    let fail: AsyncStream<DeviceFault>.Continuation

    init(_ count: Int) {
        current = Mutex(ScriptedDevices.box(count))
        (faults, fail) = AsyncStream.makeStream(of: DeviceFault.self)
    }

    func scan() async -> DeviceScan { current.withLock { $0 } }

    static func id(_ index: Int) -> GPUID { GPUID("GPU-\(index)") }

    static func box(_ count: Int, processes: [Int: [GPUProcess]] = [:]) -> DeviceScan {
        let gpus = (0..<count).map { index in
            GPU(
                id: id(index), index: index, minor: index, name: "NVIDIA A100-SXM4-40GB",
                memory: .init(total: .gibibytes(40), reserved: .mebibytes(512)), computeCapability: "8.0",
                multiprocessors: 108, pciAddress: "", numaNode: nil, mig: .off)
        }
        let driver = DriverInfo(version: "1", cudaVersion: nil, library: "", note: nil)
        let readings = gpus.indices.map { index in
            var reading = GPUReading()
            reading.memoryUsed = .zero
            reading.processes = processes[index] ?? []
            return reading
        }
        return DeviceScan(
            node: Node(name: "box", driver: driver, gpus: gpus, links: [], cpuAffinity: [], whyEmpty: nil),
            health: gpus.map { _ in .healthy }, readings: readings)
    }

    static let noDriver = DeviceScan(
        node: Node(name: "box", driver: nil, gpus: [], links: [], cpuAffinity: [], whyEmpty: "no driver"), health: [],
        readings: [])
}

/// Notes what it was asked to prepare; refuses on request.
final class NotingPreparer: LeasePreparer {
    let prepared = Mutex<Set<LeaseID>>([])
    let refuses = Mutex(false)
    /// Leases that were drained, in order.
    let drained = Mutex<[LeaseID]>([])

    func drain(_ lease: LeaseID) async { drained.withLock { $0.append(lease) } }

    func prepare(_ lease: Lease, on node: Node) async throws(PreparationError) -> Preparation {
        if refuses.withLock({ $0 }) { throw PreparationError("the disk for CDI files is gone") }
        prepared.withLock { _ = $0.insert(lease.id) }
        let edits = ContainerEdits(environment: [], deviceNodes: [], mounts: [], hooks: [])
        return Preparation(
            cdiDevice: "divvy.dev/gpu=\(lease.id)", cdiSpecification: nil, edits: edits, processEnvironment: [],
            hiddenDevices: [])
    }

    func dismiss(_ lease: LeaseID) async { prepared.withLock { _ = $0.remove(lease) } }

    func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {
        prepared.withLock { $0 = Set(leases.map(\.id)) }
    }
}

/// Holders that live and die as the test says.
final class ScriptedHolders: HolderWatch {
    struct State {
        var followed: [LeaseID: Holder] = [:]
        var stopped: [LeaseID] = []
        var dead: Set<Holder> = []
        var leasesOfPids: [Int32: LeaseID] = [:]
        /// Called when a holder is asked to stop.
        var stopping: @Sendable (LeaseID) -> Void = { _ in }
        /// How often somebody wanted to know of a process.
        var questions: [Int32: Int] = [:]
    }

    let state = Mutex(State())
    let sightings: AsyncStream<HolderSighting>
    let see: AsyncStream<HolderSighting>.Continuation

    init() { (sightings, see) = AsyncStream.makeStream(of: HolderSighting.self) }

    func follow(_ holder: Holder, of lease: LeaseID, tenant: Tenant) async {
        let isDead = state.withLock { state in
            state.followed[lease] = holder
            return state.dead.contains(holder)
        }
        if isDead { see.yield(.gone(lease)) }
    }

    func forget(_ lease: LeaseID) async { state.withLock { $0.followed[lease] = nil } }

    func stop(_ holder: Holder, of lease: LeaseID, tenant: Tenant, grace: Span) async {
        let stopping = state.withLock { state in
            state.stopped.append(lease)
            return state.stopping
        }
        stopping(lease)
        see.yield(.gone(lease))
    }

    func leases(of pids: [Int32]) async -> [Int32: LeaseID] {
        state.withLock { state in
            for pid in pids { state.questions[pid, default: 0] += 1 }
            return state.leasesOfPids.filter { pids.contains($0.key) }
        }
    }
}

/// An engine with its twins, started and running for as long as `body` runs.
struct Bench {
    let journal: MemoryJournal
    let devices: ScriptedDevices
    let preparer = NotingPreparer()
    let holders = ScriptedHolders()
    let engine: Engine

    init(
        gpus: Int = 2, journal: MemoryJournal = MemoryJournal(), boot: String = "boot-1",
        snapshotsEvery: Int64 = 8_000, settings: EngineSettings? = nil,
        offenders: any OffenderControl = NoOffenderControl()
    ) {
        self.journal = journal
        devices = ScriptedDevices(gpus)
        let start = ContinuousClock.now
        let clock = MachineClock(
            boot: boot,
            sinceBoot: {
                let (seconds, attoseconds) = (ContinuousClock.now - start).components
                return seconds * 1_000_000_000 + attoseconds / 1_000_000_000 + 1_000_000_000
            }, wall: { 1_700_000_000_000_000_000 })
        engine = Engine(
            journal: journal, devices: devices, preparer: preparer, holders: holders, offenders: offenders,
            clock: clock,
            settings: settings
                ?? EngineSettings(scanInterval: .milliseconds(50), entriesPerSnapshot: snapshotsEvery),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func run(_ body: (Engine) async throws -> Void) async throws {
        try await engine.start(deciding: LedgerSettings())
        try await withThrowingTaskGroup(of: Void.self) { [engine] group in
            group.addTask { _ = await engine.run() }
            try await body(engine)
            await engine.stop()
            group.cancelAll()
        }
    }
}

extension Ask {
    static func written(
        _ text: String, uid: UInt32 = 1000, key: String? = nil, holder: Holder = .nobody
    ) throws -> Ask {
        let request = try RequestParser.parse(RequestOptions(arguments: text.split(separator: " ").map(String.init))).0
        return Ask(
            request: request, tenant: Tenant(uid: uid, name: "user\(uid)"), idempotencyKey: key, holder: holder)
    }
}

extension Caller {
    static func user(_ uid: UInt32) -> Caller { Caller(uid: uid, gid: uid, pid: 1, isOperator: uid == 0) }
}

/// Waits until something is so, at most five seconds.
func eventually(_ what: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<500 {
        if try await what() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
