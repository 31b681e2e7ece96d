import Fleet
import Ledger

extension Engine {
    /// Tells the ledger which leases work, where their queue wants to know.
    ///
    /// A lease works when a process of it uses the GPU, as far as the driver tells processes apart; else when its GPU
    /// is busy and nobody else has a part of it. A GPU that is shared and does not tell is taken to be at work: who
    /// cannot be measured is not called idle.
    func measureActivity(in scan: DeviceScan) async {
        let watched = ledger.leasesToMeasure(at: now)
        guard !watched.isEmpty else { return }
        let held = ledger.leasesByGPU
        var readings: [GPUID: GPUReading] = [:]
        for (gpu, reading) in zip(scan.node.gpus, scan.readings) { readings[gpu.id] = reading }
        let active = watched.filter { id in
            let grants = ledger.lease(id)?.placement?.grants ?? []
            return grants.contains { grant in
                guard let reading = readings[grant.gpu] else { return true }
                return Self.works(id, on: reading, isShared: (held[grant.gpu] ?? []).count > 1)
            }
        }
        guard !active.isEmpty else { return }
        await submit(.active(active))
    }

    static func works(_ lease: LeaseID, on reading: GPUReading, isShared: Bool) -> Bool {
        let own = reading.processes.filter { $0.lease == lease }
        let percents = own.compactMap(\.busyPercent)
        if !own.isEmpty, percents.count == own.count { return percents.contains { $0 > 0 } }
        guard let busy = reading.utilisationPercent else { return true }
        // Somebody whom nobody knows may be this lease's: one that nobody in particular holds has no process of its own.
        let isUnknown = reading.processes.contains { $0.lease == nil }
        return busy > 0 && (!isShared || !own.isEmpty || isUnknown)
    }
}
