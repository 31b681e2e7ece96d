/// The mix of demand that the fragmentation measure looks through: the usual requests, and how often each comes.
///
/// As published: requests are grouped by CPU, share, number of GPUs and models (memory does not count), the most
/// frequent groups are taken until they make up 95 of 100 requests. Counts stay whole numbers, so that the measure is
/// exact.
package struct RequestMix: Sendable {
    package struct Group: Hashable, Sendable {
        package let request: RequestKind
        package let count: Int64

        package init(request: RequestKind, count: Int64) {
            self.request = request
            self.count = count
        }
    }

    package let groups: [Group]
    /// All groups, the rare ones too.
    package let all: [Group]
    /// The sum of all counts.
    package let total: Int64

    private static let popularityPercent: Int64 = 95

    /// Counts fit 32-bit sums of a node: 8 GPUs, 1000 thousandths each, and this.
    private static let mostRequests: Int64 = 250_000

    package init(_ requests: [RequestKind]) {
        var counts: [RequestKind: Int64] = [:]
        for request in requests {
            let group = RequestKind(
                cpuMilli: request.cpuMilli, memoryMiB: 0, gpuMilli: request.gpuMilli, gpus: request.gpus,
                models: request.models)
            counts[group, default: 0] += 1
        }
        self.init(counts: counts)
    }

    /// Takes groups that are counted already; of equally frequent ones the larger come first.
    package init(counts: [RequestKind: Int64]) {
        self.init(
            ordered: counts.sorted { left, right in
                (left.value, left.key.cpuMilli, left.key.gpuMilli, left.key.gpus, left.key.models)
                    > (right.value, right.key.cpuMilli, right.key.gpuMilli, right.key.gpus, right.key.models)
            }.map { Group(request: $0.key, count: $0.value) })
    }

    /// Takes groups that are counted and in order already, the most frequent first.
    package init(ordered: [Group]) {
        let all = ordered.reduce(0) { $0 + $1.count }
        let divisor = max(1, (all + Self.mostRequests - 1) / Self.mostRequests)
        var groups: [Group] = []
        var reached: Int64 = 0
        for group in ordered where reached * 100 < all * Self.popularityPercent {
            groups.append(Group(request: group.request, count: max(1, group.count / divisor)))
            reached += group.count
        }
        self.groups = groups
        self.all = ordered
        total = max(groups.reduce(0) { $0 + $1.count }, 1)
    }
}
