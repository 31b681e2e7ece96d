import Fleet
import Placement
import Queueing

extension Ledger {
    /// Puts the planner's reason into the words of a person, with what would change it.
    func explanation(of reason: WaitReason, _ lease: Lease) -> Explanation {
        switch reason {
        case .never, .noRoom: return pool.map { Explanation($0.explain(lease.request)) } ?? .noNode
        case .behind(let ids): return behind(ids, lease)
        case .queueMaximum(let path, let used, let bound):
            return Explanation(
                summary: "queue \(path) has \(used.words(against: bound))", counts: [],
                unblocks: "leases of queue \(path) that end, or a higher maximum for it")
        case .tenantMaximum(let path, let used, let bound):
            return Explanation(
                summary: "\(lease.tenant.name) has \(used.words(against: bound)) of queue \(path) for one tenant",
                counts: [], unblocks: "leases of \(lease.tenant.name) in queue \(path) that end")
        case .noBorrowing(let path, let used, let guaranteed):
            return Explanation(
                summary: "queue \(path) has \(used.words(against: guaranteed)) that are guaranteed to it, "
                    + "and it may not borrow", counts: [],
                unblocks: "leases of queue \(path) that end, or permission to borrow")
        case .lentToNobody(let path):
            return Explanation(
                summary: "what is free is guaranteed to queue \(path), which lends nothing", counts: [],
                unblocks: "leases that end outside queue \(path)")
        case .reservation(let name, let from):
            return Explanation(
                summary: "room is reserved for \(name) \(when(from))", counts: [],
                unblocks: lease.request.duration == nil
                    ? "a time (--for) that ends before the reservation begins, or the end of the reservation"
                    : "a shorter time (--for), or the end of the reservation")
        case .preempting(let ids):
            return Explanation(
                summary: "\(ids.words) \(ids.count == 1 ? "is" : "are") being stopped to make room for it", counts: [],
                unblocks: nil)
        case .notYet(let from):
            return Explanation(summary: "its reservation begins \(when(from))", counts: [], unblocks: nil)
        }
    }

    /// A bound that so much is above all by itself; nil where it is not for good.
    func explanation(of bound: WaitReason, beyondReachOf asked: Amount) -> Explanation? {
        let (whose, quota): (String, Quota)
        switch bound {
        case .queueMaximum(let path, _, let maximum): (whose, quota) = ("queue \(path) may have", maximum)
        case .tenantMaximum(let path, _, let maximum):
            (whose, quota) = ("one tenant may have of queue \(path)", maximum)
        case .noBorrowing(let path, _, let guaranteed):
            (whose, quota) = ("queue \(path), which may not borrow, has", guaranteed)
        case .lentToNobody(let path):
            return Explanation(
                summary: "it takes \(Amount.gpus(asked.milliGPU)) GPUs and \(asked.memory) of memory; without what is "
                    + "guaranteed to queue \(path), which lends nothing, there is less", counts: [], unblocks: nil)
        case .never, .noRoom, .behind, .reservation, .preempting, .notYet: return nil
        }
        let isCompute = asked.milliGPU > quota.milliGPU ?? .max
        let (wanted, most) =
            isCompute
            ? ("\(Amount.gpus(asked.milliGPU)) GPUs", Amount.gpus(quota.milliGPU ?? 0))
            : ("\(asked.memory)", "\(quota.memory ?? .zero)")
        return Explanation(
            summary: "it asks for \(wanted), and \(whose) \(most) at most", counts: [], unblocks: nil)
    }

    private func behind(_ ids: [LeaseID], _ lease: Lease) -> Explanation {
        let others =
            ids.isEmpty ? "others, who come first" : "\(ids.words), which \(ids.count == 1 ? "comes" : "come") first"
        return Explanation(
            summary: "it would fit, but would delay \(others)", counts: [],
            unblocks: lease.request.duration == nil
                ? "a time (--for): who says when they end can go ahead of those who need more"
                : "a shorter time (--for)")
    }

    private func when(_ moment: Moment) -> String { moment > now ? "in \(moment - now)" : "now" }
}

extension [LeaseID] {
    var words: String {
        count > 3
            ? "\(prefix(3).map(\.description).joined(separator: ", ")) and \(count - 3) more"
            : map(\.description).joined(separator: ", ")
    }
}

extension Amount {
    /// `3.5 of its 4 GPUs`, or the memory where that is what is bound.
    fileprivate func words(against bound: Quota) -> String {
        if let milli = bound.milliGPU, let memory = bound.memory {
            return "\(Self.gpus(milliGPU)) of its \(Self.gpus(milli)) GPUs and \(self.memory) of its \(memory)"
        }
        if let milli = bound.milliGPU { return "\(Self.gpus(milliGPU)) of its \(Self.gpus(milli)) GPUs" }
        if let memory = bound.memory { return "\(self.memory) of its \(memory)" }
        return "all it may have"
    }

    /// Thousandths of a GPU as a decimal without trailing zeros.
    package static func gpus(_ milli: Int64) -> String {
        let whole = milli / 1000
        let rest = milli % 1000
        return rest == 0 ? "\(whole)" : "\(whole)\(Share(milli: Int32(rest)).description.dropFirst())"
    }
}
