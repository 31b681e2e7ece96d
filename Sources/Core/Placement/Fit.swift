package import Fleet

/// A request seen against a node: which GPUs could give it a piece, and how large a piece.
package struct Fit: Sendable {
    /// In the node's GPU order; nil where a piece can be had now.
    package let obstacles: [Obstacle?]
    /// How many GPUs it takes at least and at most.
    package let fewest: Int
    package let most: Int
    package let isWhole: Bool
    private let request: Request

    package init(_ request: Request, in room: NodeRoom) {
        self.request = request
        isWhole = request.portion == .whole
        let named = request.devices.map { Fit.positions(of: $0, in: room) }
        let wanted = Set(named.flatMap { $0 })
        obstacles = room.gpus.indices.map { position in
            Fit.obstacle(
                to: request, at: position, in: room, isNamed: request.devices.isEmpty || wanted.contains(position))
        }
        if request.count.isAll {
            let eligible = obstacles.count { $0?.isPassing ?? true }
            fewest = max(eligible, 1)
            most = fewest
        } else {
            fewest = max(request.count.lower, request.devices.count)
            most = max(request.count.upper ?? .max, fewest)
        }
    }

    /// Whether it would fit if every lease and every foreign process went away.
    package var couldEverFit: Bool { obstacles.count { $0?.isPassing ?? true } >= fewest }

    /// The piece that the request takes from a GPU; meaningful where there is no obstacle.
    package func piece(from gpu: GPURoom) -> Piece { Fit.piece(of: request, from: gpu) }

    /// GPUs meant by a name: a UUID, the beginning of one that is not ambiguous, or an index in the driver's order.
    private static func positions(of name: String, in room: NodeRoom) -> [Int] {
        let gpus = room.node.gpus
        if let index = Int(name) { return gpus.indices.filter { gpus[$0].index == index } }
        let wanted = name.lowercased()
        let matches = gpus.indices.filter { gpus[$0].id.rawValue.lowercased().hasPrefix(wanted) }
        return matches.count == 1 ? matches : []
    }

    private static func obstacle(to request: Request, at position: Int, in room: NodeRoom, isNamed: Bool) -> Obstacle? {
        let gpu = room.gpus[position]
        guard isNamed else { return .notNamed }
        let description = room.node.gpus[position]
        guard request.models.isEmpty || request.models.contains(where: { description.matches(model: $0) }) else {
            return .otherModel
        }
        if let size = request.gpuMemory, !size.selects(total: gpu.total) { return .otherSize }
        guard leastMemory(of: request, from: gpu) <= gpu.allocatable else { return .tooSmall }
        guard description.mig != .on else { return .inSlices }
        guard gpu.isHealthy else { return .unhealthy }
        let piece = piece(of: request, from: gpu)
        if request.portion == .whole {
            guard gpu.leases == 0 else { return .shareTaken }
            let mustBeAlone = request.minimumGrade ?? .unfenced > .unfenced || request.sharing == .exclusive
            if gpu.foreignMemory > .zero, mustBeAlone {
                return .foreignProcesses
            }
        }
        guard piece.share <= gpu.freeShare else { return .shareTaken }
        guard piece.memory <= gpu.freeMemory, leastMemory(of: request, from: gpu) <= piece.memory else {
            let withoutForeign = gpu.freeMemory + gpu.foreignMemory
            return piece.memory <= withoutForeign && gpu.foreignMemory > .zero ? .foreignProcesses : .memoryTaken
        }
        return nil
    }

    /// The least memory that the request accepts from a GPU.
    private static func leastMemory(of request: Request, from gpu: GPURoom) -> Bytes {
        if let lower = request.memory?.lower, lower > .zero { return lower }
        switch request.portion {
        case .share(let share): return min(gpu.allocatable.part(share), request.memory?.upper ?? gpu.allocatable)
        case .whole, .memory, .slice: return .zero
        }
    }

    /// A whole GPU takes all the memory there is; a share takes what was asked, its proportion when nothing was, and
    /// of a range as much as is free.
    private static func piece(of request: Request, from gpu: GPURoom) -> Piece {
        switch request.portion {
        case .whole, .slice:
            return Piece(share: .whole, memory: gpu.freeMemory)
        case .share(let share):
            let proportion = gpu.allocatable.part(share)
            guard let wanted = request.memory else { return Piece(share: share, memory: proportion) }
            return Piece(share: share, memory: amount(of: wanted, otherwise: proportion, from: gpu))
        case .memory:
            let wanted = request.memory ?? MemoryRange(exactly: gpu.allocatable)
            let memory = amount(of: wanted, otherwise: wanted.lower, from: gpu)
            return Piece(share: .proportion(of: memory, in: gpu.allocatable), memory: memory)
        }
    }

    private static func amount(of wanted: MemoryRange, otherwise usual: Bytes, from gpu: GPURoom) -> Bytes {
        guard let upper = wanted.upper else { return max(wanted.lower, min(usual, gpu.freeMemory)) }
        return max(wanted.lower, min(upper, gpu.freeMemory))
    }
}
