package import Fleet

/// What is seen of the processes and containers that hold leases.
package enum HolderSighting: Hashable, Sendable {
    /// Nothing of the lease's holder runs any more.
    case gone(LeaseID)
    /// The container that a command line was starting has appeared.
    case became(LeaseID, Holder)
}

/// Follows the processes and containers that hold leases.
package protocol HolderWatch: Sendable {
    /// Starts following a lease's holder, in place of what was followed for it before. A holder that is already gone
    /// is reported like one that goes later. Following `Holder.nobody` does nothing.
    func follow(_ holder: Holder, of lease: LeaseID, tenant: Tenant) async

    /// Stops following.
    func forget(_ lease: LeaseID) async

    /// Makes a holder stop: asks it, and after `grace` makes it. A sighting of `gone` follows when it has.
    func stop(_ holder: Holder, of lease: LeaseID, tenant: Tenant, grace: Span) async

    /// Which lease each of these processes belongs to, by pid: its holder, a descendant of it, or in its cgroup.
    func leases(of pids: [Int32]) async -> [Int32: LeaseID]

    /// What is seen, in the order it is seen; one listener.
    var sightings: AsyncStream<HolderSighting> { get }
}
