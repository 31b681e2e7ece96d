/// `divvy`: places by expected stranding while a cluster fills up, and by the fragmentation gradient where requests
/// come and go; always with an eye on models that some cannot do without.
package struct DivvyPlacer: ClusterPlacer, ~Copyable {
    private var index: IndexedPlacer<StrandingScorer>
    private var judge: RegimeJudge
    private let kinds: [RequestKind]

    /// Makes a placer over empty nodes, in the order that breaks ties, for these kinds of requests.
    package init(nodes: [NodeKind], kinds: [RequestKind], policy: DivvyPolicy) {
        let cluster = Cluster(nodes: nodes)
        judge = RegimeJudge(gpus: Int(cluster.capacityMilli / 1000))
        var scorer = StrandingScorer(policy.mix, cluster: cluster, policy: policy)
        scorer.regime = judge.regime
        self.kinds = kinds
        index = IndexedPlacer(cluster: cluster, kinds: kinds, scorer: scorer)
    }

    package mutating func place(_ kind: Int) -> ClusterPlacement? {
        if judge.judge() {
            index.scorer.regime = judge.regime
            index.scoreAgain()
        }
        let placement = index.choose(kind)
        judge.placed(kinds[kind], refused: placement == nil)
        if let placement { index.take(kind, placement) }
        return placement
    }

    package mutating func giveBack(_ kind: Int, _ placement: ClusterPlacement) {
        judge.returned()
        index.giveBack(kind, placement)
    }

    package var regime: DivvyRegime { judge.regime }
    package var allocatedMilli: Int64 { index.cluster.allocatedMilli }
    package var gangMilli: Int64 { index.cluster.gangMilli }
    package var footprint: Int { index.footprint }
}
