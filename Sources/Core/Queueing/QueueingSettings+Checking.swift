import Fleet

extension QueueingSettings {
    /// Checks these settings and makes the tree of their queues.
    package func tree() throws(QueueTreeError) -> QueueTree {
        guard halfLife > .zero else {
            throw QueueTreeError("", "the half-life of usage is \(halfLife); write a time above 0, as in \"7d\"")
        }
        if let ageing, ageing <= .zero {
            throw QueueTreeError(
                "",
                "waiting raises priorities every \(ageing); write a time above 0, as in \"1h\", or nothing for never")
        }
        guard preemptionNotice >= .zero else {
            throw QueueTreeError(
                "", "the notice before a preemption is \(preemptionNotice); write a time of 0 or more, as in \"30s\"")
        }
        guard depth >= 1 else {
            throw QueueTreeError(
                "", "\(depth) of those who wait are looked at in one go; write a whole number of 1 or more")
        }
        return try QueueTree(queues)
    }
}
