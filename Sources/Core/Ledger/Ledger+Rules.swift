import Fleet
import Placement
import Queueing

/// What operators change: settings, bounds of queues, GPUs that rest.
extension Ledger {
    mutating func configure(_ new: LedgerSettings, _ effects: inout [Effect]) {
        usage.settle(at: now, halfLife: settings.queueing.halfLife)
        settings = new
        plantTree()
        for lease in leasesWithRoom { watchIdleness(of: lease) }
        serveQueue(&effects)
        effects.removeAll { if case .answer = $0 { true } else { false } }
    }

    /// Makes the tree from the settings and what was changed by hand; a change whose queue is gone is forgotten.
    mutating func plantTree() {
        let before = leasesWithRoom.map { ($0, tree.queues[queuePlace(of: $0)].path) }
        let base = QueueTree.checked(settings.queueing.queues)
        quotaChanges = quotaChanges.filter { base.has(path: $0.key) }
        tree = QueueTree.checked(
            base.queues.dropFirst().map { $0.changed(by: quotaChanges[$0.path]) }, otherwise: base)
        use = QuotaUse(tree)
        for lease in leasesWithRoom {
            guard let placement = lease.placement else { continue }
            use.add(placement.amount, tenant: lease.tenant.uid, queue: queuePlace(of: lease))
        }
        for (lease, old) in before { moveUsage(of: lease, from: old) }
    }

    /// A lease whose queue has gone, or goes by another path, counts where it is now.
    private mutating func moveUsage(of lease: Lease, from old: String) {
        let path = tree.queues[queuePlace(of: lease)].path
        guard path != old, let amount = lease.placement?.amount else { return }
        let halfLife = settings.queueing.halfLife
        usage.change(tenant: lease.tenant.uid, queue: old, by: .zero - amount, at: now, halfLife: halfLife)
        usage.change(tenant: lease.tenant.uid, queue: path, by: amount, at: now, halfLife: halfLife)
    }

    /// A lease is watched from when its queue begins to care.
    private mutating func watchIdleness(of lease: Lease) {
        guard case .granted = lease.state, var lease = leasesByNumber[lease.id.number] else { return }
        let isWatched = tree.idle(of: queuePlace(of: lease)) != nil
        guard isWatched != (lease.idle != nil) else { return }
        lease.idle = isWatched ? IdleState(lastActive: now) : nil
        store(lease)
    }

    mutating func changeQuota(of path: String, _ change: QuotaChange?, _ effects: inout [Effect]) {
        let base = QueueTree.checked(settings.queueing.queues)
        guard base.has(path: path) else {
            effects.append(.answer(.refused(.unknownQueue("there is no queue \"\(path)\""))))
            return
        }
        var changes = quotaChanges
        changes[path] = change
        do throws(QueueTreeError) {
            _ = try QueueTree(base.queues.dropFirst().map { $0.changed(by: changes[$0.path]) })
        } catch {
            effects.append(.answer(.refused(.badQuota(error.description))))
            return
        }
        quotaChanges = changes
        plantTree()
        let what = change == nil ? "set back to the configuration" : "changed"
        effects.append(.tell(Notice(.quotaChanged, text: "the bounds of queue \(path) are \(what)")))
        serveQueue(&effects)
        effects.removeAll { if case .answer = $0 { true } else { false } }
        effects.append(.answer(.done))
    }

    mutating func drain(_ gpus: [GPUID], reason: String?, _ effects: inout [Effect]) {
        for gpu in gpus {
            guard drained[gpu] != reason else { continue }
            drained[gpu] = reason
            let index = observation?.node.gpus.first { $0.id == gpu }?.index
            let name = index.map { "GPU \($0)" } ?? gpu.rawValue
            let text = reason.map { "\(name) is drained (\($0)): it gets no new leases" } ?? "\(name) is back in use"
            effects.append(.tell(Notice(.gpuDrained, gpu: gpu, text: text)))
        }
        fillPool()
        serveQueue(&effects)
        effects.removeAll { if case .answer = $0 { true } else { false } }
        effects.append(.answer(.done))
    }
}

extension QueueTree {
    /// The tree of queues that were checked when they were read; if they make none after all, `otherwise`, or one queue.
    static func checked(_ queues: [QueueSpecification], otherwise: QueueTree? = nil) -> QueueTree {
        (try? QueueTree(queues)) ?? otherwise ?? QueueTree()
    }

    func has(path: String) -> Bool { queues.dropFirst().contains { $0.path == path } }

}

extension QueueSpecification {
    /// With what was changed by hand.
    func changed(by change: QuotaChange?) -> QueueSpecification {
        guard let change else { return self }
        var changed = self
        changed.guaranteed = change.guaranteed ?? guaranteed
        changed.maximum = change.maximum ?? maximum
        changed.tenantMaximum = change.tenantMaximum ?? tenantMaximum
        changed.weight = change.weight ?? weight
        return changed
    }
}
