package import Fleet

/// A way to choose which GPU gives a piece.
///
/// The placer calls `cost` for every GPU on which a piece fits, and takes the cheapest; among equals a GPU without
/// foreign processes, then the first in the node's order. Costs are integers, so that the same room gives the same
/// placement on every machine.
package protocol PlacementPolicy: Sendable {
    /// What it costs to take `piece` from `room`, smaller is better; `piece` fits.
    func cost(of piece: Piece, in room: GPURoom) -> Int64
}

/// What a request takes from one GPU.
package struct Piece: Hashable, Sendable {
    package let share: Share
    package let memory: Bytes

    package init(share: Share, memory: Bytes) {
        self.share = share
        self.memory = memory
    }
}

/// Fills GPUs up: takes the one that has the least left afterwards, so that whole GPUs stay whole.
package struct BestFit: PlacementPolicy {
    package init() {}

    package func cost(of piece: Piece, in room: GPURoom) -> Int64 { room.leftAfter(piece) }
}

/// Keeps tenants apart: takes the GPU that has the most left afterwards.
package struct Spread: PlacementPolicy {
    package init() {}

    package func cost(of piece: Piece, in room: GPURoom) -> Int64 { -room.leftAfter(piece) }
}

extension GPURoom {
    /// Compute and memory left once `piece` is taken, both in thousandths of this GPU, added up: 0 to 2000.
    func leftAfter(_ piece: Piece) -> Int64 {
        let memoryLeft = (freeMemory - piece.memory).count
        let memoryMilli = allocatable.count > 0 ? memoryLeft / max(allocatable.count / 1000, 1) : 0
        return Int64((freeShare - piece.share).milli) + memoryMilli
    }
}

/// The policies by the names that people choose them by.
package enum PolicyName: String, Hashable, Sendable, Codable, CaseIterable {
    case bestFit = "best-fit"
    case spread
}
