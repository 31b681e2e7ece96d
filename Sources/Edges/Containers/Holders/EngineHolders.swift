import Engine
import Fleet

/// Follows the containers of one engine, as one user sees them, that hold leases.
///
/// The engine's own stream of events says that something has happened; what has happened is then asked for, so that
/// nothing depends on an event being there, in order, or understood. A container's first process is watched as well,
/// which needs no engine. Nothing runs while nothing happens, and no engine is asked while it holds no lease.
actor EngineHolders {
    struct Followed {
        enum Subject: Hashable {
            case starting(ProcessIdentity)
            case container(String)
        }

        var subject: Subject
        var keys: [ProcessWatch.Key] = []
        /// The container's first process and what its engine does when it ends, once the engine has told.
        var first: ProcessIdentity?
        var restarts: Bool?
        /// Since when all evidence has been against it.
        var doubtedSince: ContinuousClock.Instant?
        /// How often in a row the engine has called it running while its first process had ended.
        var staleAnswers = 0
        /// The look that it was first followed in; an older look knows nothing of it.
        let since: Int
    }

    private let engine: EngineCommand
    private let account: Account?
    private let processes: ProcessWatch
    private let report: @Sendable (HolderSighting) -> Void
    private let clock = ContinuousClock()
    /// Tells that something may have happened; several at once count as one.
    private let wakes: AsyncStream<Void>
    private nonisolated let waker: AsyncStream<Void>.Continuation

    private(set) var followed: [LeaseID: Followed] = [:]
    private var looks = 0
    private var lastSilence: ContinuousClock.Instant?
    private var timer: ContinuousClock.Instant?
    private var isStreaming = false

    init(
        _ engine: EngineCommand, account: Account?, processes: ProcessWatch,
        report: @escaping @Sendable (HolderSighting) -> Void
    ) {
        self.engine = engine
        self.account = account
        self.processes = processes
        self.report = report
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func follow(_ subject: Followed.Subject, of lease: LeaseID) {
        let before = followed[lease]
        if before?.subject == subject { return }
        before?.keys.forEach(processes.cancel)
        var new = Followed(subject: subject, since: looks)
        if case .starting(let process) = subject {
            new.keys = [processes.watch(process) { [waker] in waker.yield() }]
        }
        followed[lease] = new
        waker.yield()
    }

    func forget(_ lease: LeaseID) {
        followed.removeValue(forKey: lease)?.keys.forEach(processes.cancel)
        waker.yield()
    }

    /// Works until the task is cancelled. Nothing is seen before it runs.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in wakes {
                if Task.isCancelled { break }
                if followed.isEmpty { continue }
                if !isStreaming {
                    isStreaming = true
                    group.addTask { await self.streamEvents() }
                }
                // What happens together is looked at together.
                try? await Task.sleep(for: .milliseconds(20))
                if let next = await judge() { setTimer(next, in: &group) }
            }
            group.cancelAll()
        }
    }

    private func setTimer(_ next: Duration, in group: inout DiscardingTaskGroup) {
        let due = clock.now + next
        if let timer, timer > clock.now, timer <= due { return }
        timer = due
        group.addTask { [waker] in
            try? await Task.sleep(for: next)
            waker.yield()
        }
    }

    /// Looks once and tells what follows; returns after which time to look again if nothing happens before.
    private func judge() async -> Duration? {
        looks += 1
        let look = looks
        // Before the engine is asked: a command that ends in the meantime may have started its container just before.
        let ended = Set(followed.filter { Self.hasEnded($0.value.subject) }.keys)
        let sights = await sights()
        let now = clock.now
        if sights == nil { lastSilence = now }
        var next: Duration?
        for lease in followed.keys.sorted() {
            guard var subject = followed[lease] else { continue }
            guard subject.since < look else { continue }
            let mine = sights?.filter { $0.lease == lease }
            noteFirstProcess(mine, of: &subject)
            let evidence = HolderEvidence(
                holder: evidence(of: subject, hasEnded: ended.contains(lease), isSilent: sights == nil),
                engine: mine.map { .answers($0) } ?? .silent,
                doubtedFor: subject.doubtedSince.map { now - $0 } ?? .zero,
                engineWasSilent: lastSilence.map { now - $0 < .seconds(15) } ?? false)
            switch HolderJudgement(evidence) {
            case .alive:
                subject.doubtedSince = nil
                if sights != nil, let first = subject.first, !ProcessTable.isRunning(first) {
                    // The engine has not noticed yet, and may not tell when it does.
                    subject.staleAnswers = min(subject.staleAnswers + 1, 6)
                    let again = Duration.milliseconds(125 << subject.staleAnswers)
                    next = min(next ?? again, again)
                } else {
                    subject.staleAnswers = 0
                }
            case .doubted(let after):
                subject.doubtedSince = subject.doubtedSince ?? now
                next = min(next ?? after, after)
            case .became(let id):
                subject.doubtedSince = nil
                subject.keys.forEach(processes.cancel)
                subject.keys = []
                subject.first = nil
                subject.subject = .container(id)
                noteFirstProcess(mine, of: &subject)
                report(.became(lease, .container(engine: engine.kind.rawValue, id: id)))
            case .gone:
                subject.keys.forEach(processes.cancel)
                followed[lease] = nil
                report(.gone(lease))
                continue
            }
            followed[lease] = subject
        }
        return next
    }

    private static func hasEnded(_ subject: Followed.Subject) -> Bool {
        if case .starting(let process) = subject { !ProcessTable.isRunning(process) } else { false }
    }

    private func evidence(of subject: Followed, hasEnded: Bool, isSilent: Bool) -> HolderEvidence.Holder {
        switch subject.subject {
        case .starting: .starting(isRunning: !hasEnded)
        case .container(let id):
            .container(
                id: id,
                // A look through all processes, for when nobody can be asked.
                hasProcess: subject.first.map(ProcessTable.isRunning) == true
                    || (isSilent && ProcessTable.hasProcess(inContainer: id)),
                restarts: subject.restarts)
        }
    }

    /// Remembers and watches the first process that an engine names for a container, if it is one of this machine.
    private func noteFirstProcess(_ sights: [ContainerSight]?, of subject: inout Followed) {
        guard case .container(let id) = subject.subject, let sight = sights?.first(where: { $0.id == id })
        else { return }
        subject.restarts = sight.restarts
        guard sight.life == .running, let pid = sight.pid, subject.first?.pid != pid,
            let process = ProcessTable.identity(of: pid)
        else { return }
        // Docker's daemon may be in another machine or namespace, where the pid is another process.
        guard engine.kind == .podman || ProcessTable.containers(of: pid).contains(id) else { return }
        subject.keys.forEach(processes.cancel)
        subject.keys = [processes.watch(process) { [waker] in waker.yield() }]
        subject.first = process
    }
}

// MARK: - Asking the engine

extension EngineHolders {
    /// All containers of leases; nil when the engine does not answer.
    func sights() async -> [ContainerSight]? {
        let label = "label=\(RunArguments.leaseLabel)"
        guard let list = await answer(["ps", "-aq", "--no-trunc", "--filter", label]), list.isSuccess
        else { return nil }
        let ids = list.text.split(separator: "\n").map(String.init)
        guard !ids.isEmpty else { return [] }
        var sights: [ContainerSight] = []
        for start in stride(from: 0, to: ids.count, by: 100) {
            let some = ids[start..<min(start + 100, ids.count)]
            guard let details = await answer(["container", "inspect", "--format", ContainerSight.format] + some) else {
                return nil
            }
            // A container that was removed since it was listed is an error of its own; the others are there.
            guard details.isSuccess || details.complaint.lowercased().contains("no such container") else { return nil }
            sights += details.text.split(separator: "\n").compactMap { ContainerSight(line: $0) }
        }
        return sights
    }

    /// Stops a lease's containers, each after its engine's own fashion; false when the engine does not answer.
    func stop(_ lease: LeaseID, id: String?, grace: Span) async -> Bool {
        let seconds = max(0, Int((grace.seconds).rounded(.up)))
        var ids = id.map { [$0] } ?? []
        if id == nil {
            guard let sights = await sights() else { return false }
            ids = sights.filter { $0.lease == lease && $0.life != .over }.map(\.id)
        }
        guard !ids.isEmpty else { return true }
        let limit = Duration.seconds(seconds + 20)
        let output = try? await engine.output(of: ["stop", "-t", "\(seconds)"] + ids, as: account, limit: limit)
        return output?.isSuccess == true
    }

    private func answer(_ words: [String]) async -> EngineOutput? {
        try? await engine.output(of: words, as: account)
    }

    /// Wakes at every event of a lease's container, for as long as there is any to follow; starts again, later and
    /// later, when the engine ends it.
    private func streamEvents() async {
        var pause = Duration.milliseconds(500)
        while !Task.isCancelled, !followed.isEmpty {
            let start = clock.now
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [engine, account, waker] in
                    try? await engine.lines(of: Self.eventWords(engine.kind), as: account) { line in
                        if line.contains(RunArguments.leaseLabel) { waker.yield() }
                    }
                }
                group.addTask { await self.waitUntilIdle() }
                await group.next()
                group.cancelAll()
            }
            waker.yield()
            if clock.now - start > .seconds(10) { pause = .milliseconds(500) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(15))
        }
        isStreaming = false
        waker.yield()
    }

    /// Returns when nothing has been followed for a while.
    private func waitUntilIdle() async {
        var idle = 0
        while !Task.isCancelled, idle < 2 {
            try? await Task.sleep(for: .seconds(5))
            idle = followed.isEmpty ? idle + 1 : 0
        }
    }

    /// Events from a moment ago on, so that none falls between the last look and the stream's start.
    ///
    /// Podman 4 cannot filter by a label's name alone. Events of health checks and the like are of no interest.
    private static func eventWords(_ kind: EngineKind) -> [String] {
        let since = HostFiles.secondsSinceEpoch() - 2
        let common = ["events", "--since", "\(since)", "--filter", "type=container", "--format", "{{json .}}"]
        return switch kind {
        case .docker:
            common + ["--filter", "label=\(RunArguments.leaseLabel)"]
                + ["start", "die", "destroy"].flatMap { ["--filter", "event=\($0)"] }
        case .podman: common + ["start", "died", "remove"].flatMap { ["--filter", "event=\($0)"] }
        }
    }
}
