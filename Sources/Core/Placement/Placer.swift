package import Fleet

/// Why a GPU does not take part in a placement; the first that applies, gravest first.
package enum Obstacle: Int, Hashable, Sendable, CaseIterable {
    case notNamed, otherModel, otherSize, tooSmall, inSlices, unhealthy, foreignProcesses, shareTaken, memoryTaken

    /// Whether it can go away while the fleet stays as it is.
    package var isPassing: Bool {
        switch self {
        case .notNamed, .otherModel, .otherSize, .tooSmall, .inSlices: false
        case .unhealthy, .foreignProcesses, .shareTaken, .memoryTaken: true
        }
    }
}

/// What came of looking for a place.
package enum PlacementOutcome: Hashable, Sendable {
    case placed(Placement)
    /// It fits on these GPUs when others give back; the obstacles are in the node's GPU order, nil where it fits.
    case notNow([Obstacle?])
    /// It does not fit on this node even when it is empty.
    case never([Obstacle?])
}

/// Finds the GPUs for a request.
package struct Placer<Policy: PlacementPolicy>: Sendable {
    package let policy: Policy

    package init(policy: Policy) { self.policy = policy }

    /// Chooses the GPUs for `request`, without taking anything: a pure function of its arguments.
    ///
    /// Each GPU is looked at once; the cost is linear in their number, and a sort of those that fit for requests of
    /// several GPUs.
    package func place(_ request: Request, in room: NodeRoom) -> PlacementOutcome {
        let fit = Fit(request, in: room)
        var candidates: [(cost: Int64, position: Int)] = []
        candidates.reserveCapacity(room.gpus.count)
        for position in room.gpus.indices where fit.obstacles[position] == nil {
            let gpu = room.gpus[position]
            candidates.append((policy.cost(of: fit.piece(from: gpu), in: gpu), position))
        }
        guard candidates.count >= fit.fewest else {
            return fit.couldEverFit ? .notNow(fit.obstacles) : .never(fit.obstacles)
        }
        candidates.sort { left, right in
            let (leftRoom, rightRoom) = (room.gpus[left.position], room.gpus[right.position])
            return (left.cost, leftRoom.foreignMemory, left.position)
                < (right.cost, rightRoom.foreignMemory, right.position)
        }
        let chosen = candidates.prefix(fit.most).map(\.position).sorted()
        let grants = chosen.map { position in
            let piece = fit.piece(from: room.gpus[position])
            return GPUGrant(gpu: room.node.gpus[position].id, share: piece.share, memory: piece.memory)
        }
        let isExclusive = fit.isWhole && chosen.allSatisfy { room.gpus[$0].foreignMemory == .zero }
        let grade = fit.isWhole ? (isExclusive ? .exclusive : .unfenced) : room.node.grade(ofShareFor: request)
        return .placed(Placement(node: room.node.name, grants: grants, grade: grade))
    }
}

extension PolicyName {
    /// Chooses the GPUs for `request` by the policy of this name.
    package func place(_ request: Request, in room: NodeRoom) -> PlacementOutcome {
        switch self {
        case .bestFit: Placer(policy: BestFit()).place(request, in: room)
        case .spread: Placer(policy: Spread()).place(request, in: room)
        }
    }
}
