package import Fleet
package import Placement

/// What a queue has from the queues above it.
extension QueueTree {
    /// A queue and those above it, without the root.
    private func line(of queue: Int) -> [QueueSpecification] {
        ([queue] + ancestors(of: queue)).filter { $0 > Self.root }.map { queues[$0] }
    }

    /// How placements are chosen: as the queue says, or the nearest above it that says; nil where none does.
    package func placement(of queue: Int) -> PolicyName? { line(of: queue).firstNonNil(\.placement) }

    /// What happens to idle leases: as the queue says, or the nearest above it that says; nil where none does.
    package func idle(of queue: Int) -> IdlePolicy? { line(of: queue).firstNonNil(\.idle) }

    /// The longest lease: the least that the queue or one above it allows; nil where none sets a limit.
    package func longest(of queue: Int) -> Span? { line(of: queue).compactMap(\.longest).min() }

    /// The highest priority that a request may name: as the queue says, or the nearest above it that says; else the
    /// queue's own.
    package func highestPriority(of queue: Int) -> Int {
        line(of: queue).firstNonNil(\.highestPriority) ?? queues[queue].priority
    }

    /// How long a lease runs before it may be preempted: the most that the queue or one above it promises.
    package func minimumRun(of queue: Int) -> Span { line(of: queue).map(\.minimumRun).max() ?? .zero }

    /// Whether a tenant may use a queue: it and every queue above it must let the tenant in.
    package func admits(_ tenant: Tenant, to queue: Int) -> Bool {
        line(of: queue).allSatisfy { $0.tenants?.contains(tenant.name) ?? true }
    }

    /// The leaf that a request waits in, by its path, or by its last name where that is unique; nil means `default`.
    package func leaf(named name: String?) throws(QueueTreeError) -> Int {
        guard let name else { return defaultQueue }
        guard let queue = position(of: name) else {
            let same = queues.filter { $0.name == name }.map(\.path)
            guard same.isEmpty else {
                throw QueueTreeError(name, "could be \(Self.list(same)); write the whole path")
            }
            throw QueueTreeError(name, "does not exist; write \(Self.list(leaves))")
        }
        guard isLeaf(queue) else {
            let below = queues[queue + 1..<ends[queue]].map(\.path).filter(leaves.contains)
            throw QueueTreeError(queues[queue].path, "is shared by the queues below it; write \(Self.list(below))")
        }
        return queue
    }

    /// The paths of all queues that requests can wait in.
    private var leaves: [String] { queues.indices.dropFirst().filter(isLeaf).map { queues[$0].path } }

    /// At most eight, as alternatives.
    private static func list(_ paths: [String]) -> String {
        let shown = paths.prefix(8).map { "\"\($0)\"" }
        let more = paths.count > 8 ? ["one of \(paths.count - 8) more"] : []
        let words = shown + more
        return words.count < 2
            ? words.joined() : "\(words.dropLast().joined(separator: ", ")) or \(words[words.count - 1])"
    }
}

extension Array {
    fileprivate func firstNonNil<Value>(_ value: (Element) -> Value?) -> Value? {
        for element in self { if let value = value(element) { return value } }
        return nil
    }
}
