package import Fleet

/// The requests that come, counted by what they ask for: what `fgd` and `divvy` look ahead to.
package struct DemandMix: Hashable, Sendable {
    private(set) var counts: [Request: Int64] = [:]
    private var total: Int64 = 0

    /// When so many are counted all counts are halved: what came long ago fades.
    ///
    /// The fragmentation measure of a node of 16 GPUs fits 32 bits with this.
    private static let limit: Int64 = 100_000

    package init() {}

    package init(_ requests: [Request]) {
        for request in requests { saw(request) }
    }

    package var isEmpty: Bool { counts.isEmpty }

    /// How often a request like this one is counted.
    package func count(of request: Request) -> Int64 { counts[Self.shape(of: request)] ?? 0 }

    private static func shape(of request: Request) -> Request {
        var shape = Request()
        shape.count = request.count
        shape.portion = request.portion
        shape.memory = request.memory
        shape.models = request.models
        shape.gpuMemory = request.gpuMemory
        if request.sharing == .mig { shape.sharing = .mig }
        return shape
    }

    /// Counts a request, by what it asks of GPUs; who asks and for how long makes no difference.
    package mutating func saw(_ request: Request) {
        // Of slices that are named, nobody else's demand is like it.
        if case .devices = request.sliceWish { return }
        counts[Self.shape(of: request), default: 0] += Int64(request.nodes)
        total += Int64(request.nodes)
        guard total > Self.limit else { return }
        counts = counts.mapValues { $0 / 2 }.filter { $0.value > 0 }
        total = counts.values.reduce(0, +)
    }

    /// The mix as the published measure takes it: GPU models are the catalog's kinds, of which those from the 64th on are
    /// taken for one. A share that is not the same on all kinds is that of the first on which it will do.
    func published(in catalog: PoolCatalog) -> RequestMix {
        var published: [RequestKind: Int64] = [:]
        for (request, count) in counts {
            var models: UInt64 = 0
            var milli: Int32?
            for (place, kind) in catalog.kinds.enumerated() {
                let need = Need(request.ofOneGPU, of: kind, slices: SliceNeed(request, of: kind))
                guard need.obstacle == nil else { continue }
                models |= 1 << UInt64(min(place, 63))
                milli = milli ?? need.milli
            }
            guard let milli, milli > 0 else { continue }
            let gpus = Int32(min(request.count.lower, NodeRoom.mostGPUs))
            let kind = RequestKind(cpuMilli: 0, memoryMiB: 0, gpuMilli: milli, gpus: gpus, models: models)
            published[kind, default: 0] += count
        }
        return RequestMix(counts: published)
    }
}
