import Fleet

/// The queues as a tree, checked: every path has its parents, and what is guaranteed to children fits their parent.
///
/// Queues are named by their positions, which hold for this tree only; whatever outlives it keeps paths. Requests wait
/// in leaves only; a queue with others below it shares what it may have among them.
package struct QueueTree: Hashable, Sendable {
    /// How deep queues may lie: `a/b/c` is three levels.
    package static let deepest = 8
    /// How many queues there may be, with those that are added.
    package static let most = 1000
    /// The queue of requests that name none.
    package static let defaultPath = "default"
    /// The position of the whole fleet.
    package static let root = 0

    /// Every queue before those below it, and those right after it; siblings by name. The root, 0, stands for the
    /// whole fleet and has an empty path and no bounds.
    package let queues: [QueueSpecification]
    /// The position of each queue's parent; -1 for the root.
    package let parents: [Int]
    /// Where what lies below each queue ends: the positions `queue + 1 ..< ends[queue]`.
    package let ends: [Int]
    /// What is guaranteed to each queue: what it states, and of what it does not state what the queues below it have.
    ///
    /// nil where neither it nor a queue below states anything.
    package let guaranteed: [Quota]
    private let positions: [String: Int]

    /// Only the queue `default`, without any bound.
    package init() { self.init(sorted: [QueueSpecification(path: Self.defaultPath)]) }

    /// Checks queues and puts them in order; adds `default` and parents that nobody wrote down.
    package init(_ specifications: [QueueSpecification]) throws(QueueTreeError) {
        var byPath: [String: QueueSpecification] = [:]
        for specification in specifications {
            try Self.check(specification)
            guard byPath.updateValue(specification, forKey: specification.path) == nil else {
                throw QueueTreeError(specification.path, "is written down twice; write it once")
            }
        }
        for path in [Self.defaultPath] + specifications.map(\.path) {
            for prefix in Self.prefixes(of: path) where byPath[prefix] == nil {
                byPath[prefix] = QueueSpecification(path: prefix)
            }
        }
        guard byPath.count <= Self.most else {
            throw QueueTreeError("", "there are \(byPath.count) queues; write at most \(Self.most)")
        }
        let ordered = byPath.values.map { (names: $0.path.split(separator: "/"), specification: $0) }
            .sorted { $0.names.lexicographicallyPrecedes($1.names) { $0 < $1 } }
        self.init(sorted: ordered.map(\.specification))
        try checkAsTree()
    }

    /// From queues whose parents are there, in order, without the root.
    private init(sorted: [QueueSpecification]) {
        let queues = [QueueSpecification(path: "")] + sorted
        var parents = [-1]
        var ends = Array(repeating: queues.count, count: queues.count)
        var open = [Self.root]
        for position in 1..<queues.count {
            let depth = queues[position].path.utf8.count { $0 == UInt8(ascii: "/") } + 1
            while open.count > depth { ends[open.removeLast()] = position }
            parents.append(open.last ?? Self.root)
            open.append(position)
        }
        var guaranteed = queues.map(\.guaranteed)
        var below = Array(repeating: Quota.none, count: queues.count)
        for position in queues.indices.reversed() {
            guaranteed[position].milliGPU = guaranteed[position].milliGPU ?? below[position].milliGPU
            guaranteed[position].memory = guaranteed[position].memory ?? below[position].memory
            if position > Self.root { below[parents[position]].add(guaranteed[position]) }
        }
        var positions: [String: Int] = [:]
        var lastNames: [Substring: Int] = [:]
        for (position, queue) in queues.enumerated().dropFirst() {
            positions[queue.path] = position
            lastNames[queue.name, default: 0] += 1
        }
        // A path wins over a last name of the same letters.
        for (position, queue) in queues.enumerated().dropFirst() where lastNames[queue.name] == 1 {
            let name = String(queue.name)
            if positions[name] == nil { positions[name] = position }
        }
        self.queues = queues
        self.parents = parents
        self.ends = ends
        self.guaranteed = guaranteed
        self.positions = positions
    }

    /// The position of a queue by its path, or by its last name where that is unique; never the root's.
    package func position(of name: String) -> Int? { positions[name] }

    /// The position of the queue that requests wait in which name none.
    package var defaultQueue: Int { positions[Self.defaultPath] ?? Self.root }

    /// A queue's parent, that one's parent and so on; the root is last.
    package func ancestors(of queue: Int) -> [Int] {
        var ancestors: [Int] = []
        var position = parents[queue]
        while position >= 0 {
            ancestors.append(position)
            position = parents[position]
        }
        return ancestors
    }

    /// Whether requests can wait in a queue: no queue lies below it.
    package func isLeaf(_ queue: Int) -> Bool { ends[queue] == queue + 1 }

    /// Whether a queue is another or lies below it.
    package func isIn(_ queue: Int, _ other: Int) -> Bool { queue >= other && queue < ends[other] }

    /// The queues right below a queue, in order.
    package func children(of queue: Int) -> [Int] {
        var children: [Int] = []
        var position = queue + 1
        while position < ends[queue] {
            children.append(position)
            position = ends[position]
        }
        return children
    }
}

/// Why queues make no tree; `description` says which queue and what to write instead.
package struct QueueTreeError: Error, Hashable, CustomStringConvertible {
    /// The queue that it is about; empty where it is about all of them.
    package let path: String
    package let description: String

    init(_ path: String, _ text: String) {
        self.path = path
        description = path.isEmpty ? text : "queue \"\(path)\" \(text)"
    }
}

extension QueueSpecification {
    /// The last name of its path.
    package var name: Substring { path.split(separator: "/").last ?? "" }
}

extension Quota {
    /// Adds what another states, held at the largest number; states from then on whatever either states.
    mutating func add(_ other: Quota) {
        func sum(_ left: Int64?, _ right: Int64?) -> Int64? {
            guard let left, let right else { return left ?? right }
            let (value, overflow) = left.addingReportingOverflow(right)
            return overflow ? .max : value
        }
        milliGPU = sum(milliGPU, other.milliGPU)
        memory = sum(memory?.count, other.memory?.count).map { Bytes($0) }
    }
}
