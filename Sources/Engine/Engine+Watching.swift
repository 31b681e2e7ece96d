import Fleet
import Ledger
import Logging

/// What the engine remembers for the watchdog; nothing of it needs to outlive the daemon.
struct WatchState {
    var watchdog: Watchdog
    /// What processes without a lease are, as long as they are seen.
    var standings: [ProcessIdentity: ProcessStanding] = [:]
    /// Processes of open findings that were held already, and are not to be looked at again.
    var held: [Finding: Set<ProcessIdentity>] = [:]
    /// Findings since the daemon started.
    var counts: [WatchdogCount: Int] = [:]
    /// What the last look found of processes without a lease.
    var strangers: [GPUID: Strangers] = [:]

    struct Strangers {
        var processes = 0
        var memory = Bytes.zero
    }

    init(_ settings: WatchdogSettings) { watchdog = Watchdog(settings) }
}

extension Engine {
    /// Whether there is anything to judge: a process on a GPU, or a finding that is to end.
    var isWatching: Bool {
        if !ledger.findings.isEmpty { return true }
        return scan?.readings.contains { !$0.processes.isEmpty } ?? false
    }

    /// Judges the last look, tells the ledger, and does by policy something about offenders.
    ///
    /// It is called by one task only, so that what is done about a finding is written down before the finding can end.
    func watchOver() async {
        guard let scan, stopped == nil else { return }
        let look = await watchdogLook(scan)
        for report in watch.watchdog.judge(look, open: ledger.findings, at: now) {
            if case .found(let finding, let action, _) = report {
                watch.counts[WatchdogCount(kind: finding.kind, action: action), default: 0] += 1
            }
            await submit(.watched(report))
        }
        let open = Set(ledger.findings.map(\.finding))
        watch.held = watch.held.filter { open.contains($0.key) }
        for finding in ledger.findings where finding.action > .warn { await act(on: finding, look) }
    }

    private func act(on open: OpenFinding, _ look: WatchdogLook) async {
        let present = processes(of: open.finding, look)
        let known = Set(open.handled).union(watch.held[open.finding] ?? [])
        let new = present.filter { !known.contains($0) }
        guard !new.isEmpty else { return }
        var lease = open.evidence.lease
        if case .lease(let id) = open.finding.subject { lease = id }
        let standing = ledger.findings.flatMap(\.curbs)
        let outcome = await offenders.curb(
            Offender(open.finding, lease: lease, processes: new, action: open.action), standing: standing)
        guard !outcome.done.isEmpty || !outcome.problems.isEmpty || !outcome.curbs.isEmpty else {
            watch.held[open.finding, default: []].formUnion(new)
            return
        }
        let act = WatchdogAct(
            handled: present, curbs: outcome.curbs,
            done: outcome.done.isEmpty ? nil : outcome.done.joined(separator: ", "),
            problem: outcome.problems.isEmpty ? nil : outcome.problems.joined(separator: "; "))
        log.warning(
            "the watchdog acted", metadata: ["done": "\(act.done ?? "nothing")", "problem": "\(act.problem ?? "none")"])
        await submit(.watched(.acted(open.finding, act)))
    }

    func lift(_ curbs: [Curb]) async {
        for curb in curbs {
            guard let problem = await offenders.lift(curb) else { continue }
            log.error("what the watchdog did could not be undone", metadata: ["problem": "\(problem)"])
        }
    }

    private func processes(of finding: Finding, _ look: WatchdogLook) -> [ProcessIdentity] {
        let all = look.gpus.first { $0.id == finding.gpu }?.processes ?? []
        let own = all.filter { process in
            switch finding.subject {
            case .lease(let lease): process.owner == .lease(lease)
            case .process(let pid, let startTicks): process.pid == pid && process.startTicks == startTicks
            }
        }
        return own.map { ProcessIdentity(pid: $0.pid, startTicks: $0.startTicks, boot: clock.boot) }
    }
}

// MARK: - What a look found, for the watchdog

extension Engine {
    private func watchdogLook(_ scan: DeviceScan) async -> WatchdogLook {
        let grants = watchedGrants
        await learnStandings(scan, grants)
        watch.strangers = [:]
        var gpus: [WatchdogLook.GPU] = []
        for (gpu, reading) in zip(scan.node.gpus, scan.readings) {
            // A GPU that did not answer has no reading at all.
            guard reading.memoryUsed != nil || !reading.processes.isEmpty else { continue }
            let own = grants.filter { $0.gpu == gpu.id }
            let processes = reading.processes.compactMap { watched($0, own) }
            gpus.append(WatchdogLook.GPU(id: gpu.id, processes: processes))
            var strangers = WatchState.Strangers()
            for process in processes where process.owner == .nobody {
                strangers.processes += 1
                strangers.memory += process.memory ?? .zero
            }
            watch.strangers[gpu.id] = strangers
        }
        return WatchdogLook(gpus: gpus, present: Set(scan.node.gpus.map(\.id)), grants: grants)
    }

    private var watchedGrants: [WatchdogLook.Grant] {
        ledger.leasesWithRoom.flatMap { lease -> [WatchdogLook.Grant] in
            guard let placement = lease.placement else { return [] }
            var isEnding = false
            if case .ending = lease.state { isEnding = true }
            return placement.grants.map { grant in
                WatchdogLook.Grant(
                    lease: lease.id, gpu: grant.gpu, share: grant.share, memory: grant.memory, grade: placement.grade,
                    isSlice: grant.slice != nil, isEnding: isEnding)
            }
        }
    }

    /// One process as the watchdog sees it; nil when it ended while it was looked at.
    private func watched(_ process: GPUProcess, _ grants: [WatchdogLook.Grant]) -> WatchdogLook.Process? {
        guard let startTicks = process.startTicks else { return nil }
        let identity = ProcessIdentity(pid: process.pid, startTicks: startTicks, boot: clock.boot)
        let standing = watch.standings[identity] ?? .ordinary
        let owner = owner(of: process, grants)
        return WatchdogLook.Process(
            pid: process.pid, startTicks: startTicks, memory: process.memory, busyPercent: process.busyPercent,
            user: process.user ?? process.uid.map { "user \($0)" },
            command: process.command.map { String($0.prefix(80)) },
            owner: owner == .nobody && standing == .divvy ? .divvy : owner, isSpared: standing == .spared)
    }

    /// Whose a process on a GPU with these grants is.
    ///
    /// A lease that nobody in particular holds is used by whatever its tenant starts: a process of the same user is taken
    /// to be that lease's.
    private func owner(of process: GPUProcess, _ grants: [WatchdogLook.Grant]) -> WatchdogLook.Owner {
        if let lease = process.lease, ledger.lease(lease)?.placement != nil { return .lease(lease) }
        let candidates = grants.filter { grant in
            guard let lease = ledger.lease(grant.lease), lease.holder == .nobody else { return false }
            return lease.tenant.uid == process.uid
        }
        guard let first = candidates.first else { return .nobody }
        return candidates.count == 1 ? .lease(first.lease) : .someLease
    }

    /// Asks who the processes without a lease are, once for each.
    private func learnStandings(_ scan: DeviceScan, _ grants: [WatchdogLook.Grant]) async {
        var strangers: Set<ProcessIdentity> = []
        for process in scan.readings.flatMap(\.processes) where process.lease == nil {
            guard let startTicks = process.startTicks else { continue }
            strangers.insert(ProcessIdentity(pid: process.pid, startTicks: startTicks, boot: clock.boot))
        }
        watch.standings = watch.standings.filter { strangers.contains($0.key) }
        let unknown = strangers.filter { watch.standings[$0] == nil }.sorted { $0.pid < $1.pid }
        guard !unknown.isEmpty else { return }
        let answers = await offenders.standing(of: unknown, sparing: settings.watchdog.sparedPrograms)
        for process in unknown { watch.standings[process] = answers[process.pid] ?? .ordinary }
    }
}
