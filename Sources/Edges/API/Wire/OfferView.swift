package import Fleet

/// What a request would get: `divvy.v1/Offer`. Nothing is changed by asking.
package struct OfferView: Hashable, Sendable, Codable {
    package enum Answer: String, Hashable, Sendable, Codable, CaseIterable {
        case now
        /// It would wait.
        case later
        /// It cannot fit on this fleet.
        case never
    }

    package private(set) var schema = "divvy.v1/Offer"
    package var answer: Answer
    /// The request in its canonical words.
    package var request: String
    @Nullable package var node: String?
    /// What it would have now; empty when it would wait.
    package var grants: [GrantView]
    @Nullable package var grade: Grade?
    /// What the grade keeps apart, in words.
    @Nullable package var fences: String?
    /// The place among those that wait that it would have; null unless it would wait.
    @Nullable package var position: Int?
    /// Why it would wait, or why it never fits.
    @Nullable package var explanation: ExplanationView?
    /// The earliest start by what is known now; null when nobody can know.
    @Nullable package var startsAt: Timestamp?
    @Nullable package var startsInSeconds: Double?
    /// Things worth knowing about how the request was read, one sentence each.
    package var notes: [String]

    package init(
        answer: Answer, request: String, node: String? = nil, grants: [GrantView] = [], grade: Grade? = nil,
        fences: String? = nil, position: Int? = nil, explanation: ExplanationView? = nil, startsAt: Timestamp? = nil,
        startsInSeconds: Double? = nil, notes: [String] = []
    ) {
        self.answer = answer
        self.request = request
        self.node = node
        self.grants = grants
        self.grade = grade
        self.fences = fences
        self.position = position
        self.explanation = explanation
        self.startsAt = startsAt
        self.startsInSeconds = startsInSeconds
        self.notes = notes
    }
}
