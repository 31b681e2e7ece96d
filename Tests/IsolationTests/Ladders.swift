import Isolation

extension IsolationLadder {
    /// A node that has a limiter and nothing else.
    static func of(_ limiter: LimiterIsolation) -> IsolationLadder {
        IsolationLadder(
            driverLimits: AbsentMeans(because: "no limits"), service: AbsentMeans(because: "no service"),
            limiter: limiter)
    }
}
