/// A size of MIG instance that a GPU can be cut into, as `nvidia-smi mig -lgip` and `-lgipp` list it.
package struct Slice: Sendable, Equatable {
    /// Without the word MIG: `1g.5gb+me`.
    package var name: String
    /// The number that `nvidia-smi` names it by.
    package var id: Int
    /// NVML's number for the size.
    package var number: Number
    package var computeSlices: Int
    /// How many of the eight (A30: four) memory slots it takes.
    package var slots: Int
    /// The slots at which it may begin.
    package var starts: [Int]
    package var limit: Int
    package var multiprocessors: Int
    /// Mebibytes.
    package var memory: Int
    package var engines: Board.Engines

    /// `NVML_GPU_INSTANCE_PROFILE_...`.
    package enum Number: UInt32, Sendable {
        case one = 0
        case two = 1
        case three = 2
        case four = 3
        case seven = 4
        /// One or two slices with the media extensions.
        case oneWithMedia = 7
        case twoWithMedia = 8
        /// One compute slice with twice the memory.
        case oneLarge = 9
    }
}

extension Slice {
    /// What GPUs of seven compute and eight memory slices have in common (A100, H100, H200, B200); they differ in size.
    ///
    /// Placements of the A100 and H100 are those of `nvidia-smi mig -lgipp`; the H200 and B200 are documented to have the
    /// same. Ids are the same on all of them.
    /// - Parameters:
    ///   - gigabytes: the sizes in the names, for 1, 2, 4 and 8 memory slots.
    ///   - mebibytes: what an instance of 1, 2, 4 and 8 slots has.
    ///   - multiprocessors: for 1, 2, 3, 4 and 7 compute slices.
    ///   - hasJPEGEverywhere: each slice has a JPEG engine (Hopper and later), not only the media extensions.
    static func sevenths(
        gigabytes: [Int], mebibytes: [Int], multiprocessors: [Int], decoders: Int, hasJPEGEverywhere: Bool
    ) -> [Slice] {
        func engines(_ copy: Int, _ decode: Int, hasMedia: Bool, jpeg: Int) -> Board.Engines {
            Board.Engines(
                copy: copy, decode: decode, encode: 0, jpeg: hasJPEGEverywhere ? jpeg : hasMedia ? 1 : 0,
                opticalFlow: hasMedia ? 1 : 0)
        }
        // On Hopper and later every slice has a decoder; on the A100 the single slice has none.
        let single = hasJPEGEverywhere ? 1 : 0
        return [
            Slice(
                name: "1g.\(gigabytes[0])gb", id: 19, number: .one, computeSlices: 1, slots: 1, starts: Array(0...6),
                limit: 7, multiprocessors: multiprocessors[0], memory: mebibytes[0],
                engines: engines(1, single, hasMedia: false, jpeg: 1)),
            Slice(
                name: "1g.\(gigabytes[0])gb+me", id: 20, number: .oneWithMedia, computeSlices: 1, slots: 1,
                starts: Array(0...6), limit: 1, multiprocessors: multiprocessors[0], memory: mebibytes[0],
                engines: engines(1, 1, hasMedia: true, jpeg: 1)),
            Slice(
                name: "1g.\(gigabytes[1])gb", id: 15, number: .oneLarge, computeSlices: 1, slots: 2,
                starts: [0, 2, 4, 6], limit: 4, multiprocessors: multiprocessors[0], memory: mebibytes[1],
                engines: engines(1, 1, hasMedia: false, jpeg: 1)),
            Slice(
                name: "2g.\(gigabytes[1])gb", id: 14, number: .two, computeSlices: 2, slots: 2, starts: [0, 2, 4],
                limit: 3, multiprocessors: multiprocessors[1], memory: mebibytes[1],
                engines: engines(2, single + 1, hasMedia: false, jpeg: 2)),
            Slice(
                name: "3g.\(gigabytes[2])gb", id: 9, number: .three, computeSlices: 3, slots: 4, starts: [0, 4],
                limit: 2, multiprocessors: multiprocessors[2], memory: mebibytes[2],
                engines: engines(3, single + 2, hasMedia: false, jpeg: 3)),
            Slice(
                name: "4g.\(gigabytes[2])gb", id: 5, number: .four, computeSlices: 4, slots: 4, starts: [0],
                limit: 1, multiprocessors: multiprocessors[3], memory: mebibytes[2],
                engines: engines(4, single * 2 + 2, hasMedia: false, jpeg: 4)),
            Slice(
                name: "7g.\(gigabytes[3])gb", id: 0, number: .seven, computeSlices: 7, slots: 8, starts: [0],
                limit: 1, multiprocessors: multiprocessors[4], memory: mebibytes[3],
                engines: engines(hasJPEGEverywhere ? 8 : 7, decoders, hasMedia: true, jpeg: decoders)),
        ]
    }

    static let a100With40GB = sevenths(
        gigabytes: [5, 10, 20, 40], mebibytes: [4864, 9856, 19968, 40192], multiprocessors: [14, 28, 42, 56, 98],
        decoders: 5, hasJPEGEverywhere: false)
    static let a100With80GB = sevenths(
        gigabytes: [10, 20, 40, 80], mebibytes: [9856, 19968, 40192, 80384], multiprocessors: [14, 28, 42, 56, 98],
        decoders: 5, hasJPEGEverywhere: false)
    static let h100With80GB = sevenths(
        gigabytes: [10, 20, 40, 80], mebibytes: [9984, 20096, 40448, 81152],
        multiprocessors: [16, 32, 48, 64, 132], decoders: 7, hasJPEGEverywhere: true)
    /// Sizes but for the first are by proportion: no listing of this GPU is published.
    static let h200 = sevenths(
        gigabytes: [18, 35, 71, 141], mebibytes: [16384, 33280, 71168, 143360],
        multiprocessors: [16, 32, 48, 64, 132], decoders: 7, hasJPEGEverywhere: true)
    /// Sizes and the larger numbers of multiprocessors are by proportion: no listing of this GPU is published.
    static let b200 = sevenths(
        gigabytes: [23, 45, 90, 180], mebibytes: [22016, 44800, 90880, 182_784],
        multiprocessors: [18, 36, 70, 74, 148], decoders: 7, hasJPEGEverywhere: true)

    /// The A30 has four compute and four memory slices.
    static let a30: [Slice] = [
        quarter("1g.6gb", 14, .one, slices: 1, starts: [0, 1, 2, 3], limit: 4, memory: 5837, decode: 0, media: 0),
        quarter(
            "1g.6gb+me", 21, .oneWithMedia, slices: 1, starts: [0, 1, 2, 3], limit: 1, memory: 5837, decode: 1,
            media: 1),
        quarter("2g.12gb", 5, .two, slices: 2, starts: [0, 2], limit: 2, memory: 11674, decode: 2, media: 0),
        quarter(
            "2g.12gb+me", 6, .twoWithMedia, slices: 2, starts: [0, 2], limit: 1, memory: 11674, decode: 2, media: 1),
        quarter("4g.24gb", 0, .four, slices: 4, starts: [0], limit: 1, memory: 23347, decode: 4, media: 1),
    ]

    private static func quarter(
        _ name: String, _ id: Int, _ number: Number, slices: Int, starts: [Int], limit: Int, memory: Int, decode: Int,
        media: Int
    ) -> Slice {
        Slice(
            name: name, id: id, number: number, computeSlices: slices, slots: slices, starts: starts, limit: limit,
            multiprocessors: 14 * slices, memory: memory,
            engines: Board.Engines(copy: slices, decode: decode, encode: 0, jpeg: media, opticalFlow: media))
    }
}
