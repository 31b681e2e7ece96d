import Fleet

/// What a request takes from a GPU of one kind: its words turned into numbers, once for all GPUs of the kind.
///
/// Plain numbers, because a search reads it for every GPU.
struct Need: Sendable {
    enum Manner: Sendable { case whole, share, memory, slice }

    /// What stands in the way on every GPU of the kind, whoever uses it; the numbers below mean nothing then.
    let obstacle: Obstacle?
    let manner: Manner
    /// Of the GPU's compute; for `memory` it follows from the memory.
    let share: Share
    /// The least memory that will do, what is taken of it where nothing else is said, and the most.
    let least: Bytes
    let usual: Bytes
    let most: Bytes?
    /// A GPU with foreign processes on it will not do.
    let mustBeAlone: Bool
    /// It is held by multi-process service, which has a GPU to itself.
    let isServed: Bool
    /// Thousandths of a GPU's compute, the least that will do.
    let leastShare: Int32
    /// Thousandths of a GPU that it takes, of compute or of memory, whichever is more: what policies go by.
    let milli: Int32

    /// A part of a GPU without memory is of no use.
    private static let smallest = Bytes.mebibytes(1)

    /// Works out what `request` takes of GPUs like `kind`; `slices` are what it asks of a GPU that is cut into slices.
    init(_ request: Request, of kind: GPUKind, slices: SliceNeed?) {
        let allocatable = kind.allocatable
        let share: Share?
        switch request.portion {
        case .whole: (manner, share) = (.whole, .whole)
        case .share(let part): (manner, share) = (.share, part)
        case .memory: (manner, share) = (.memory, nil)
        case .compute(let compute): (manner, share) = (.share, compute.share(of: kind.gpu))
        case .slice: (manner, share) = (.slice, nil)
        }
        let lower = request.memory?.lower ?? .zero
        switch manner {
        case .whole:
            (least, usual, most) = (lower, allocatable, nil)
        case .share:
            let proportion = allocatable.part(min(share ?? .whole, .whole))
            let upper = request.memory?.upper
            least = lower > .zero ? lower : min(proportion, upper ?? allocatable)
            (usual, most) = (proportion, upper)
        case .memory:
            let wanted = request.memory ?? MemoryRange(exactly: allocatable)
            (least, usual, most) = (max(wanted.lower, Self.smallest), wanted.lower, wanted.upper)
        case .slice:
            (least, usual, most) = (lower, .zero, nil)
        }
        let leastMemoryMilli = least > .zero ? Share.proportion(of: least, in: allocatable).milli : 0
        leastShare = manner == .memory ? leastMemoryMilli : min(share ?? .zero, .whole).milli
        switch manner {
        case .whole: milli = 1000
        case .slice: milli = slices?.milli ?? 0
        case .share, .memory: milli = max(leastShare, leastMemoryMilli)
        }
        self.share = share ?? .zero
        isServed = request.isOfShares && kind.fence.grade(for: request) == .enforced
        mustBeAlone =
            isServed
            || manner == .whole && (request.sharing == .exclusive || request.minimumGrade ?? .unfenced > .unfenced)
        obstacle = Self.obstacle(
            to: request, of: kind, manner: manner, share: share, least: least, slices: slices)
    }

    private static func obstacle(
        to request: Request, of kind: GPUKind, manner: Manner, share: Share?, least: Bytes, slices: SliceNeed?
    ) -> Obstacle? {
        guard request.models.isEmpty || request.models.contains(where: { kind.gpu.matches(model: $0) }) else {
            return .otherModel
        }
        if let size = request.gpuMemory, !size.selects(total: kind.total) { return .otherSize }
        guard manner == .slice || least <= kind.allocatable else { return .tooSmall }
        if manner == .slice {
            guard kind.isInSlices else { return .notInSlices }
            guard let slices, slices.fitsEmpty else { return .noSuchProfile }
            guard least <= slices.leastMemory else { return .tooSmall }
            return request.minimumGrade ?? .unfenced > .partitioned ? .weakGrade : nil
        }
        guard !kind.isInSlices else { return .inSlices }
        guard manner != .share || share != nil else { return .unknownCompute }
        guard share ?? .zero <= .whole else { return .tooWeak }
        let isExclusive = request.minimumGrade == .exclusive || request.sharing == .exclusive
        guard manner != .whole else { return nil }
        guard let grade = kind.fence.grade(for: request) else { return .weakGrade }
        return isExclusive || request.minimumGrade ?? .unfenced > grade ? .weakGrade : nil
    }

    /// Why a GPU of the kind cannot give it now; nil where it can. Whether slices fit is for `SliceNeed` to say.
    @inline(__always)
    func obstacle(in room: GPURoom) -> Obstacle? {
        if let obstacle { return obstacle }
        guard !room.isDrained else { return .drained }
        guard room.isHealthy else { return .unhealthy }
        let foreign = room.foreignMemory.count
        switch manner {
        case .whole:
            guard room.leases == 0 else { return .shareTaken }
            if foreign > 0, mustBeAlone { return .foreignProcesses }
        case .slice: return nil
        case .share, .memory:
            if room.leases > 0, (room.served > 0) != isServed { return .otherMeans }
            if foreign > 0, mustBeAlone { return .foreignProcesses }
        }
        let (milli, memory) = amounts(from: room)
        guard milli <= room.freeMilli else { return .shareTaken }
        let free = room.freeBytes
        guard memory <= free, least.count <= memory else {
            return memory <= free + foreign && foreign > 0 ? .foreignProcesses : .memoryTaken
        }
        return nil
    }

    /// The piece that is taken from a GPU; meaningful where there is no obstacle, and not for slices.
    func piece(from room: GPURoom) -> Piece {
        let (milli, memory) = amounts(from: room)
        return Piece(share: Share(milli: milli), memory: Bytes(memory))
    }

    /// A whole GPU takes all the memory there is; a share takes what was asked, its proportion when nothing was, and of
    /// a range as much as is free.
    @inline(__always)
    private func amounts(from room: GPURoom) -> (milli: Int32, memory: Int64) {
        switch manner {
        case .whole, .slice: return (1000, room.freeBytes)
        case .share: return (share.milli, amount(from: room.freeBytes))
        case .memory:
            // Of a range no more than the free compute is in proportion to.
            let free = Bytes(min(room.freeBytes, room.allocatable.part(Share(milli: room.freeMilli)).count))
            let memory = amount(from: free.count)
            return (Share.proportion(of: Bytes(memory), in: room.allocatable).milli, memory)
        }
    }

    @inline(__always)
    private func amount(from free: Int64) -> Int64 {
        let wanted = min(most?.count ?? usual.count, free)
        return max(least.count, wanted)
    }
}
