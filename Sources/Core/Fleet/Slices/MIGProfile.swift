/// A size of slice that a GPU can be cut into, as `nvidia-smi mig -lgip` and `-lgipp` list it.
package struct MIGProfile: Hashable, Sendable, Codable {
    /// Which of the GPU's media engines come with a slice.
    package enum Media: String, Hashable, Sendable, Codable {
        /// None: `-me`.
        case without
        /// Those that belong to its slots, if they have any.
        case own
        /// Its own and the media extensions, of which the GPU has one set: `+me`.
        case extensions
        /// All that the GPU has, so that no other slice can have any: `+me.all`.
        case all
    }

    /// Without the word MIG: `3g.71gb`, `1g.18gb+me`.
    package let name: String
    /// The number that `nvidia-smi mig -cgi` takes.
    package let id: Int
    /// How many of the GPU's compute slices it has.
    package let computeSlices: Int
    /// How many of the GPU's memory slots it takes, one beside the other.
    package let memorySlices: Int
    /// The memory slots at which it may begin, in ascending order.
    package let starts: [Int]
    /// How many of them one GPU can have.
    package let maximum: Int
    /// What the driver shows inside; by proportion where `isMemoryListed` is false, and then the driver has the last
    /// word.
    package let memory: Bytes
    /// Whether `memory` is from a listing of this product.
    package let isMemoryListed: Bool
    /// Streaming multiprocessors; nil where no listing of this product is published.
    package let multiprocessors: Int?
    package let media: Media
}
