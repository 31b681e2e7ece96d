/// What one GPU gives to a lease.
package struct GPUGrant: Hashable, Sendable, Codable {
    package let gpu: GPUID
    package let share: Share
    package let memory: Bytes
    /// The hardware partition, where it is one.
    package let slice: SliceSpot?

    package init(gpu: GPUID, share: Share, memory: Bytes, slice: SliceSpot? = nil) {
        self.gpu = gpu
        self.share = share
        self.memory = memory
        self.slice = slice
    }
}

/// Which GPUs a request would get, or a lease has, and how much of each.
package struct Placement: Hashable, Sendable, Codable {
    package let node: String
    /// In the node's GPU order; never empty.
    package let grants: [GPUGrant]
    package let grade: Grade

    package init(node: String, grants: [GPUGrant], grade: Grade) {
        self.node = node
        self.grants = grants
        self.grade = grade
    }
}
