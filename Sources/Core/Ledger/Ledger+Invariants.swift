import Fleet
import Placement
import Queueing

extension Ledger {
    /// Checks the ledger's laws and names the one that is broken; nil when all hold. Linear in the number of leases.
    package func brokenInvariant() -> String? {
        var waiting = Set<Int64>()
        var taken: [GPUID: (share: Share, memory: Bytes)] = [:]
        for lease in leasesByNumber.values {
            if lease.isWaiting { waiting.insert(lease.id.number) }
            guard running.contains(lease.id.number) == (lease.placement != nil) else {
                return "\(lease.id) is counted wrongly among those that have room"
            }
            guard let placement = lease.placement else { continue }
            guard !placement.grants.isEmpty else { return "\(lease.id) is granted and has no GPU" }
            for grant in placement.grants {
                let sum = taken[grant.gpu, default: (.zero, .zero)]
                taken[grant.gpu] = (sum.share + grant.share, sum.memory + grant.memory)
            }
        }
        guard waiting == Set(queue.map(\.number)), waiting.count == queue.count else {
            return "the queue holds \(queue), but these leases wait: \(waiting.sorted())"
        }
        if let broken = brokenQuota() { return broken }
        guard let room = pool?.nodes.first else {
            return taken.isEmpty ? nil : "leases are granted and no node was seen"
        }
        for (position, gpu) in room.gpus.enumerated() {
            let id = room.node.gpus[position].id
            let sum = taken[id, default: (.zero, .zero)]
            guard sum.share == gpu.leasedShare, sum.memory == gpu.leasedMemory else {
                return "\(id): leases add up to \(sum), the room says \(gpu.leasedShare), \(gpu.leasedMemory)"
            }
            // What slices that exist add up to is the driver's affair; that each is given once is checked below.
            guard room.node.gpus[position].slices == nil else { continue }
            guard sum.share <= .whole, sum.memory <= gpu.allocatable else {
                return "\(id): \(sum.share) and \(sum.memory) are leased of \(gpu.allocatable)"
            }
        }
        return brokenSlice()
    }

    /// No slice that exists has two leases.
    private func brokenSlice() -> String? {
        var owners: [String: LeaseID] = [:]
        for lease in leasesWithRoom {
            for grant in lease.placement?.grants ?? [] {
                guard let uuid = grant.slice?.uuid else { continue }
                if let other = owners.updateValue(lease.id, forKey: uuid) {
                    return "\(other) and \(lease.id) both have the slice \(uuid)"
                }
            }
        }
        return nil
    }

    /// What queues have is what their leases have.
    private func brokenQuota() -> String? {
        var fresh = QuotaUse(tree)
        for lease in leasesWithRoom {
            guard let placement = lease.placement else { continue }
            fresh.add(placement.amount, tenant: lease.tenant.uid, queue: queuePlace(of: lease))
        }
        return fresh == use ? nil : "the queues are said to have \(use.used), their leases have \(fresh.used)"
    }

    /// Traps on a broken law where the build says so: the tests do, a release does not pay for it.
    func checkInvariants() {
        #if DIVVY_CHECK_INVARIANTS
            if let broken = brokenInvariant() { preconditionFailure("\(broken)\n\(self)") }
        #endif
    }
}
