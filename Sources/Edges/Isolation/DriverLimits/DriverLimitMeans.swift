package import Engine
package import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Holds the memory of shares by the driver itself (r615 and newer): for each cgroup and GPU it keeps a soft limit, which
/// is a reservation, and a hard one, beyond which programs get no memory.
///
/// A container's limits stand in its own leaf cgroup: one further up would hold, and programs would still be told of the
/// whole GPU. A plain process gets a cgroup of its own. A soft limit that is still there when its cgroup goes stays
/// reserved in all cgroups above, so limits go as soon as the last process has ended; where they stand is written down
/// for the next daemon.
package actor DriverLimitMeans: FenceMeans {
    /// A limited cgroup, and what is going on with it.
    struct Standing {
        let limited: LimitedCgroup
        /// The number under which one of its processes is watched.
        var watch: UInt64?
        /// An admission is under way, and will look after it.
        var isArriving = true
        /// It is being taken away.
        var isGoing = false
        /// The reservation is gone, the limit stands.
        var isSoft = false
    }

    let control: any DriverControl
    let records: LimitRecords
    private let watchEnd: EndWatch
    private let ends: AsyncStream<UInt64>
    private let told: AsyncStream<UInt64>.Continuation
    private let probe: LimitProbe
    /// The leases that are to be held.
    var held: [LeaseID: [GPUID: Bytes]] = [:]
    var standing: [Cgroup: Standing] = [:]
    var watched: [UInt64: Cgroup] = [:]
    private var nextWatch: UInt64 = 1

    /// Calls the closure once, as soon as a process has ended; at once when it already has.
    package typealias EndWatch = @Sendable (ProcessIdentity, @escaping @Sendable () -> Void) -> Void

    /// - Parameters:
    ///   - directory: where limits are written down; of this daemon's own, and gone with the next boot.
    ///   - mountinfo: the text of `/proc/self/mountinfo`.
    ///   - watchEnd: tells of the ends of programs. It is to be quick: limits go when the first process of a container
    ///     has ended, and before the runtime takes the cgroup away.
    package init(
        _ control: any DriverControl, directory: String,
        mountinfo: @escaping @Sendable () -> String? = { SmallFile.text("/proc/self/mountinfo") },
        watchEnd: @escaping EndWatch
    ) {
        self.control = control
        records = LimitRecords(directory: directory)
        self.watchEnd = watchEnd
        (ends, told) = AsyncStream.makeStream(of: UInt64.self)
        probe = LimitProbe(control, mountinfo: mountinfo)
    }

    deinit { told.finish() }

    /// Takes limits away as programs end, until the task is cancelled; then all reservations, which nobody would take
    /// away any more. The limits themselves stand, and the next daemon reserves again.
    package nonisolated func run() async {
        await withDiscardingTaskGroup { group in
            for await number in ends { group.addTask { await self.ended(number) } }
        }
        await softenAll()
    }

    package func problem(on node: Node) async -> String? {
        do throws(LimitProbe.Problem) {
            _ = try await probe.hierarchy(on: node)
            return nil
        } catch {
            return error.words
        }
    }

    package func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold {
        if let problem = await problem(on: node) {
            throw PreparationError("\(lease.id) cannot be held by the driver: \(problem)")
        }
        held[lease.id] = lease.memoryOnGPUs
        return ShareHold(needsAdmission: true)
    }

    package func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError) {
        let hierarchy: CgroupHierarchy
        do throws(LimitProbe.Problem) {
            hierarchy = try await probe.hierarchy(on: node)
        } catch {
            throw PreparationError("\(lease.id) cannot be held by the driver: \(error.words)")
        }
        await sweep()
        held[lease.id] = lease.memoryOnGPUs
        let cgroup =
            switch arrival.kind {
            case .container: try await ownCgroup(ofContainer: arrival.process, lease.id, in: hierarchy)
            case .process: try place(for: arrival.process, lease.id, in: hierarchy)
            }
        hierarchy.countDeviceMemory(in: cgroup.path)
        let limited = LimitedCgroup(
            lease: lease.id, cgroup: cgroup, isOwn: arrival.kind == .process, first: arrival.process,
            grants: lease.memoryOnGPUs)
        let before = standing[cgroup]
        standing[cgroup] = Standing(limited: limited, watch: before?.watch)
        do throws(PreparationError) {
            try records.write(limited)
            try await limit(limited)
            if limited.isOwn {
                do { try cgroup.take(arrival.process.pid) } catch { throw PreparationError("\(lease.id): \(error)") }
            }
        } catch {
            standing[cgroup]?.isArriving = false
            await settle(cgroup)
            throw error
        }
        standing[cgroup]?.isArriving = false
        watch(arrival.process, in: cgroup)
        let isAlive = ProcessFacts.isThere(arrival.process)
        guard isAlive, held[lease.id] != nil else {
            await settle(cgroup)
            throw PreparationError(
                isAlive
                    ? "\(lease.id) ended while its limits were being set"
                    : "process \(arrival.process.pid), which was to be held to \(lease.id), has ended")
        }
    }

    package func release(_ lease: LeaseID) async {
        held[lease] = nil
        await sweep()
    }

    package func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {
        held = Dictionary(uniqueKeysWithValues: leases.map { ($0.id, $0.memoryOnGPUs) })
        for limited in records.all() where standing[limited.cgroup] == nil {
            guard limited.cgroup.isThere, limited.first.boot == ProcessFacts.boot else {
                records.remove(limited)
                continue
            }
            standing[limited.cgroup] = Standing(limited: limited, isArriving: false)
        }
        await sweep()
        var problems: [String] = []
        for cgroup in standing.keys.sorted(by: { $0.path < $1.path }) {
            guard let one = standing[cgroup], !one.isGoing, !one.isArriving, !one.isSoft,
                held[one.limited.lease] != nil
            else { continue }
            do { try await limit(one.limited) } catch { problems.append(error.description) }
        }
        guard problems.isEmpty else { throw PreparationError(problems.joined(separator: "; ")) }
    }

    package func reading(of lease: LeaseID) async -> FenceReading? {
        let places = standing.values.filter { $0.limited.lease == lease && !$0.isGoing }
        guard let limited = places.min(by: { !$0.isSoft && $1.isSoft })?.limited else {
            guard let grants = held[lease] else { return nil }
            let parts = grants.keys.sorted { $0.rawValue < $1.rawValue }.map {
                FenceReading.Part(gpu: $0, detail: "no limit yet: no program of it has started")
            }
            return FenceReading(means: .driverLimits, source: "no cgroup yet", parts: parts)
        }
        var parts: [FenceReading.Part] = []
        for gpu in limited.gpus {
            do {
                let found = try await control.memoryLimits(ofCgroup: limited.cgroup.path, on: gpu)
                parts.append(
                    .init(
                        gpu: gpu, memoryLimit: found.limits.hard, memoryUsed: found.used,
                        detail: "\(found.limits.soft) reserved"))
            } catch {
                parts.append(.init(gpu: gpu, detail: "not read: \(error)"))
            }
        }
        return FenceReading(means: .driverLimits, source: limited.cgroup.path, parts: parts)
    }

    // MARK: Watching

    /// Has a process of a cgroup watched.
    func watch(_ process: ProcessIdentity, in cgroup: Cgroup) {
        guard standing[cgroup] != nil else { return }
        let number = nextWatch
        nextWatch += 1
        watched[number] = cgroup
        standing[cgroup]?.watch = number
        watchEnd(process) { [told] in told.yield(number) }
    }

    private func ended(_ number: UInt64) async {
        guard let cgroup = watched.removeValue(forKey: number) else { return }
        if standing[cgroup]?.watch == number { standing[cgroup]?.watch = nil }
        await settle(cgroup)
    }
}

extension Lease {
    /// What is granted to it, by GPU.
    fileprivate var memoryOnGPUs: [GPUID: Bytes] {
        var memory: [GPUID: Bytes] = [:]
        for grant in placement?.grants ?? [] { memory[grant.gpu] = grant.memory }
        return memory
    }
}
