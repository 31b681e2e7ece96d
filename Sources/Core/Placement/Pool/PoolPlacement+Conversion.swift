package import Fleet

extension Placement {
    /// A placement on one node in the words of leases; nil for a gang over nodes.
    ///
    /// The grade is what the node gives today: whole GPUs without foreign processes are exclusive, slices are
    /// partitioned, shares are as the node fences them.
    package init?(_ placement: PoolPlacement, of request: Request, in pool: Pool) {
        guard placement.parts.count == 1, let part = placement.parts.first else { return nil }
        self.init(part, of: request, in: pool)
    }

    /// One node's part of a placement.
    package init(_ part: PoolPlacement.Part, of request: Request, in pool: Pool) {
        let room = pool.nodes[part.node]
        let isAlone = part.grants.allSatisfy { room.gpus[$0.gpu].foreignMemory == .zero }
        let grade: Grade =
            switch request.sliceWish == nil ? request.portion : .slice(profiles: []) {
            case .whole: isAlone ? .exclusive : .unfenced
            case .slice: .partitioned
            case .share, .memory, .compute: room.fence.grade(for: request) ?? .unfenced
            }
        self.init(
            node: room.node.name,
            grants: part.grants.map {
                GPUGrant(gpu: room.node.gpus[$0.gpu].id, share: $0.share, memory: $0.memory, slice: $0.slice)
            }, grade: grade)
    }
}

extension PoolPlacement {
    /// A lease's placement by positions in a pool; nil when its node is not there.
    ///
    /// GPUs that have gone in the meantime are left out; a part without any GPU is what remains of a lease whose GPUs
    /// are all gone.
    package init?(_ placement: Placement, in pool: Pool) {
        guard let node = pool.nodes.firstIndex(where: { $0.node.name == placement.node }) else { return nil }
        let room = pool.nodes[node]
        let grants = placement.grants.compactMap { grant in
            room.position(of: grant.gpu).map {
                Grant(gpu: $0, share: grant.share, memory: grant.memory, slice: grant.slice)
            }
        }
        self.init(parts: [Part(node: node, grants: grants)])
    }
}
