package import Engine
package import Fleet

extension RequestableView {
    /// The sizes that are counted: one whole GPU, then halves of halves.
    package static let shares = [Share.whole] + [500, 250, 125].map(Share.init(milli:))

    /// What could be asked for by this size.
    package static func request(_ share: Share) -> Request {
        var request = Request()
        request.portion = share == .whole ? .whole : .share(share)
        request.patience = .refuse
        return request
    }

    /// How many requests of a size the free parts of the GPUs add up to.
    ///
    /// A share comes with its part of the memory that a GPU has for leases; a whole GPU must have no lease on it. GPUs
    /// that are drained give nothing.
    package static func count(_ share: Share, on gpus: [GPUStatus], drained: [GPUID: String] = [:]) -> Int {
        gpus.reduce(0) { sum, status in
            guard status.condition.health.isHealthy, drained[status.gpu.id] == nil, status.gpu.mig != .on else {
                return sum
            }
            if share == .whole { return sum + (status.leases.isEmpty && status.freeShare == .whole ? 1 : 0) }
            let byShare = Int(status.freeShare.milli / share.milli)
            let memory = status.gpu.memory.allocatable.part(share)
            let byMemory = memory > .zero ? Int(status.freeMemory.count / memory.count) : byShare
            return sum + max(0, min(byShare, byMemory))
        }
    }
}
