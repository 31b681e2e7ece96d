/// What it costs others when a request takes a GPU of a model that they cannot do without.
///
/// A request that any model would do for goes where it fits best, and that may be the last GPU of a model that other
/// requests insist on; they are then lost while other GPUs idle. A model has a price when more than half of what there
/// is of it is wanted by requests that must have it, and the price grows from there. A price has a price: it pushes
/// small requests to the nodes that requests for several GPUs need, so a model that is plentiful has none.
package struct ScarcityPrices: Sendable {
    /// For each model, in parts of a GPU.
    private let prices: [Double]

    /// The part of a model that may be wanted before it is scarce.
    private static let plenty = 0.5

    /// `weight` is the price, in parts of a GPU, of a model that is wanted once and a half.
    package init(_ mix: RequestMix, nodes: [NodeKind], weight: Double) {
        var capacity = [Double](repeating: 0, count: 64)
        for node in nodes { capacity[Int(node.model)] += Double(node.gpus) * 1000 }
        let present = capacity.indices.filter { capacity[$0] > 0 }
        let everything = present.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        let demand = mix.all.reduce(0.0) { $0 + Double($1.count * $1.request.totalMilli) }
        // The demand as it is when all of it together is as large as the fleet.
        let scale = capacity.reduce(0, +) / max(demand, 1)
        var wanted = [Double](repeating: 0, count: 64)
        for group in mix.all where group.request.needsGPU && group.request.models & everything != everything {
            let allowed = present.filter { group.request.models >> UInt64($0) & 1 == 1 }
            let room = allowed.reduce(0) { $0 + capacity[$1] }
            for model in allowed {
                wanted[model] += Double(group.count * group.request.totalMilli) * scale / room
            }
        }
        prices = wanted.map { max($0 - Self.plenty, 0) * weight }
    }

    subscript(model: Int) -> Double { prices[model] }
}
