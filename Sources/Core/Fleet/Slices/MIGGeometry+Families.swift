// The two geometries that all products share, apart from sizes.

extension MIGGeometry {
    /// A line of profiles beside the plain ones: the same slots with other engines.
    struct Variant {
        let suffix: String
        let media: MIGProfile.Media
        /// By the plain profile that is varied, in their order; nil where there is no such variant.
        let ids: [Int?]
        /// Whether a GPU has one at most.
        let isSingle: Bool

        init(_ suffix: String, _ media: MIGProfile.Media, ids: [Int?], isSingle: Bool) {
            self.suffix = suffix
            self.media = media
            self.ids = ids
            self.isSingle = isSingle
        }
    }

    /// Seven compute slices and eight memory slots: A100, H100, H200, B200 and their like. Ids are the same on all.
    /// - Parameters:
    ///   - gigabytes: the sizes in the names, for 1, 2, 4 and 8 memory slots.
    ///   - mebibytes: what a slice of 1, 2, 4 and 8 slots has; nil where no listing says.
    ///   - multiprocessors: of the plain profiles as they come below; nil where no listing says.
    static func sevenths(
        _ product: String, models: [String], gigabytes: [Int], mebibytes: [Int64?], multiprocessors: [Int?]
    ) -> MIGGeometry {
        let whole = gigabytes[3]
        func profile(
            _ compute: Int, _ size: Int, id: Int, starts: [Int], maximum: Int, multiprocessors: Int?,
            media: MIGProfile.Media = .own
        ) -> MIGProfile {
            let slots = 1 << size
            return MIGProfile(
                name: "\(compute)g.\(gigabytes[size])gb\(media == .extensions ? "+me" : "")", id: id,
                computeSlices: compute, memorySlices: slots, starts: starts, maximum: maximum,
                memory: memory(listed: mebibytes[size], slots: slots, of: 8, gigabytes: whole),
                isMemoryListed: mebibytes[size] != nil, multiprocessors: multiprocessors, media: media)
        }
        return MIGGeometry(
            product: product, models: models, gigabytes: whole, computeSlices: 7, memorySlices: 8,
            profiles: [
                profile(1, 0, id: 19, starts: Array(0...6), maximum: 7, multiprocessors: multiprocessors[0]),
                profile(
                    1, 0, id: 20, starts: Array(0...6), maximum: 1, multiprocessors: multiprocessors[0],
                    media: .extensions),
                profile(1, 1, id: 15, starts: [0, 2, 4, 6], maximum: 4, multiprocessors: multiprocessors[1]),
                profile(2, 1, id: 14, starts: [0, 2, 4], maximum: 3, multiprocessors: multiprocessors[2]),
                profile(3, 2, id: 9, starts: [0, 4], maximum: 2, multiprocessors: multiprocessors[3]),
                profile(4, 2, id: 5, starts: [0], maximum: 1, multiprocessors: multiprocessors[4]),
                profile(7, 3, id: 0, starts: [0], maximum: 1, multiprocessors: multiprocessors[5]),
            ])
    }

    /// Four compute slices and four memory slots: A30 and RTX PRO 6000. The three arrays are for 1, 2 and 4 of them.
    static func quarters(
        _ product: String, models: [String], gigabytes: [Int], mebibytes: [Int64], multiprocessors: [Int],
        variants: [Variant]
    ) -> MIGGeometry {
        let lines = [Variant("", .own, ids: [14, 5, 0], isSingle: false)] + variants
        let whole = gigabytes[2]
        var profiles: [MIGProfile] = []
        for size in 0..<3 {
            let slots = 1 << size
            for line in lines {
                guard let id = line.ids[size] else { continue }
                profiles.append(
                    MIGProfile(
                        name: "\(slots)g.\(gigabytes[size])gb\(line.suffix)", id: id, computeSlices: slots,
                        memorySlices: slots, starts: Array(stride(from: 0, to: 4, by: slots)),
                        maximum: line.isSingle ? 1 : 4 / slots,
                        memory: memory(listed: mebibytes[size], slots: slots, of: 4, gigabytes: whole),
                        isMemoryListed: true, multiprocessors: multiprocessors[size], media: line.media))
            }
        }
        return MIGGeometry(
            product: product, models: models, gigabytes: whole, computeSlices: 4, memorySlices: 4, profiles: profiles)
    }

    /// The listed memory, or else its slots' part of 99% of the whole, in steps of 128 MiB as listings have it.
    private static func memory(listed: Int64?, slots: Int, of all: Int, gigabytes: Int) -> Bytes {
        if let listed { return .mebibytes(listed) }
        let steps = Int64(gigabytes) * 8 * 99 * Int64(slots) / (100 * Int64(all))
        return .mebibytes(steps * 128)
    }
}
