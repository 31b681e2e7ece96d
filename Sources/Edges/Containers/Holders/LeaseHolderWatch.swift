package import Engine
package import Fleet
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Follows whatever holds leases: processes through the kernel, containers through their engines as well.
///
/// Processes are followed from the start; containers while `run` runs.
package final class LeaseHolderWatch: HolderWatch {
    private struct Place: Hashable {
        let engine: EngineKind
        /// Whose containers; nil for those that this process sees itself.
        let uid: UInt32?
    }

    private struct State {
        var holders: [LeaseID: Holder] = [:]
        var tenants: [LeaseID: Tenant] = [:]
        var keys: [LeaseID: ProcessWatch.Key] = [:]
        var engines: [Place: EngineHolders] = [:]
    }

    package let sightings: AsyncStream<HolderSighting>
    private let told: AsyncStream<HolderSighting>.Continuation
    private let newEngines: AsyncStream<EngineHolders>
    private let engineAdder: AsyncStream<EngineHolders>.Continuation
    private let processes: ProcessWatch
    private let commands: [EngineKind: EngineCommand]
    private let state = Mutex(State())

    /// - Parameter engines: the command lines of the engines that are installed.
    package init(engines: [EngineCommand]) throws(ProcessWatchError) {
        processes = try ProcessWatch()
        commands = Dictionary(engines.map { ($0.kind, $0) }) { first, _ in first }
        (sightings, told) = AsyncStream.makeStream()
        (newEngines, engineAdder) = AsyncStream.makeStream()
    }

    /// Follows containers until the task is cancelled; to be called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await engine in newEngines { group.addTask { await engine.run() } }
            group.cancelAll()
        }
    }

    /// Ends what is followed; `sightings` ends.
    package func close() {
        processes.close()
        told.finish()
        engineAdder.finish()
    }

    package func follow(_ holder: Holder, of lease: LeaseID, tenant: Tenant) async {
        let before = state.withLock { state in
            defer {
                state.holders[lease] = holder == .nobody ? nil : holder
                state.tenants[lease] = holder == .nobody ? nil : tenant
            }
            return state.holders[lease]
        }
        if before == holder { return }
        let engine = subject(of: holder).map { self.engine($0.kind, tenant) }
        // The same engine goes on with what it knows; anything else is followed anew.
        if let before, before != .nobody { await stopFollowing(before, of: lease, except: engine) }
        if let engine, let subject = subject(of: holder)?.subject {
            await engine.follow(subject, of: lease)
        } else if let process = process(of: holder) {
            let key = processes.watch(process) { [weak self] in self?.tellGone(holder, of: lease) }
            state.withLock { if $0.holders[lease] == holder { $0.keys[lease] = key } }
        } else if holder != .nobody {
            // A container of an engine that this release does not know.
            tellGone(holder, of: lease)
        }
    }

    package func forget(_ lease: LeaseID) async {
        let holder = state.withLock { $0.holders.removeValue(forKey: lease) }
        if let holder { await stopFollowing(holder, of: lease, except: nil) }
        state.withLock { $0.tenants[lease] = nil }
    }

    package func stop(_ holder: Holder, of lease: LeaseID, tenant: Tenant, grace: Span) async {
        switch holder {
        case .nobody: break
        case .process(let process): await ProcessEnding.end(process, grace: grace)
        case .starting(_, let process):
            let engine = subject(of: holder).map { self.engine($0.kind, tenant) }
            // Containers first: Docker's command line would end without taking its container along.
            _ = await engine?.stop(lease, id: nil, grace: grace)
            await ProcessEnding.end(process, grace: grace)
            _ = await engine?.stop(lease, id: nil, grace: grace)
        case .container(_, let id):
            guard let engine = subject(of: holder).map({ self.engine($0.kind, tenant) }) else { return }
            if await engine.stop(lease, id: id, grace: grace) { return }
            guard let first = await engine.followed[lease]?.first else { return }
            await ProcessEnding.end(first, grace: grace)
        }
    }

    package func leases(of pids: [Int32]) async -> [Int32: LeaseID] {
        let (holders, engines) = state.withLock { ($0.holders, Array($0.engines.values)) }
        var roots: [Int32: (LeaseID, ProcessIdentity)] = [:]
        var containers: [String: LeaseID] = [:]
        for (lease, holder) in holders {
            if let process = process(of: holder) {
                roots[process.pid] = (lease, process)
                // Of a container of `divvy-runtime` only the first process is known; what is executed in it is not a
                // descendant of that.
                if ProcessTable.isFirstInNamespace(process.pid) {
                    for id in ProcessTable.containers(of: process.pid) { containers[id] = lease }
                }
            }
            if case .container(_, let id) = holder { containers[id] = lease }
        }
        for engine in engines {
            for (lease, followed) in await engine.followed {
                if let first = followed.first { roots[first.pid] = (lease, first) }
                if case .container(let id) = followed.subject { containers[id] = lease }
            }
        }
        var leases: [Int32: LeaseID] = [:]
        for pid in pids {
            if !containers.isEmpty {
                leases[pid] = ProcessTable.containers(of: pid).compactMap { containers[$0] }.min()
            }
            if leases[pid] == nil { leases[pid] = lease(ofAncestorsOf: pid, among: roots) }
        }
        return leases
    }

    private func lease(
        ofAncestorsOf pid: Int32, among roots: [Int32: (LeaseID, ProcessIdentity)]
    ) -> LeaseID? {
        var pid = pid
        // Deeper than processes nest; a chain that is read while it changes may lead in a circle.
        for _ in 0..<256 where pid > 0 {
            guard let status = ProcessTable.status(of: pid) else { return nil }
            if let (lease, process) = roots[pid], process.startTicks == status.startTicks { return lease }
            pid = status.parent
        }
        return nil
    }

    /// Tells that a holder is gone, unless the lease has another by now.
    private func tellGone(_ holder: Holder, of lease: LeaseID) {
        guard state.withLock({ $0.holders[lease] == holder }) else { return }
        tell(.gone(lease))
    }

    private func tell(_ sighting: HolderSighting) {
        state.withLock { state in
            switch sighting {
            case .became(let lease, let holder): state.holders[lease] = holder
            case .gone(let lease):
                state.holders[lease] = nil
                state.tenants[lease] = nil
                state.keys[lease] = nil
            }
        }
        told.yield(sighting)
    }

    private func stopFollowing(_ holder: Holder, of lease: LeaseID, except: EngineHolders?) async {
        let (key, tenant) = state.withLock { ($0.keys.removeValue(forKey: lease), $0.tenants[lease]) }
        if let key { processes.cancel(key) }
        guard let tenant, let kind = subject(of: holder)?.kind else { return }
        let engine = engine(kind, tenant)
        if engine !== except { await engine.forget(lease) }
    }

    private func process(of holder: Holder) -> ProcessIdentity? {
        switch holder {
        case .process(let process), .starting(_, let process): process
        case .nobody, .container: nil
        }
    }

    private func subject(of holder: Holder) -> (kind: EngineKind, subject: EngineHolders.Followed.Subject)? {
        switch holder {
        case .starting(let engine, let process): EngineKind(rawValue: engine).map { ($0, .starting(process)) }
        case .container(let engine, let id): EngineKind(rawValue: engine).map { ($0, .container(id)) }
        case .nobody, .process: nil
        }
    }

    /// Who follows an engine's containers for a tenant: Docker's daemon has those of all, Podman has each user's apart.
    ///
    /// An engine that was not found is asked where it usually is: until it answers it is silent, which ends no lease
    /// while the container's processes run.
    private func engine(_ kind: EngineKind, _ tenant: Tenant) -> EngineHolders {
        let command = commands[kind] ?? EngineCommand(kind: kind, executable: "/usr/bin/\(kind.rawValue)")
        let uid = kind == .podman && geteuid() == 0 && tenant.uid != 0 ? tenant.uid : nil
        return state.withLock { state in
            let place = Place(engine: kind, uid: uid)
            if let known = state.engines[place] { return known }
            let new = EngineHolders(command, account: uid.flatMap(Account.init), processes: processes) {
                [weak self] in self?.tell($0)
            }
            state.engines[place] = new
            engineAdder.yield(new)
            return new
        }
    }
}
