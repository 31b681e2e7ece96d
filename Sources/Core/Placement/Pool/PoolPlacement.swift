package import Fleet

/// Where a request goes in a pool, by positions: nodes in the pool's order, GPUs in the node's.
package struct PoolPlacement: Hashable, Sendable, Codable {
    package struct Grant: Hashable, Sendable, Codable {
        package let gpu: Int
        package let share: Share
        package let memory: Bytes
        /// The hardware partition and where it begins; nil where none is asked for.
        package let slice: SliceSpot?

        package init(gpu: Int, share: Share, memory: Bytes, slice: SliceSpot? = nil) {
            self.gpu = gpu
            self.share = share
            self.memory = memory
            self.slice = slice
        }
    }

    package struct Part: Hashable, Sendable, Codable {
        package let node: Int
        /// In the node's GPU order; never empty.
        package let grants: [Grant]

        package init(node: Int, grants: [Grant]) {
            self.node = node
            self.grants = grants
        }
    }

    /// In the pool's order; several for a gang over nodes.
    package let parts: [Part]

    package init(parts: [Part]) { self.parts = parts }
}
