/// What the policy `divvy` knows of a fleet and its mix of demand: learned once, then used for many decisions.
///
/// Two measures say what a placement costs. The fragmentation gradient is about the next request; expected stranding
/// (`StrandingTable`) is about what stays idle when the cluster is full. While a cluster fills up, a blend of both
/// allocates more than either. Where requests come and go, a hole that is left today is filled tomorrow, and what was
/// learned from filling misleads: there the gradient decides alone. Both charge for models that others insist on
/// (`ScarcityPrices`). `DivvyPlacer` tells the regimes apart by what it is asked to do.
package struct DivvyPolicy: Sendable {
    /// The few numbers that were chosen by trial, on seeds from 1000 on.
    package struct Tuning: Hashable, Sendable {
        /// The part of expected stranding in a blended score.
        package var weight: Float = 0.2
        /// Gains within so many thousandths of a GPU are alike, and the order of nodes decides: it keeps nodes free for
        /// requests of several GPUs.
        package var quantum: Float = 40
        /// The same where many are turned away: no node stays free there, so finer differences pay.
        package var overloadWeight: Float = 0.1
        package var overloadQuantum: Float = 10
        /// See `ScarcityPrices`.
        package var scarcity = 0.15
        package var rounds = 10
        package var fills = 4

        package init() {}

        func blend(in regime: DivvyRegime) -> (weight: Float, quantum: Float) {
            regime == .overload ? (overloadWeight, overloadQuantum) : (weight, quantum)
        }
    }

    let mix: RequestMix
    let table: StrandingTable
    let prices: ScarcityPrices
    let tuning: Tuning

    init(mix: RequestMix, table: StrandingTable, prices: ScarcityPrices, tuning: Tuning) {
        self.mix = mix
        self.table = table
        self.prices = prices
        self.tuning = tuning
    }

    /// Larger fleets are learned from a sample of their nodes.
    private static let mostNodes = 1500

    /// Learns what stays idle by filling the fleet with draws from the mix; a second or two for a thousand nodes.
    package static func learned(
        nodes: [NodeKind], mix: RequestMix, tuning: Tuning = Tuning(), using generator: inout some RandomNumberGenerator
    ) -> DivvyPolicy {
        var learner = StrandingLearner(nodes: sample(of: nodes), mix: mix, tuning: tuning)
        for _ in 0..<tuning.rounds { learner.round(using: &generator) }
        return DivvyPolicy(
            mix: mix, table: learner.table, prices: ScarcityPrices(mix, nodes: nodes, weight: tuning.scarcity),
            tuning: tuning)
    }

    /// Every so-manieth node, so that each kind keeps its part.
    private static func sample(of nodes: [NodeKind]) -> [NodeKind] {
        guard nodes.count > mostNodes else { return nodes }
        let ordered = nodes.sorted {
            ($0.model, $0.gpus, $0.cpuMilli, $0.memoryMiB) < ($1.model, $1.gpus, $1.cpuMilli, $1.memoryMiB)
        }
        return (0..<mostNodes).map { ordered[$0 * ordered.count / mostNodes] }
    }
}
