/// Finds what somebody may have meant by a word that nobody knows.
package enum Suggestion {
    /// The candidate nearest to `word`, or nil when none is near enough to be meant: at most one slip in three letters,
    /// or a candidate that `word` begins.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        let written = word.lowercased()
        guard !written.isEmpty else { return nil }
        let allowed = max(1, written.count / 3)
        let ranked =
            candidates
            .map { (candidate: $0, distance: distance(written, $0.lowercased())) }
            .sorted { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }
        if let best = ranked.first, best.distance <= allowed { return best.candidate }
        let begun = candidates.filter { written.count >= 2 && $0.lowercased().hasPrefix(written) }
        return begun.count == 1 ? begun[0] : nil
    }

    /// How many letters must be changed, added, left out or swapped with their neighbour (optimal string alignment).
    package static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var before: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var next = [row + 1]
            for column in right.indices {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(change, last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, before[column - 1] + 1)
                }
                next.append(best)
            }
            before = last
            last = next
        }
        return last[right.count]
    }
}
