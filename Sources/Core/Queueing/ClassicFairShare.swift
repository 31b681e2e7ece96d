/// The classic fair-share factor: F = 2^(-U/S), a half for whoever has had exactly its share (Slurm, before Fair Tree).
///
/// S is a member's part of the whole by all weights above it. U is its effective usage, its own and some of what its
/// queue's others have had: U = own + (U of the parent - own) x its part of its siblings' weights; right below the
/// root its own alone. Usages are parts of all there was to use, 0 to 1.
package struct ClassicFairShare: Hashable, Sendable {
    /// 1 for whoever has used nothing, and ever closer to 0 above its share; by position in the tree.
    package let factors: [Double]

    package init(_ tree: ShareTree) {
        var shares = tree.shares
        var effective = tree.members.map(\.usage)
        factors = tree.members.enumerated().map { position, member in
            if member.parent > 0 {
                effective[position] += (effective[member.parent] - member.usage) * tree.shares[position]
            }
            if member.parent >= 0 { shares[position] *= shares[member.parent] }
            return Halving(halfLives: effective[position] / shares[position]).kept
        }
    }
}
