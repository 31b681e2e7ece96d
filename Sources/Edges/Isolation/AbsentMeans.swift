package import Engine
package import Fleet

/// Stands where a means cannot be had on this node at all.
package struct AbsentMeans: FenceMeans {
    private let reason: String

    /// - Parameter reason: why it cannot be had, in one sentence.
    package init(because reason: String) { self.reason = reason }

    package func problem(on node: Node) async -> String? { reason }

    package func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold {
        throw PreparationError("\(lease.id) cannot be held any more: \(reason)")
    }

    package func release(_ lease: LeaseID) async {}
    package func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {}
    package func reading(of lease: LeaseID) async -> FenceReading? { nil }
}
