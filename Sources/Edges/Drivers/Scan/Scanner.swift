import CNVML
import Engine
import Fleet

/// Looks at the node's GPUs, again and again, and remembers what does not change.
///
/// It belongs to one thread, which waits for the driver's threads; it makes no driver call itself.
struct Scanner {
    struct Settings: Sendable {
        let libraries: [String]
        let nodeName: String
        let note: String?
        /// How long one step of a scan may take.
        let deadline: Fleet.Span
        /// How long to leave a driver alone that did not start.
        let retry: Fleet.Span
        /// Who may use which MIG device.
        let capabilities: MIGCapabilities
        let report: @Sendable (DeviceFault) -> Void
    }

    /// A GPU that was seen at least once, and what is to be said of it now.
    private struct Seen {
        var facts: GPUFacts
        var health: Health
        var reading: GPUReading
    }

    private let settings: Settings
    private var lanes: Lanes
    private let directory = ProcessDirectory()

    private var opening: DriverThreads.Job<Result<Session, Session.Failure>>?
    private var session: Session?
    private var faultWatch: FaultWatch?
    /// Why there is no session.
    private var failure = "the NVIDIA driver was not looked for yet"
    private var nextOpening = Deadline.now
    /// The driver answered that it must be initialised again.
    private var isSessionBroken = false
    private var reopenings = 0

    private var seen: [String: Seen] = [:]
    /// The last driver that answered.
    private var driver: DriverInfo?
    private var links: (of: [GPUID], matrix: [[Link]], isComplete: Bool)?

    init(settings: Settings, threads: DriverThreads) {
        self.settings = settings
        lanes = Lanes(threads: threads)
    }

    mutating func scan() -> DeviceScan {
        do {
            let session = try openedSession()
            return try scan(session)
        } catch {
            return silent(error.words)
        }
    }

    /// Lets go of the driver; takes as long as one wait for faults.
    mutating func close() {
        faultWatch?.stop()
        guard let session, !lanes.anyDriverCallHangs, faultWatch?.hasStopped(by: .after(Span(seconds: 2))) ?? true
        else { return }
        _ = try? lanes.start(.session) { watch in try? NVMLCalls(nvml: session.nvml, watch: watch).shutdown() }
        self.session = nil
    }
}

// MARK: - The session

extension Scanner {
    /// The session that there is, or a new one when it is time to try.
    private mutating func openedSession() throws(NoAnswer) -> Session {
        if let session, !shouldReopen() { return session }
        if opening == nil {
            guard nextOpening <= .now else { throw NoAnswer(words: failure) }
            opening = try startOpening()
        }
        guard let opening else { throw NoAnswer(words: failure) }
        // A driver that attaches many GPUs can need longer than a scan may take: the job goes on, a later scan looks.
        let result = try lanes.result(
            of: opening, in: .session, by: lanes.hangs(.session) ? .now : .after(settings.deadline),
            allowed: settings.deadline)
        self.opening = nil
        switch result {
        case .success(let session):
            self.session = session
            driver = session.driver
            isSessionBroken = false
            links = nil
            faultWatch = FaultWatch(session.nvml, report: settings.report)
            nextOpening = .after(Fleet.Span(nanoseconds: settings.retry.nanoseconds << reopenings))
            return session
        case .failure(let failure):
            self.failure = failure.words
            nextOpening = .after(settings.retry)
            throw NoAnswer(words: failure.words)
        }
    }

    /// Whether the session is to be given up now: never while a call hangs in it or its faults are waited for.
    private mutating func shouldReopen() -> Bool {
        // While any GPU works the driver is left as it is: one bad GPU could keep it from starting again.
        let isAllLost = !seen.isEmpty && seen.values.allSatisfy { if case .lost = $0.health { true } else { false } }
        guard isSessionBroken || isAllLost else {
            reopenings = 0
            return false
        }
        guard nextOpening <= .now, !lanes.anyDriverCallHangs else { return false }
        faultWatch?.stop()
        return faultWatch?.hasStopped ?? true
    }

    /// Shuts the old session down, if there is one, lets its library be unloaded, and opens a new one.
    private mutating func startOpening() throws(NoAnswer) -> DriverThreads.Job<Result<Session, Session.Failure>> {
        let old = Monitor(session)
        session = nil
        faultWatch = nil
        // GPUs that stay lost are looked for again more and more seldom.
        reopenings = isSessionBroken ? 0 : min(reopenings + 1, 5)
        let (libraries, note) = (settings.libraries, settings.note)
        return try lanes.start(.session) { watch in
            if let session = old.withLock({ $0.take() }) {
                try? NVMLCalls(nvml: session.nvml, watch: watch).shutdown()
            }
            return Result { () throws(Session.Failure) in
                try Session.open(libraries: libraries, note: note, watch: watch)
            }
        }
    }
}

// MARK: - One look

extension Scanner {
    private mutating func scan(_ session: Session) throws(NoAnswer) -> DeviceScan {
        let nvml = session.nvml
        let count = try lanes.run(.count, within: settings.deadline) { watch in
            Result { () throws(NVMLError) in try NVMLCalls(nvml: nvml, watch: watch).count() }
        }
        switch count {
        case .failure(let error):
            isSessionBroken = true
            throw NoAnswer(words: "the NVIDIA driver does not answer: \(error)")
        case .success(let count):
            let unknown = lookAtGPUs(count, nvml)
            refreshLinks(nvml)
            lookAtProcesses()
            let whyEmpty = unknown.map { "the NVIDIA driver lists \(Self.gpus(count)), but none can be used: \($0)" }
            return result(whyEmpty: whyEmpty ?? "the NVIDIA driver \(session.driver.version) runs, but finds no GPU")
        }
    }

    /// Looks at all GPUs at the same time, so that one that hangs takes no time from the others.
    /// - Returns: what was said instead of an answer by a GPU that was never seen before.
    private mutating func lookAtGPUs(_ count: Int, _ nvml: NVML) -> String? {
        let known = seen.mapValues(\.facts)
        let capabilities = settings.capabilities
        let deadline = Deadline.after(settings.deadline)
        var failures: [Int: Health] = [:]
        var jobs: [(index: Int, job: DriverThreads.Job<Result<GPULook, NVMLError>>)] = []
        for index in 0..<count {
            do {
                let job = try lanes.start(.gpu(index)) { watch in
                    Result { () throws(NVMLError) in
                        try GPULook(
                            at: index, calls: NVMLCalls(nvml: nvml, watch: watch), known: known,
                            capabilities: capabilities)
                    }
                }
                jobs.append((index, job))
            } catch {
                failures[index] = .unhealthy(reason: error.words)
            }
        }
        var answered: Set<String> = []
        for (index, job) in jobs {
            do {
                let result = try lanes.result(
                    of: job, in: .gpu(index), by: deadline, allowed: settings.deadline)
                switch result {
                case .success(let look):
                    answered.insert(look.facts.gpu.id.rawValue)
                    remember(look)
                case .failure(let error):
                    if error.isAny(of: NVML_ERROR_UNINITIALIZED) { isSessionBroken = true }
                    failures[index] =
                        error.isAny(of: NVML_ERROR_GPU_IS_LOST)
                        ? .lost(reason: "\(error)") : .unhealthy(reason: "\(error)")
                }
            } catch {
                failures[index] = .unhealthy(reason: error.words)
            }
        }
        return judge(answered: answered, failures: failures)
    }

    private mutating func remember(_ look: GPULook) {
        let uuid = look.facts.gpu.id.rawValue
        if seen[uuid] == nil { faultWatch?.registerAgain() }
        if seen[uuid]?.facts.gpu != look.facts.gpu { links = nil }
        var health = look.health
        if health.isHealthy, look.facts.gpu.memory.total <= .zero {
            health = .unhealthy(reason: "the driver does not tell how much memory it has")
        }
        var reading = look.reading
        let lists = [(nil, look.processes)] + look.sliceProcesses.map { (Optional($0.key), $0.value) }
        reading.processes = lists.flatMap { slice, processes in
            processes.map { pid, memory in
                GPUProcess(
                    pid: pid, memory: memory, uid: nil, user: nil, command: nil, cgroup: nil,
                    busyPercent: look.busyPercents.map { $0[pid] ?? 0 }, slice: slice, lease: nil)
            }
        }.sorted { ($0.pid, $0.slice ?? "") < ($1.pid, $1.slice ?? "") }
        seen[uuid] = Seen(facts: look.facts, health: health, reading: reading)
    }

    /// Says of each GPU that did not answer why, by the place in the driver's list where it was seen last.
    private mutating func judge(answered: Set<String>, failures: [Int: Health]) -> String? {
        var unexplained = failures
        for (uuid, gpu) in seen where !answered.contains(uuid) {
            let index = gpu.facts.gpu.index
            unexplained[index] = nil
            seen[uuid]?.reading = GPUReading()
            seen[uuid]?.health = failures[index] ?? .lost(reason: "the driver no longer lists it")
        }
        switch unexplained.min(by: { $0.key < $1.key })?.value {
        case .unhealthy(let reason), .lost(let reason): return reason
        case .healthy, nil: return nil
        }
    }

    /// Adds to the processes who they are, as far as that is known in time.
    private mutating func lookAtProcesses() {
        let directory = directory
        let pids = Set(seen.values.flatMap { $0.reading.processes.map(\.pid) }).sorted()
        let allowed = min(settings.deadline, Fleet.Span(seconds: 1))
        // What does not come in time is there at a later scan.
        _ = try? lanes.run(.processes, within: allowed) { _ in directory.refresh(pids) }
        let users = directory.usersToLookUp()
        if !users.isEmpty {
            let allowed = min(settings.deadline, Fleet.Span(milliseconds: 200))
            _ = try? lanes.run(.users, within: allowed) { _ in directory.lookUp(users) }
        }
        for uuid in seen.keys {
            guard var reading = seen[uuid]?.reading, !reading.processes.isEmpty else { continue }
            reading.processes = reading.processes.map { process in
                let details = directory.details(of: process.pid)
                return GPUProcess(
                    pid: process.pid, memory: process.memory, uid: details?.uid,
                    user: details?.uid.flatMap(directory.user), command: details?.command, cgroup: details?.cgroup,
                    busyPercent: process.busyPercent, slice: process.slice, startTicks: details?.startTicks, lease: nil)
            }
            seen[uuid]?.reading = reading
        }
    }
}

// MARK: - What is told

extension Scanner {
    /// The driver does not answer: the GPUs that were seen are still there, but nothing can be given of them.
    private mutating func silent(_ reason: String) -> DeviceScan {
        for uuid in seen.keys {
            seen[uuid]?.reading = GPUReading()
            seen[uuid]?.health = .unhealthy(reason: reason)
        }
        if seen.isEmpty { driver = nil }
        return result(whyEmpty: reason)
    }

    private func result(whyEmpty: String) -> DeviceScan {
        let gpus = inOrder
        let matrix = links.flatMap { $0.of == gpus.map(\.facts.gpu.id) ? $0.matrix : nil }
        let node = Node(
            name: settings.nodeName, driver: driver, gpus: gpus.map(\.facts.gpu),
            links: matrix ?? linkMatrix(gpus.map(\.facts), paths: []),
            cpuAffinity: gpus.map(\.facts.cpuAffinity), whyEmpty: gpus.isEmpty ? whyEmpty : nil)
        return DeviceScan(node: node, health: gpus.map(\.health), readings: gpus.map(\.reading))
    }

    private var inOrder: [Seen] {
        seen.values.sorted { left, right in
            (left.facts.gpu.index, left.facts.gpu.id) < (right.facts.gpu.index, right.facts.gpu.id)
        }
    }

    /// Asks how the GPUs are joined when there are others than the last time, or when it was not told completely.
    private mutating func refreshLinks(_ nvml: NVML) {
        let gpus = inOrder
        let ids = gpus.map(\.facts.gpu.id)
        if let links, links.of == ids, links.isComplete { return }
        let places = gpus.map { (index: $0.facts.gpu.index, uuid: $0.facts.gpu.id.rawValue) }
        let paths = try? lanes.run(.topology, within: settings.deadline) { watch in
            Self.paths(between: places, NVMLCalls(nvml: nvml, watch: watch))
        }
        links = (ids, linkMatrix(gpus.map(\.facts), paths: paths ?? []), paths != nil)
    }

    /// The paths between all pairs; unknown where the driver does not tell.
    private static func paths(between places: [(index: Int, uuid: String)], _ calls: NVMLCalls) -> [[Link.Path]] {
        let devices = places.map { place -> NVMLDevice? in
            let device = try? calls.device(at: place.index)
            return (try? device?.uuid()) == place.uuid ? device : nil
        }
        let none = [Link.Path](repeating: .unknown, count: places.count)
        var paths = [[Link.Path]](repeating: none, count: places.count)
        for row in devices.indices {
            for column in devices.indices where row < column {
                guard let first = devices[row], let second = devices[column] else { continue }
                let path = (try? first.path(to: second)) ?? .unknown
                paths[row][column] = path
                paths[column][row] = path
            }
        }
        return paths
    }

    private static func gpus(_ count: Int) -> String { count == 1 ? "1 GPU" : "\(count) GPUs" }
}
