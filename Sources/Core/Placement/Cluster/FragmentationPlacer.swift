/// `fgd`: the fragmentation gradient as published, without its search of all nodes.
package struct FragmentationPlacer: ClusterPlacer, ~Copyable {
    private var index: IndexedPlacer<FragmentationScorer>

    /// Makes a placer over empty nodes, in the order that breaks ties, for these kinds of requests.
    package init(nodes: [NodeKind], kinds: [RequestKind], mix: RequestMix) {
        let cluster = Cluster(nodes: nodes)
        let scorer = FragmentationScorer(mix, cluster: cluster)
        index = IndexedPlacer(cluster: cluster, kinds: kinds, scorer: scorer)
    }

    package mutating func place(_ kind: Int) -> ClusterPlacement? {
        guard let placement = index.choose(kind) else { return nil }
        index.take(kind, placement)
        return placement
    }

    package mutating func giveBack(_ kind: Int, _ placement: ClusterPlacement) { index.giveBack(kind, placement) }

    package var allocatedMilli: Int64 { index.cluster.allocatedMilli }
    package var gangMilli: Int64 { index.cluster.gangMilli }
    package var footprint: Int { index.footprint }
}
