package import Fleet

/// What to do about a lease whose GPUs are measured, and when to look again.
package struct IdleDecision: Hashable, Sendable {
    package enum Act: Hashable, Sendable {
        case nothing
        /// Tell the tenant that its lease is idle.
        case warn
        /// Let it keep at most so much of each GPU; what it has less of stays as it is.
        case shrink(to: Share)
        case release
    }

    package let act: Act
    /// Before this moment nothing else can be decided, as long as the act is carried out now.
    package let look: Moment

    package init(act: Act, look: Moment) {
        self.act = act
        self.look = look
    }
}

extension IdlePolicy {
    /// Decides about one lease.
    ///
    /// Whoever does something after having been told starts anew: it is told again before anything happens to it, and
    /// always has the whole grace. Never ask about a lease that is not measured: what is not known is not idle.
    ///
    /// - Parameters:
    ///   - lastActive: When it was last measured to do something, or when it started.
    ///   - warnedAt: When its tenant was last told, nil for never.
    ///   - holds: The most that it has of any one GPU. What is no more than `keep` is never shrunk, nor warned of.
    package func decide(lastActive: Moment, warnedAt: Moment?, holds: Share, now: Moment) -> IdleDecision {
        if action == .shrink && holds <= keep { return IdleDecision(act: .nothing, look: now + warnAfter) }
        guard let warnedAt, warnedAt > lastActive else {
            let due = lastActive + warnAfter
            if now < due { return IdleDecision(act: .nothing, look: due) }
            return IdleDecision(act: .warn, look: now + (action == .warn ? warnAfter : grace))
        }
        let due = warnedAt + grace
        if action == .warn { return IdleDecision(act: .nothing, look: now + warnAfter) }
        if now < due { return IdleDecision(act: .nothing, look: due) }
        return IdleDecision(act: action == .release ? .release : .shrink(to: keep), look: now + warnAfter)
    }
}
