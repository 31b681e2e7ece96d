package import Fleet
import Ledger
import Logging
import Placement

extension Engine {
    /// The fleet as it is now; looks at the GPUs again when the last look is older than a fifth of a second.
    package func fleet() async -> FleetStatus {
        if stopped == nil, clock.sinceBoot() - scannedAt > 200_000_000 { try? await look() }
        let held = ledger.leasesByGPU
        let owners = ledger.leasesBySlice
        let gpus = node.gpus.enumerated().map { position, gpu in
            let condition = ledger.observation?.conditions[position] ?? .good
            let room = ledger.pool?.nodes.first?.gpus[position]
            var free = (share: room?.freeShare ?? .zero, memory: room?.freeMemory ?? .zero)
            let slices = gpu.slices ?? []
            if gpu.slices != nil {
                // Of a GPU that is cut, what its free slices have is free.
                let isUsable = room?.isUsable == true
                let idle = slices.filter {
                    isUsable && $0.isAlone && owners[$0.uuid] == nil
                        && condition.foreignSlices?.contains($0.uuid) != true
                }
                free = (
                    idle.reduce(.zero) { $0 + gpu.share(of: $1) }, idle.map(\.memory).reduce(.zero, +)
                )
            }
            return GPUStatus(
                gpu: gpu, condition: condition, reading: reading(of: gpu.id), freeShare: free.share,
                freeMemory: free.memory, leases: held[gpu.id] ?? [],
                sliceLeases: owners.filter { uuid, _ in slices.contains { $0.uuid == uuid } })
        }
        return FleetStatus(node: node, gpus: gpus, waiting: ledger.queue.count)
    }

    /// The node as it was when somebody last looked.
    package var node: Node {
        ledger.observation?.node
            ?? Node(
                name: "", driver: nil, gpus: [], links: [], cpuAffinity: [],
                whyEmpty: whyUnseen ?? "nobody has looked yet")
    }

    private func reading(of gpu: GPUID) -> GPUReading {
        guard let scan, let position = scan.node.gpus.firstIndex(where: { $0.id == gpu }) else { return GPUReading() }
        return scan.readings[position]
    }

    /// Looks at the GPUs and takes in what matters to decisions.
    func look() async throws(EngineError) {
        var found = await devices.scan()
        found = await attributed(found)
        scan = found
        scannedAt = clock.sinceBoot()
        // A GPU that was gone comes back reset, and with that clean.
        for (gpu, health) in zip(found.node.gpus, found.health) {
            if case .lost = health { faulted[gpu.id] = nil }
        }
        await preparer.note(found.memoryByProcess)
        await measureActivity(in: found)
        let observation = observation(from: found)
        guard observation != ledger.observation else { return }
        let hadNode = ledger.observation?.node
        await perform(try await commit(.observed(observation)))
        if hadNode != nil, hadNode != observation.node { await reconcilePreparations() }
    }

    /// Says of each process which lease it runs under; those that hold leases are nobody's.
    private func attributed(_ scan: DeviceScan) async -> DeviceScan {
        var scan = scan
        let own = Set(await preparer.ownProcesses())
        if !own.isEmpty {
            let readings = scan.readings.map { reading in
                var reading = reading
                reading.processes.removeAll { own.contains($0.pid) }
                return reading
            }
            scan = DeviceScan(node: scan.node, health: scan.health, readings: readings)
        }
        let processes = scan.readings.flatMap(\.processes)
        guard !processes.isEmpty else {
            attributions = [:]
            return scan
        }
        let known = processes.compactMap { process in attribution(of: process).map { (process.pid, $0) } }
        attributions = Dictionary(known) { first, _ in first }
        var leases = attributions.mapValues(\.lease)
        let unknown = Set(processes.map(\.pid)).subtracting(leases.keys).sorted()
        if !unknown.isEmpty { leases.merge(await holders.leases(of: unknown)) { known, _ in known } }
        for process in processes where attributions[process.pid] == nil {
            guard let lease = leases[process.pid], let startTicks = process.startTicks else { continue }
            attributions[process.pid] = Attribution(
                startTicks: startTicks, lease: lease, holder: ledger.lease(lease)?.holder ?? .nobody)
        }
        let readings = scan.readings.map { reading in
            var reading = reading
            for index in reading.processes.indices {
                reading.processes[index].lease = leases[reading.processes[index].pid]
            }
            return reading
        }
        return DeviceScan(node: scan.node, health: scan.health, readings: readings)
    }

    /// What was found out about the process itself a few looks ago, while its lease is as it was then.
    private func attribution(of process: GPUProcess) -> Attribution? {
        guard var known = attributions[process.pid], known.startTicks == process.startTicks, known.looksLeft > 0,
            let lease = ledger.lease(known.lease), lease.placement != nil, lease.holder == known.holder
        else { return nil }
        known.looksLeft -= 1
        return known
    }

    private func observation(from scan: DeviceScan) -> NodeObservation {
        let held = ledger.leasesByGPU
        let owners = ledger.leasesBySlice
        var conditions = scan.node.gpus.enumerated().map { position, gpu in
            var health = scan.health[position]
            if health.isHealthy, let xid = faulted[gpu.id] {
                health = .unhealthy(reason: "the driver reported XID \(xid); restart divvy once the GPU is well again")
            }
            let leases = Set(held[gpu.id] ?? [])
            return GPUCondition(
                health: health, foreignMemory: Self.foreignMemory(scan.readings[position], leases: leases),
                foreignSlices: Self.foreignSlices(scan.readings[position], owners: owners))
        }
        guard let known = ledger.observation else { return NodeObservation(node: scan.node, conditions: conditions) }
        // Devices say of a GPU that they have seen that it is lost. One that they have not seen since the daemon
        // started says nothing yet, because a driver can be slow or hang: nobody gets new work on it, nobody who has
        // work on it loses it.
        let listed = Set(scan.node.gpus.map(\.id))
        let why = scan.node.whyEmpty ?? "the driver does not list it"
        var unheard: [GPU] = []
        for (gpu, condition) in zip(known.node.gpus, known.conditions)
        where !listed.contains(gpu.id) && !condition.health.isLost && (held[gpu.id] != nil || scan.node.driver == nil) {
            unheard.append(gpu)
            conditions.append(GPUCondition(health: .unhealthy(reason: why), foreignMemory: condition.foreignMemory))
        }
        return NodeObservation(node: scan.node.adding(unheard), conditions: conditions)
    }

    /// The slices on which processes run without the lease that has the slice; nil where there are none.
    private static func foreignSlices(_ reading: GPUReading, owners: [String: LeaseID]) -> [String]? {
        let foreign = reading.processes.compactMap { process in
            process.slice.flatMap { slice in process.lease != nil && owners[slice] == process.lease ? nil : slice }
        }
        return foreign.isEmpty ? nil : Set(foreign).sorted()
    }

    /// What processes hold that have no lease for this GPU, in steps of 64 MiB so that small changes cause no entry.
    private static func foreignMemory(_ reading: GPUReading, leases: Set<LeaseID>) -> Bytes {
        let foreign = reading.processes.filter { process in !(process.lease.map(leases.contains) ?? false) }
        guard !foreign.isEmpty else { return .zero }
        let known = foreign.compactMap(\.memory).reduce(.zero, +)
        // Where the driver does not tell a process's memory, all that is used counts while nobody has a lease.
        let isUntold = foreign.contains { $0.memory == nil }
        let amount = isUntold && leases.isEmpty ? max(known, reading.memoryUsed ?? .zero) : known
        return max(amount, .mebibytes(1)).roundedUp(toMultipleOf: .mebibytes(64))
    }
}

extension DeviceScan {
    /// What processes hold, by GPU and pid, where the driver tells.
    fileprivate var memoryByProcess: [GPUID: [Int32: Bytes]] {
        var all: [GPUID: [Int32: Bytes]] = [:]
        for (gpu, reading) in zip(node.gpus, readings) {
            for process in reading.processes { all[gpu.id, default: [:]][process.pid] = process.memory }
        }
        return all
    }
}

extension Node {
    /// This node with further GPUs at the end of its list, of whose links nothing is known.
    fileprivate func adding(_ more: [GPU]) -> Node {
        guard !more.isEmpty else { return self }
        let unknown = Link(path: .unknown, nvlinks: 0)
        let all = gpus + more
        let links = all.indices.map { row in
            all.indices.map { column in
                self.links.indices.contains(row) && self.links[row].indices.contains(column)
                    ? self.links[row][column] : unknown
            }
        }
        var node = Node(
            name: name, driver: driver, gpus: all, links: links,
            cpuAffinity: cpuAffinity + more.map { _ in "" }, whyEmpty: nil)
        node.fence = fence
        return node
    }
}

/// Which lease a process was found to run under, so that the machine need not be asked at each look.
struct Attribution {
    let startTicks: UInt64
    let lease: LeaseID
    /// The lease's holder then; another has other processes.
    let holder: Holder
    /// A process can move to another cgroup.
    var looksLeft = 9
}
