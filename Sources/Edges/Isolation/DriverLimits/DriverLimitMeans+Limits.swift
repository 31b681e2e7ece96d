import Engine
import Fleet

/// Where limits go, and how they come and go.
extension DriverLimitMeans {
    // MARK: Cgroups

    /// The leaf cgroup of a container, in which there is nobody else.
    func ownCgroup(
        ofContainer process: ProcessIdentity, _ lease: LeaseID, in hierarchy: CgroupHierarchy
    ) async throws(PreparationError) -> Cgroup {
        let pid = process.pid
        guard let text = SmallFile.text("/proc/\(pid)/cgroup"), ProcessFacts.isThere(process)
        else { throw PreparationError("process \(pid), which was to be held to \(lease), has ended") }
        guard let path = hierarchy.directory(in: text), let cgroup = Cgroup(at: path) else {
            throw PreparationError(
                "the container of \(lease) has no cgroup of its own below \(hierarchy.mount), so the driver cannot hold "
                    + "its memory; let the engine make one, as it does without --cgroups=disabled")
        }
        guard let processes = cgroup.processes else {
            throw PreparationError(
                "the processes of the cgroup \(path) cannot be read, so \(lease) cannot be held there")
        }
        let strangers = processes.filter { !ProcessFacts.isDescendant($0, of: pid) }
        guard strangers.isEmpty else {
            throw PreparationError(
                "the container of \(lease) shares the cgroup \(path) with process \(strangers[0]), which its limits "
                    + "would hold too; give it a cgroup of its own")
        }
        if let there = standing[cgroup] {
            guard there.limited.lease == lease, !there.isArriving, !there.isGoing else {
                throw PreparationError(
                    "the cgroup \(path) is held to \(there.limited.lease); it cannot be held to \(lease) as well")
            }
        }
        for other in standing.values where other.limited.lease == lease && other.limited.cgroup != cgroup {
            guard other.limited.cgroup.processes?.isEmpty ?? true else {
                throw PreparationError(
                    "\(lease) runs in the cgroup \(other.limited.cgroup.path) already, and each of two would get all of "
                        + "its memory; ask for a lease of its own for the other container")
            }
        }
        return cgroup
    }

    /// The cgroup of a lease's plain processes, made if need be; its first process is moved there once limits stand.
    func place(
        for process: ProcessIdentity, _ lease: LeaseID, in hierarchy: CgroupHierarchy
    ) throws(PreparationError) -> Cgroup {
        for there in standing.values where there.limited.lease == lease && !there.isGoing {
            guard there.limited.isOwn, !there.isArriving else {
                throw PreparationError("\(lease) runs in the cgroup \(there.limited.cgroup.path) already")
            }
            return there.limited.cgroup
        }
        do {
            return try Cgroup.make(lease.description, below: hierarchy.mount + "/divvy")
        } catch {
            throw PreparationError("\(lease) cannot be held by the driver: \(error)")
        }
    }

    // MARK: Limits

    /// Sets all limits of a cgroup and reads them back.
    func limit(_ limited: LimitedCgroup) async throws(PreparationError) {
        for gpu in limited.gpus {
            guard let memory = limited.grants[gpu] else { continue }
            let wanted = MemoryLimits(soft: memory, hard: memory)
            do throws(DriverControlError) {
                try await control.setMemoryLimits(wanted, ofCgroup: limited.cgroup.path, on: gpu)
                let found = try await control.memoryLimits(ofCgroup: limited.cgroup.path, on: gpu).limits
                guard found == wanted else {
                    throw .failed(
                        "it was told \(memory), and now says \(found.hard.map { "\($0)" } ?? "no limit"), of which "
                            + "\(found.soft) are reserved")
                }
            } catch {
                throw PreparationError("the driver does not hold the memory of \(limited.lease) on \(gpu): \(error)")
            }
        }
    }

    /// Does for every cgroup what is right now.
    func sweep() async {
        for cgroup in standing.keys.sorted(by: { $0.path < $1.path }) { await settle(cgroup) }
    }

    /// Takes the limits of a cgroup away once nobody is in it. While there is, the hard limit stands; the reservation
    /// only as long as the lease, and the container's first process.
    func settle(_ cgroup: Cgroup) async {
        guard let there = standing[cgroup], !there.isArriving, !there.isGoing else { return }
        let living = cgroup.processes ?? []
        if living.isEmpty {
            await clear(cgroup)
            return
        }
        let isOver =
            held[there.limited.lease] == nil
            || (!there.limited.isOwn
                && ProcessFacts(of: there.limited.first.pid)?.startTicks
                    != there.limited.first.startTicks)
        if isOver { await soften(cgroup) }
        guard standing[cgroup]?.watch == nil else { return }
        for pid in living {
            guard let facts = ProcessFacts(of: pid) else { continue }
            watch(ProcessIdentity(pid: pid, startTicks: facts.startTicks, boot: ProcessFacts.boot), in: cgroup)
            return
        }
        // All that were there a moment ago have ended, and nobody will tell.
        if cgroup.processes?.isEmpty ?? true { await clear(cgroup) }
    }

    func softenAll() async {
        for cgroup in standing.keys.sorted(by: { $0.path < $1.path }) { await soften(cgroup) }
    }

    /// Takes the reservations of a cgroup away, and leaves its limits.
    private func soften(_ cgroup: Cgroup) async {
        guard let there = standing[cgroup], !there.isSoft, !there.isGoing, !there.isArriving else { return }
        if await set({ .init(soft: .zero, hard: there.limited.grants[$0]) }, there.limited) {
            standing[cgroup]?.isSoft = true
        }
    }

    private func clear(_ cgroup: Cgroup) async {
        guard let there = standing[cgroup], !there.isGoing, !there.isArriving else { return }
        standing[cgroup]?.isGoing = true
        var isDone = true
        if cgroup.isThere { isDone = await set({ _ in .none }, there.limited) }
        if isDone, there.limited.isOwn { isDone = cgroup.remove() }
        guard isDone else {
            // What hangs is tried again with the next change of any lease.
            standing[cgroup]?.isGoing = false
            return
        }
        standing[cgroup] = nil
        records.remove(there.limited)
    }

    /// Sets limits on all GPUs of a cgroup that may be gone by now; false when the driver refuses.
    private func set(_ limits: (GPUID) -> MemoryLimits, _ limited: LimitedCgroup) async -> Bool {
        var isDone = true
        for gpu in limited.gpus {
            do throws(DriverControlError) {
                try await control.setMemoryLimits(limits(gpu), ofCgroup: limited.cgroup.path, on: gpu)
            } catch {
                if limited.cgroup.isThere { isDone = false }
            }
        }
        return isDone
    }
}
