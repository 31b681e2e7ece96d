import Fleet

/// Whether a request may have more, as far as quotas go.
package enum QuotaVerdict: Hashable, Sendable {
    /// It may; `borrowing` when its queue or one above it would then have more than is guaranteed to it.
    case allowed(borrowing: Bool)
    /// It may not, for this one reason.
    case refused(WaitReason)
}

extension QuotaUse {
    /// Whether a tenant may have so much more in a queue of a fleet that has `capacity` in all.
    ///
    /// Of several reasons against it the one closest to the tenant is told: its own maximum, then the maximum of a
    /// queue, then that a queue would have to borrow and may not, each from the queue itself upwards; at last that what
    /// is free is kept for a queue that does not lend. Whether it fits anywhere is the pool's to say, also where the
    /// fleet has too little free in all: `capacity` must be no less than what the pool can give.
    package func verdict(for amount: Amount, tenant: UInt32, queue: Int, capacity: Amount) -> QuotaVerdict {
        var position = queue
        while position > QueueTree.root {
            let has = used(by: tenant, in: position)
            let bound = tree.queues[position].tenantMaximum
            if !bound.allows(adding: amount, to: has) {
                return .refused(.tenantMaximum(path: tree.queues[position].path, used: has, bound: bound))
            }
            position = tree.parents[position]
        }
        position = queue
        while position > QueueTree.root {
            let bound = tree.queues[position].maximum
            if !bound.allows(adding: amount, to: used[position]) {
                return .refused(
                    .queueMaximum(path: tree.queues[position].path, used: used[position], bound: bound))
            }
            position = tree.parents[position]
        }
        var borrowing = false
        position = queue
        while position > QueueTree.root {
            if !isGuaranteed(amount, to: position) {
                borrowing = true
                if !tree.queues[position].borrows {
                    return .refused(
                        .noBorrowing(
                            path: tree.queues[position].path, used: used[position],
                            guaranteed: tree.guaranteed[position]))
                }
            }
            position = tree.parents[position]
        }
        if let reason = keptForOthers(amount, queue: queue, capacity: capacity) { return .refused(reason) }
        return .allowed(borrowing: borrowing)
    }

    /// Whether a queue would have no more than is guaranteed to it with so much more.
    private func isGuaranteed(_ amount: Amount, to queue: Int) -> Bool {
        let guaranteed = tree.guaranteed[queue]
        return amount == .zero || guaranteed != .none && guaranteed.allows(adding: amount, to: used[queue])
    }

    /// Why so much more would take what is kept for queues that do not lend, if it would.
    private func keptForOthers(_ amount: Amount, queue: Int, capacity: Amount) -> WaitReason? {
        var others = keptBelow[queue]
        var position = queue
        while position > QueueTree.root {
            let parent = tree.parents[position]
            others += keptBelow[parent] - kept[position]
            position = parent
        }
        guard others != .zero else { return nil }
        let free = capacity - used[QueueTree.root]
        // Too little in all is for the pool to say.
        guard amount.milliGPU <= max(free.milliGPU, 0), amount.memory <= max(free.memory, .zero) else { return nil }
        let kinds: [(Amount) -> Int64] = [{ $0.milliGPU }, { $0.memory.count }]
        for kind in kinds where kind(amount) > 0 && kind(others) > 0 && kind(amount) > kind(free - others) {
            return .lentToNobody(path: tree.queues[largestKeeper(of: kind, apartFrom: queue)].path)
        }
        return nil
    }

    /// The queue that does not lend and that the most is kept for, from outside of `queue`; the first among equals.
    private func largestKeeper(of kind: (Amount) -> Int64, apartFrom queue: Int) -> Int {
        var largest = QueueTree.root
        var most: Int64 = 0
        for position in tree.queues.indices.dropFirst()
        where !tree.queues[position].lends && !tree.isIn(queue, position) {
            let unused = kind(tree.guaranteed[position].amount - used[position])
            if unused > most { (largest, most) = (position, unused) }
        }
        return largest
    }

    /// Whether a queue has more than is guaranteed to it, in any of what is guaranteed.
    ///
    /// Where nothing is, everything that it has is borrowed. The root never borrows.
    package func isBorrowing(_ queue: Int) -> Bool { excess(of: queue) != .zero }

    /// How much more a queue has than is guaranteed to it; what is not guaranteed while the other is does not count.
    package func excess(of queue: Int) -> Amount {
        guard queue > QueueTree.root else { return .zero }
        let guaranteed = tree.guaranteed[queue]
        if guaranteed == .none { return used[queue] }
        return Amount(
            milliGPU: guaranteed.milliGPU.map { max(0, used[queue].milliGPU - $0) } ?? 0,
            memory: guaranteed.memory.map { max(.zero, used[queue].memory - $0) } ?? .zero)
    }

    /// Whether a queue has less of everything than is guaranteed to it, or to a queue above it that shares what it is
    /// guaranteed with the queues below.
    package func isBelowGuarantee(_ queue: Int) -> Bool {
        var isStated = false
        var position = queue
        while position > QueueTree.root {
            let guaranteed = tree.guaranteed[position]
            if guaranteed != .none {
                guard used[position].milliGPU < guaranteed.milliGPU ?? .max,
                    used[position].memory.count < guaranteed.memory?.count ?? .max
                else { return false }
            }
            isStated = isStated || tree.queues[position].guaranteed != .none
            position = tree.parents[position]
        }
        return isStated
    }

    /// Whether a lease of so much in `loser` may be stopped so that `winner` gets so much that is guaranteed to it.
    ///
    /// Below the first queue that both lie in, the winner's queues must stay within what is guaranteed to them, and one
    /// of them must state what is: a queue that states nothing shares what the one above it has. The loser's must still have all of it in at least one kind: so no queue is ever pushed to where it could ask the
    /// same back. Ask again for each further victim, with those before it removed.
    package func mayReclaim(_ victim: Amount, from loser: Int, for amount: Amount, in winner: Int) -> Bool {
        guard !tree.isIn(loser, winner), !tree.isIn(winner, loser) else { return false }
        var isStated = false
        var position = winner
        while !tree.isIn(loser, position) {
            if tree.guaranteed[position] != .none, !isGuaranteed(amount, to: position) { return false }
            isStated = isStated || tree.queues[position].guaranteed != .none
            position = tree.parents[position]
        }
        guard isStated else { return false }
        position = loser
        while !tree.isIn(winner, position) {
            if !keepsItsGuarantee(position, without: victim) { return false }
            position = tree.parents[position]
        }
        return true
    }

    private func keepsItsGuarantee(_ queue: Int, without victim: Amount) -> Bool {
        let guaranteed = tree.guaranteed[queue]
        let rest = used[queue] - victim
        return guaranteed == .none || guaranteed.milliGPU.map { rest.milliGPU >= $0 } ?? false
            || guaranteed.memory.map { rest.memory >= $0 } ?? false
    }
}
