package import Engine
package import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Acts on offenders by their cgroups and by signals.
///
/// A cgroup is acted on when it is a container's, or when all that is in it are offenders and what they have started.
/// Of anybody else the process alone is acted on: a login session would be frozen with the shell that could help.
package struct OffenderCurbs: OffenderControl {
    /// What other edges have a hand in.
    package struct Settings: Sendable {
        /// Closes the limiter's gate to a lease, or opens it; false where the lease has none.
        package var gate: @Sendable (LeaseID, _ isClosed: Bool) async -> Bool = { _, _ in false }
        /// Whether a process is a part of the daemon that the daemon has not started itself.
        package var isPart: @Sendable (ProcessIdentity) -> Bool = { _ in false }
        /// What has to be told before a process is killed, such as a server that it is a client of.
        package var beforeKill: @Sendable (ProcessIdentity) async -> Void = { _ in }

        package init() {}
    }

    private let settings: Settings
    private let mounts: CgroupMounts

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        mounts = .ofMachine
    }

    package func standing(
        of processes: [ProcessIdentity], sparing programs: [String]
    ) async -> [Int32: ProcessStanding] {
        var standings: [Int32: ProcessStanding] = [:]
        for process in processes {
            let isOwn = isProtected(process) || ProcessTree.descends(process.pid, from: [getpid()])
            if isOwn || settings.isPart(process) {
                standings[process.pid] = .divvy
            } else if SparedProgram.isSpared(process.pid, among: programs) {
                standings[process.pid] = .spared
            } else {
                standings[process.pid] = .ordinary
            }
        }
        return standings
    }

    package func curb(_ offender: Offender, standing: [Curb]) async -> CurbOutcome {
        var outcome = CurbOutcome()
        let processes = offender.processes.filter { !isProtected($0) && ProcessTable.isRunning($0) }
        switch offender.action {
        case .off, .warn: break
        case .kill:
            for process in processes {
                await settings.beforeKill(process)
                note(
                    ProcessSignal.send(SIGKILL, to: process), "killed process \(process.pid)", "killed", process,
                    &outcome)
            }
        case .freeze:
            for process in processes { freeze(process, among: processes, standing, &outcome) }
        case .throttle:
            for process in processes { throttle(process, among: processes, standing, &outcome) }
            if let lease = offender.lease, !standing.contains(.gateClosed(lease)), await settings.gate(lease, true) {
                outcome.curbs.append(.gateClosed(lease))
                outcome.done.append("closed the limiter's gate to \(lease)")
                // The gate holds what the processor's time could not.
                outcome.problems = []
            }
        }
        return outcome
    }

    package func lift(_ curb: Curb) async -> String? {
        switch curb {
        case .stopped(let process):
            if case .failed(let why) = ProcessSignal.send(SIGCONT, to: process) {
                return "process \(process.pid) could not be continued: \(why)"
            }
            return nil
        case .gateClosed(let lease):
            _ = await settings.gate(lease, false)
            return nil
        case .wrote(let file, let before):
            guard HostFiles.kind(of: file) == .file else { return nil }
            return CgroupFile.write(before, to: file).map { "\(file) could not be set back to \(before): \($0)" }
        }
    }

    /// Whom nothing may be done about, whatever the settings say.
    private func isProtected(_ process: ProcessIdentity) -> Bool { process.pid <= 1 || process.pid == getpid() }

    // MARK: One process

    private func freeze(
        _ process: ProcessIdentity, among all: [ProcessIdentity], _ standing: [Curb], _ outcome: inout CurbOutcome
    ) {
        let file = ownCgroups(of: process, among: all, "freezer").lazy.compactMap(CgroupFile.freezing).first
        if let file {
            // What could not be written is tried by a signal.
            if hold(file, "frozen", standing, &outcome) { return }
        }
        guard !standing.contains(.stopped(process)), !outcome.curbs.contains(.stopped(process)) else { return }
        let result = ProcessSignal.send(SIGSTOP, to: process)
        if result == .sent { outcome.curbs.append(.stopped(process)) }
        note(result, "stopped process \(process.pid)", "stopped", process, &outcome)
    }

    private func throttle(
        _ process: ProcessIdentity, among all: [ProcessIdentity], _ standing: [Curb], _ outcome: inout CurbOutcome
    ) {
        let file = ownCgroups(of: process, among: all, "cpu").lazy.compactMap(CgroupFile.throttling).first
        guard let file else {
            outcome.problems.append(
                "process \(process.pid) cannot be throttled: it shares its cgroup with others, or has none that "
                    + "counts processor time; freeze and kill work on it, and so does throttle on what is started in "
                    + "a container or by systemd-run --scope")
            return
        }
        if !hold(file, "throttled", standing, &outcome) {
            outcome.problems.append("process \(process.pid) cannot be throttled: \(file.path) cannot be written")
        }
    }

    /// Writes a cgroup's file unless that has been done; false when it cannot be.
    private func hold(
        _ file: CgroupFile, _ word: String, _ standing: [Curb], _ outcome: inout CurbOutcome
    ) -> Bool {
        let isHeld = (standing + outcome.curbs).contains { curb in
            if case .wrote(file.path, _) = curb { true } else { false }
        }
        if isHeld { return true }
        guard CgroupFile.write(file.held, to: file.path) == nil else { return false }
        // Found as we would leave it, a daemon that died before it could write down what it did has left it so.
        outcome.curbs.append(.wrote(file: file.path, before: file.before == file.held ? file.usual : file.before))
        outcome.done.append("\(word) cgroup \(HostFiles.split(file.path).directory)")
        return true
    }

    /// The cgroups that hold the process and nobody who is not to be held, the unified hierarchy's first.
    private func ownCgroups(
        of process: ProcessIdentity, among all: [ProcessIdentity], _ controller: String
    ) -> [Cgroup] {
        guard let text = HostFiles.text("/proc/\(process.pid)/cgroup") else { return [] }
        return [mounts.cgroup(nil, in: text), mounts.cgroup(controller, in: text)].compactMap { cgroup in
            guard let cgroup, !cgroup.isRoot else { return nil }
            let offenders = Set(all.map(\.pid))
            if let container = cgroup.ofContainer {
                return container.members.contains(where: { $0 <= 1 || $0 == getpid() }) ? nil : container
            }
            let members = cgroup.members
            guard members.contains(process.pid) else { return nil }
            return members.allSatisfy { ProcessTree.descends($0, from: offenders) } ? cgroup : nil
        }
    }

    private func note(
        _ result: ProcessSignal.Outcome, _ done: String, _ word: String, _ process: ProcessIdentity,
        _ outcome: inout CurbOutcome
    ) {
        switch result {
        case .sent: outcome.done.append(done)
        case .gone: break
        case .failed(let why): outcome.problems.append("process \(process.pid) could not be \(word): \(why)")
        }
    }
}
