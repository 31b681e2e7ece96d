/// Why a request does not fit: how many GPUs failed on what, and what would unblock it.
package struct ExplanationView: Hashable, Sendable, Codable {
    package struct Count: Hashable, Sendable, Codable {
        package var reason: String
        package var gpus: Int

        package init(reason: String, gpus: Int) {
            self.reason = reason
            self.gpus = gpus
        }
    }

    /// The one reason a person would give.
    package var summary: String
    /// How many GPUs failed on what, most first.
    package var counts: [Count]
    /// null when nothing on this fleet would.
    @Nullable package var unblocks: String?

    package init(summary: String, counts: [Count], unblocks: String?) {
        self.summary = summary
        self.counts = counts
        self.unblocks = unblocks
    }
}
