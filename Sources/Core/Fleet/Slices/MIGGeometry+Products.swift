// The products, smallest and oldest first. What a comment does not call inferred is from a listing by nvidia-smi
// (`mig -lgip`, `-lgipp`) on that product, as published in the MIG User Guide and in public scripts.

extension MIGGeometry {
    /// Every product whose table is known.
    package static let all: [MIGGeometry] = [
        a30, a100With40GB, a100With80GB, h100With80GB, h100NVL, h200, b200, gb200, b300, gb300, rtxPro6000,
    ]

    /// The id of `2g.12gb+me` and that of `1g.6gb+me` are not confirmed by a listing.
    static let a30 = quarters(
        "A30-24GB", models: ["a30"], gigabytes: [6, 12, 24], mebibytes: [5837, 11674, 23347],
        multiprocessors: [14, 28, 56],
        variants: [
            Variant("+me", .extensions, ids: [21, 6, nil], isSingle: true)
        ])

    static let a100With40GB = sevenths(
        "A100-40GB", models: ["a100", "a800"], gigabytes: [5, 10, 20, 40],
        mebibytes: [4864, 9856, 19_968, 40_192], multiprocessors: [14, 14, 28, 42, 56, 98])

    static let a100With80GB = sevenths(
        "A100-80GB", models: ["a100", "a800"], gigabytes: [10, 20, 40, 80],
        mebibytes: [9856, 19_968, 40_192, 80_384], multiprocessors: [14, 14, 28, 42, 56, 98])

    /// Starts are those of the H100 NVL.
    static let h100With80GB = sevenths(
        "H100-80GB", models: ["h100", "h800"], gigabytes: [10, 20, 40, 80],
        mebibytes: [9984, 20_096, 40_448, 81_152], multiprocessors: hopper)

    /// The memory of the smaller two is the least that a driver listed; others list up to 7% more.
    static let h100NVL = sevenths(
        "H100-NVL-94GB", models: ["h100"], gigabytes: [12, 24, 47, 94], mebibytes: [10_880, 22_016, 47_488, 95_360],
        multiprocessors: hopper)

    /// Starts are inferred from those of the H100; the largest size is by proportion.
    static let h200 = sevenths(
        "H200-141GB", models: ["h200"], gigabytes: [18, 35, 71, 141], mebibytes: [16_384, 33_024, 71_168, nil],
        multiprocessors: hopper)

    /// Where a slice has more memory than its compute slices' part, it has more multiprocessors than that part, too.
    private static let hopper: [Int?] = [16, 26, 32, 60, 64, 132]

    /// Starts are inferred; the memory of the smallest is the least that a driver listed.
    static let b200 = sevenths(
        "B200-180GB", models: ["b200"], gigabytes: [23, 45, 90, 180], mebibytes: [20_992, 45_312, nil, nil],
        multiprocessors: [18, 30, 36, nil, nil, nil])

    /// Starts are inferred. Early drivers named the smallest `1g.24gb`.
    static let gb200 = sevenths(
        "GB200-186GB", models: ["gb200"], gigabytes: [23, 47, 93, 186], mebibytes: [22_528, 46_592, nil, nil],
        multiprocessors: [18, 32, 38, nil, nil, nil])

    /// Profiles and maxima are those of NVIDIA's partition editor (mig-parted); starts are inferred.
    static let b300 = sevenths(
        "B300-288GB", models: ["b300"], gigabytes: [34, 67, 135, 269], mebibytes: [nil, nil, nil, nil],
        multiprocessors: [nil, nil, nil, nil, nil, nil])

    /// As for the B300.
    static let gb300 = sevenths(
        "GB300", models: ["gb300"], gigabytes: [35, 70, 139, 278], mebibytes: [nil, nil, nil, nil],
        multiprocessors: [nil, nil, nil, nil, nil, nil])

    /// Starts are inferred from the configurations that the MIG User Guide allows.
    static let rtxPro6000 = quarters(
        "RTX-PRO-6000-Blackwell-96GB", models: ["rtx-pro-6000-blackwell"], gigabytes: [24, 48, 96],
        mebibytes: [24_192, 48_512, 97_280], multiprocessors: [46, 94, 188],
        variants: [
            Variant("+me", .extensions, ids: [21, nil, nil], isSingle: true),
            Variant("+gfx", .own, ids: [47, 35, 32], isSingle: false),
            Variant("+me.all", .all, ids: [65, 64, nil], isSingle: true),
            Variant("-me", .without, ids: [67, 66, nil], isSingle: false),
        ])
}
