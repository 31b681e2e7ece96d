/// How GPUs of one product can be cut into slices.
///
/// Slices are intervals of memory slots; two of them fit on a GPU together when they do not overlap and do not both
/// want the media extensions. That their compute slices then suffice, and that no profile comes more often than its
/// maximum, follows (a test goes through all sets).
package struct MIGGeometry: Hashable, Sendable, Codable {
    /// The product and its memory: `A100-40GB`.
    package let product: String
    /// Words of a GPU's model, any of which it must carry.
    package let models: [String]
    /// GiB of the whole GPU, as in the name of the largest profile.
    package let gigabytes: Int
    package let computeSlices: Int
    /// Memory slots: eight or four.
    package let memorySlices: Int
    /// The smallest first; variants beside what they vary. Positions in this array are what placement counts in.
    package let profiles: [MIGProfile]

    /// The position of a profile by its name (`3g.71gb`, in any case) or by the driver's id (`9`); nil when this
    /// product has no such profile.
    package func position(of profile: String) -> Int? {
        let wanted = profile.lowercased()
        return profiles.firstIndex { $0.name == wanted } ?? Int(wanted).flatMap { position(ofID: $0) }
    }

    /// The position of the profile with the driver's id.
    package func position(ofID id: Int) -> Int? { profiles.firstIndex { $0.id == id } }

    /// The profile by its name or by the driver's id; nil when this product has no such profile.
    package func profile(_ text: String) -> MIGProfile? { position(of: text).map { profiles[$0] } }

    /// The geometry of a product: `H200-141GB`; nil when none is known by that name.
    package static func named(_ product: String) -> MIGGeometry? { all.first { $0.product == product } }

    /// The geometry of a GPU, by the words of its model and by its memory; nil when it cannot be cut, or when no table
    /// of it is known.
    ///
    /// The memory that the driver tells is within 3% of the gigabytes in the name of the largest profile on all
    /// products that are known, and the products of one model are further apart.
    package static func of(_ gpu: GPU) -> MIGGeometry? {
        all.first { geometry in
            let whole = Bytes.gibibytes(Int64(geometry.gigabytes)).count
            let apart = (gpu.memory.total.count - whole).magnitude
            return apart * 100 <= whole.magnitude * 3 && geometry.models.contains { gpu.matches(model: $0) }
        }
    }
}
