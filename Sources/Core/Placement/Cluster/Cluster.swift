/// Many nodes as flat memory: what each has left.
///
/// A node's index is its place in the order that breaks ties.
package struct Cluster: ~Copyable {
    /// GPUs of one node.
    package static let mostGPUs = 8

    package let count: Int
    package let kinds: [NodeKind]
    package let capacityMilli: Int64
    package private(set) var allocatedMilli: Int64 = 0
    /// Thousandths of GPUs held by requests for several GPUs.
    package private(set) var gangMilli: Int64 = 0
    let states: Block<NodeState>

    /// Makes a cluster of empty nodes, in the order of their names.
    package init(nodes: [NodeKind]) {
        var places: [NodeKind: UInt16] = [:]
        var kinds: [NodeKind] = []
        var capacity: Int64 = 0
        let unset = NodeKind(cpuMilli: 0, memoryMiB: 0, gpus: 0, model: 0)
        states = Block(repeating: NodeState(unset, at: 0), count: nodes.count)
        for (index, node) in nodes.enumerated() {
            precondition((0...Int32(Self.mostGPUs)).contains(node.gpus), "a node has \(node.gpus) GPUs, not 0 to 8")
            let place = places[node] ?? UInt16(kinds.count)
            if place == kinds.count {
                places[node] = place
                kinds.append(node)
            }
            states[index] = NodeState(node, at: place)
            capacity += Int64(node.gpus) * 1000
        }
        self.kinds = kinds
        count = nodes.count
        capacityMilli = capacity
    }

    package subscript(node: Int) -> NodeState { states[node] }

    @inline(__always) func pointer(to node: Int) -> NodePointer { NodePointer(states.pointer(at: node)) }

    package var allocatedPercent: Double {
        capacityMilli > 0 ? Double(allocatedMilli) / Double(capacityMilli) * 100 : 0
    }

    /// Takes what a placement grants; it fits.
    @inline(__always) package mutating func take(_ request: RequestKind, _ placement: ClusterPlacement) {
        change(request, placement, sign: 1)
    }

    /// Puts back what a placement granted.
    @inline(__always) package mutating func giveBack(_ request: RequestKind, _ placement: ClusterPlacement) {
        change(request, placement, sign: -1)
    }

    @inline(__always)
    private mutating func change(_ request: RequestKind, _ placement: ClusterPlacement, sign: Int32) {
        states.pointer(at: Int(placement.node)).pointee.take(request, gpus: placement.gpus, sign: sign)
        allocatedMilli += Int64(sign) * request.totalMilli
        if request.isGang { gangMilli += Int64(sign) * request.totalMilli }
    }
}

/// Decides where requests of a large cluster go, and keeps what they hold.
package protocol ClusterPlacer: ~Copyable {
    /// Places a request of a kind; nil where it fits nowhere. `kind` is its place in the list of kinds that the placer
    /// was made with.
    mutating func place(_ kind: Int) -> ClusterPlacement?
    mutating func giveBack(_ kind: Int, _ placement: ClusterPlacement)
    var allocatedMilli: Int64 { get }
    var gangMilli: Int64 { get }
}
