package import Placement

/// Why a request does not fit: how many GPUs failed on what, and what the nearest miss lacks.
package struct Explanation: Hashable, Sendable, Codable {
    /// How many GPUs failed on a reason, in words, most first.
    package struct Count: Hashable, Sendable, Codable {
        package let reason: String
        package let gpus: Int

        package init(reason: String, gpus: Int) {
            self.reason = reason
            self.gpus = gpus
        }
    }

    /// The one reason a person would give.
    package let summary: String
    package let counts: [Count]
    /// What would unblock it; nil when nothing on this fleet would.
    package let unblocks: String?

    package init(summary: String, counts: [Count], unblocks: String?) {
        self.summary = summary
        self.counts = counts
        self.unblocks = unblocks
    }
}

extension Explanation {
    /// Keeps of a pool's explanation what people read.
    package init(_ explanation: PoolExplanation) {
        self.init(
            summary: explanation.summary,
            counts: explanation.counts.map {
                Count(reason: $0.gpus == 1 ? $0.obstacle.wordsForOne : $0.obstacle.words, gpus: $0.gpus)
            },
            unblocks: explanation.unblocks)
    }
}
