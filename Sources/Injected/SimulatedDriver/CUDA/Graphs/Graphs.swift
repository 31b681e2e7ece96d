import CSimulatedCUDA

typealias Graph = UnsafeMutablePointer<DriverGraph>
typealias Node = UnsafeMutablePointer<DriverNode>

/// Graphs: operations, and which of them come before which.
enum Graphs {
    static func make() -> Graph? {
        guard let graph = Slots.make(DriverGraph.self) else { return nil }
        graph.pointee.id = newID()
        graph.pointee.tag = UInt32(TAG_GRAPH)
        return graph
    }

    /// Adds a node behind all others; nil when a dependency is none of this graph's nodes.
    static func add(_ kind: Int, to graph: Graph, after list: UnsafePointer<CUgraphNode?>?, _ count: Int) -> Node? {
        guard count == 0 || list != nil, count >= 0 else { return nil }
        for index in 0..<count {
            guard let node = list?[index], node.pointee.tag == UInt32(TAG_NODE), node.pointee.graph == graph else {
                return nil
            }
        }
        guard let node = Slots.make(DriverNode.self) else { return nil }
        node.pointee.kind = UInt32(kind)
        node.pointee.graph = graph
        node.pointee.operation.kind = UInt32(OPERATION_NOTHING)
        for index in 0..<count {
            guard let before = list?[index], depend(node, on: before) else { return nil }
        }
        if let last = graph.pointee.lastNode { last.pointee.next = node } else { graph.pointee.nodes = node }
        graph.pointee.lastNode = node
        graph.pointee.count += 1
        node.pointee.tag = UInt32(TAG_NODE)
        return node
    }

    static func depend(_ node: Node, on before: Node) -> Bool {
        let count = Int(node.pointee.dependencyCount)
        for index in 0..<count where node.pointee.dependencies?[index] == before { return true }
        if count == Int(node.pointee.dependencyCapacity) {
            let capacity = max(4, count * 2)
            guard let memory = realloc(node.pointee.dependencies, capacity * MemoryLayout<Node?>.size) else {
                return false
            }
            node.pointee.dependencies = memory.assumingMemoryBound(to: Node?.self)
            node.pointee.dependencyCapacity = UInt64(capacity)
        }
        node.pointee.dependencies?[count] = before
        node.pointee.dependencyCount += 1
        return true
    }

    static func undepend(_ node: Node, on before: Node) -> Bool {
        let count = Int(node.pointee.dependencyCount)
        for index in 0..<count where node.pointee.dependencies?[index] == before {
            node.pointee.dependencies?[index] = node.pointee.dependencies?[count - 1]
            node.pointee.dependencyCount -= 1
            return true
        }
        return false
    }

    static func forEach(_ graph: Graph, _ body: (Node) -> Void) {
        var node = graph.pointee.nodes
        while let each = node {
            node = each.pointee.next
            body(each)
        }
    }

    static func remove(_ node: Node) {
        let graph: Graph = node.pointee.graph
        forEach(graph) { other in _ = undepend(other, on: node) }
        var before: Node?
        forEach(graph) { other in if other.pointee.next == node { before = other } }
        if let before { before.pointee.next = node.pointee.next } else { graph.pointee.nodes = node.pointee.next }
        if graph.pointee.lastNode == node { graph.pointee.lastNode = before }
        graph.pointee.count -= 1
        end(node)
    }

    static func destroy(_ graph: Graph) {
        forEach(graph) { end($0) }
        Slots.free(graph)
    }

    private static func end(_ node: Node) {
        free(node.pointee.dependencies)
        if node.pointee.operation.kind == UInt32(OPERATION_COPY_3D) { free(Effects.pointer(node.pointee.operation.a)) }
        if let child = node.pointee.child { destroy(child) }
        Slots.free(node)
    }

    /// A copy of a graph, in which every node's mark is the node that it was copied from.
    static func clone(_ graph: Graph) -> Graph? {
        guard let copy = make() else { return nil }
        var isWhole = true
        forEach(graph) { node in
            guard let twin = add(Int(node.pointee.kind), to: copy, after: nil, 0) else {
                isWhole = false
                return
            }
            node.pointee.mark = UInt64(UInt(bitPattern: twin))
            twin.pointee.mark = UInt64(UInt(bitPattern: node))
            twin.pointee.operation = ownOperation(node)
            twin.pointee.kernel = node.pointee.kernel
            twin.pointee.copy = node.pointee.copy
            twin.pointee.set = node.pointee.set
            if let child = node.pointee.child { twin.pointee.child = clone(child) }
        }
        forEach(graph) { node in
            guard let twin = Node(bitPattern: UInt(node.pointee.mark)) else { return }
            for index in 0..<Int(node.pointee.dependencyCount) {
                guard let before = node.pointee.dependencies?[index] else { continue }
                guard let beforeTwin = Node(bitPattern: UInt(before.pointee.mark)) else { continue }
                if !depend(twin, on: beforeTwin) { isWhole = false }
            }
        }
        return isWhole ? copy : nil
    }

    /// The node's operation, with a description of its own where it has one.
    static func ownOperation(_ node: Node) -> DriverOperation {
        var operation = node.pointee.operation
        guard operation.kind == UInt32(OPERATION_COPY_3D), let from = Effects.pointer(operation.a),
            let memory = malloc(MemoryLayout<CUDA_MEMCPY3D>.size)
        else { return operation }
        memcpy(memory, from, MemoryLayout<CUDA_MEMCPY3D>.size)
        operation.a = UInt64(UInt(bitPattern: memory))
        return operation
    }

    /// Calls the body for all nodes, each after those that it depends on, children's nodes in their place. The result
    /// is false when the graph has a circle.
    static func forEachInOrder(_ graph: Graph, _ body: (Node) -> Void) -> Bool {
        forEach(graph) { $0.pointee.mark = 0 }
        var left = graph.pointee.count
        while left > 0 {
            let before = left
            var isSound = true
            forEach(graph) { node in
                guard node.pointee.mark == 0 else { return }
                for index in 0..<Int(node.pointee.dependencyCount) {
                    guard let other = node.pointee.dependencies?[index] else { continue }
                    if other.pointee.mark == 0 { return }
                }
                node.pointee.mark = 1
                left -= 1
                if let child = node.pointee.child {
                    isSound = forEachInOrder(child, body) && isSound
                } else {
                    body(node)
                }
            }
            guard left < before, isSound else { return false }
        }
        return true
    }

    /// Whether no other node of the graph depends on it.
    static func isLeaf(_ node: Node) -> Bool {
        var isLeaf = true
        forEach(node.pointee.graph) { other in
            for index in 0..<Int(other.pointee.dependencyCount) where other.pointee.dependencies?[index] == node {
                isLeaf = false
            }
        }
        return isLeaf
    }
}
