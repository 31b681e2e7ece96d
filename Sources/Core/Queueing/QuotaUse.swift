import Fleet

/// What every queue and every tenant in it has, and whether they may have more.
///
/// A queue may have more than is guaranteed to it, up to its maximum, out of what others do not use, if it borrows.
/// What is guaranteed to a queue that does not lend is kept free for it and for the queues below it. What a change or a
/// verdict costs grows with the depth of the tree, not with the number of queues.
///
/// A value: copy it to ask what would be allowed once somebody has given back.
package struct QuotaUse: Hashable, Sendable {
    package let tree: QueueTree
    /// What the leases of each queue and of those below it have, by position; 0 is the whole fleet.
    package private(set) var used: [Amount]
    /// What each tenant has in each queue and in those below it. Only looked up, never walked through.
    private var tenants: [QueueTenant: Amount] = [:]
    /// What must be kept free for each queue by everybody outside of it.
    private(set) var kept: [Amount]
    /// What must be kept free for the queues right below each queue, added up.
    private(set) var keptBelow: [Amount]

    /// Nobody has anything yet.
    package init(_ tree: QueueTree) {
        self.tree = tree
        let empty = Array(repeating: Amount.zero, count: tree.queues.count)
        (used, kept, keptBelow) = (empty, empty, empty)
        for queue in tree.queues.indices.reversed() { updateKept(queue) }
    }

    /// Counts a lease of a tenant in a queue.
    package mutating func add(_ amount: Amount, tenant: UInt32, queue: Int) {
        var position = queue
        while position >= 0 {
            used[position] += amount
            updateKept(position)
            let key = QueueTenant(queue: position, tenant: tenant)
            let total = tenants[key, default: .zero] + amount
            precondition(
                total.milliGPU >= 0 && total.memory >= .zero,
                "tenant \(tenant) would have \(total) in queue \(tree.queues[position].path)")
            tenants[key] = total == .zero ? nil : total
            position = tree.parents[position]
        }
    }

    /// Counts a lease no more; it must have been added with the same amount, tenant and queue.
    package mutating func remove(_ amount: Amount, tenant: UInt32, queue: Int) {
        add(.zero - amount, tenant: tenant, queue: queue)
    }

    /// What a tenant has in a queue and in those below it.
    package func used(by tenant: UInt32, in queue: Int) -> Amount {
        tenants[QueueTenant(queue: queue, tenant: tenant), default: .zero]
    }

    /// Brings what is kept for a queue up to date, and its parent's sum with it.
    private mutating func updateKept(_ queue: Int) {
        var now = keptBelow[queue]
        if !tree.queues[queue].lends {
            let unused = tree.guaranteed[queue].amount - used[queue]
            now = Amount.maximum(now, unused)
        }
        guard now != kept[queue] else { return }
        let parent = tree.parents[queue]
        if parent >= 0 { keptBelow[parent] += now - kept[queue] }
        kept[queue] = now
    }
}

/// A tenant in a queue.
package struct QueueTenant: Hashable, Comparable, Sendable {
    /// The queue's position in its tree.
    package let queue: Int
    /// The tenant's user id.
    package let tenant: UInt32

    package init(queue: Int, tenant: UInt32) {
        self.queue = queue
        self.tenant = tenant
    }

    package static func < (left: QueueTenant, right: QueueTenant) -> Bool {
        (left.queue, left.tenant) < (right.queue, right.tenant)
    }
}
