package import Fleet

/// What one GPU still has to give: plain numbers, so that a search over many of them touches no reference counts.
package struct GPURoom: Hashable, Sendable {
    package let total: Bytes
    /// The total less what the driver keeps.
    package let allocatable: Bytes
    package var isHealthy: Bool
    /// An operator wants it empty: it gives nothing more.
    package var isDrained = false
    /// Memory held by processes without a lease.
    package var foreignMemory: Bytes
    package var leasedShare: Share
    package var leasedMemory: Bytes
    package var leases: Int32
    /// How many of them are held by multi-process service, which has the GPU to itself: all or none.
    package var served: Int32 = 0
    /// What slices have taken; nothing where the GPU is not cut into slices.
    package var slices = SliceOccupancy.empty

    package init(total: Bytes, allocatable: Bytes, isHealthy: Bool, foreignMemory: Bytes) {
        self.total = total
        self.allocatable = allocatable
        self.isHealthy = isHealthy
        self.foreignMemory = foreignMemory
        leasedShare = .zero
        leasedMemory = .zero
        leases = 0
    }

    package var isUsable: Bool { isHealthy && !isDrained }

    package var freeShare: Share { Share(milli: freeMilli) }

    package var freeMemory: Bytes { Bytes(freeBytes) }

    /// The free share and memory as plain integers, which a search compares faster.
    @inline(__always) var freeMilli: Int32 { isUsable ? 1000 - leasedShare.milli : 0 }

    @inline(__always) var freeBytes: Int64 {
        guard isUsable else { return 0 }
        let free = allocatable.count - leasedMemory.count - foreignMemory.count
        return free > 0 ? free : 0
    }

    /// Thousandths of the GPU that can still be given, 0 to 1000: of its compute or of its memory, whichever is less.
    var leftMilli: Int32 {
        // Leases that were granted before a GPU changed may hold more than there is.
        let share = min(max(freeMilli, 0), 1000)
        let unit = allocatable.count / 1000
        let free = freeBytes
        // Most GPUs have as much memory left as compute: no division.
        return free >= Int64(share) * unit ? share : Int32(free / max(unit, 1))
    }

    /// Compute and memory left once `piece` is taken, both in thousandths of this GPU, added up: 0 to 2000.
    func leftAfter(_ piece: Piece) -> Int64 {
        let memoryLeft = (freeMemory - piece.memory).count
        let memoryMilli = allocatable.count > 0 ? memoryLeft / max(allocatable.count / 1000, 1) : 0
        return Int64((freeShare - piece.share).milli) + memoryMilli
    }
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
