/// An amount of compute on one GPU, for whoever does not care which GPU it is.
package enum Compute: Hashable, Sendable, Codable {
    /// Thousandths of dense FP16 tensor TFLOPS: 40,000 is 40 TFLOPS.
    case gigaflops(Int64)
    /// Thousandths of what a model of `ComputeTable` has: 500 of `a100` is half an A100.
    case ofModel(milli: Int64, model: String)

    /// In thousandths of TFLOPS; nil when the model is in no table.
    package var gigaflops: Int64? {
        switch self {
        case .gigaflops(let amount): amount
        case .ofModel(let milli, let model): ComputeTable.gigaflops(of: model).map { ($0 * milli + 999) / 1000 }
        }
    }

    /// What share of a GPU gives this amount, rounded up; above one GPU where it is not enough, nil for a model of
    /// which the table knows nothing.
    package func share(of gpu: GPU) -> Share? {
        guard let wanted = gigaflops, let whole = ComputeTable.gigaflops(of: gpu.model) else { return nil }
        let milli = (wanted * 1000 + whole - 1) / whole
        return Share(milli: Int32(min(max(milli, 1), Int64(Int32.max))))
    }
}

extension Compute: CustomStringConvertible {
    /// As it is written in a request: `40tflops`, `0.5xa100`.
    package var description: String {
        switch self {
        case .gigaflops(let amount): "\(Self.thousandths(amount))tflops"
        case .ofModel(let milli, let model): "\(Self.thousandths(milli))x\(model)"
        }
    }

    /// For people: `40 TFLOPS`, `0.5 of an a100's compute`.
    package var words: String {
        switch self {
        case .gigaflops(let amount): "\(Self.thousandths(amount)) TFLOPS"
        case .ofModel(let milli, let model): "the compute of \(Self.thousandths(milli)) \(model)"
        }
    }

    private static func thousandths(_ amount: Int64) -> String {
        var decimals = String(amount % 1000)
        decimals = String(repeating: "0", count: 3 - decimals.count) + decimals
        while decimals.last == "0" { decimals.removeLast() }
        return decimals.isEmpty ? "\(amount / 1000)" : "\(amount / 1000).\(decimals)"
    }
}

/// What GPU models compute: dense FP16 on tensor cores with 32-bit sums, at boost clock, as their makers state it.
///
/// From NVIDIA's datasheets (V100, T4, A2, A10, A16, A30, A40, A100, L4, L40, L40S, H100, H200, HGX B200 and B300, GB200;
/// RTX A2000 to A6000, RTX 2000 to 6000 Ada), and from the architecture papers of Turing, Ampere, Ada and Blackwell for
/// GeForce, TITAN and Quadro. Where a maker gives the figure with sparsity, half of it stands here. GeForce sums in
/// 32 bits at half the rate of 16 bits: the lower figure stands here.
package enum ComputeTable {
    /// A model's words and its thousandths of TFLOPS; of several that match, the one with most words is meant.
    private static let models: [(words: [Substring], gigaflops: Int64)] = [
        ("v100", 125_000), ("v100-pcie", 112_000), ("v100s", 130_000), ("v100s-pcie", 130_000),
        ("t4", 65_000), ("a2", 18_000), ("a10", 125_000), ("a10g", 70_000), ("a16", 17_900), ("a30", 165_000),
        ("a40", 149_700), ("a100", 312_000), ("a800", 312_000),
        ("l4", 121_000), ("l40", 181_000), ("l40s", 362_000),
        ("h100", 989_400), ("h100-pcie", 756_000), ("h100-nvl", 835_500), ("h800", 989_400), ("h20", 148_000),
        ("h200", 989_400), ("h200-nvl", 835_500), ("gh200", 989_400),
        ("b200", 2_250_000), ("gb200", 2_500_000), ("b300", 2_250_000), ("gb300", 2_500_000),
        ("titan-v", 110_000), ("titan-rtx", 130_500), ("quadro-rtx-8000", 130_500), ("quadro-rtx-6000", 130_500),
        ("rtx-a2000", 31_900), ("rtx-a4000", 76_700), ("rtx-a4500", 94_600), ("rtx-a5000", 111_100),
        ("rtx-a5500", 136_400), ("rtx-a6000", 154_800),
        ("rtx-2000-ada", 48_000), ("rtx-4000-ada", 106_900), ("rtx-4500-ada", 158_700), ("rtx-5000-ada", 261_100),
        ("rtx-6000-ada", 364_200),
        ("rtx-2080-ti", 56_900), ("rtx-3080", 59_500), ("rtx-3080-ti", 68_200), ("rtx-3090", 71_000),
        ("rtx-3090-ti", 80_000), ("rtx-4080", 97_500), ("rtx-4090", 165_200), ("rtx-5080", 112_600),
        ("rtx-5090", 209_500),
    ].map { ($0.0.split(separator: "-"), $0.1) }

    /// Thousandths of dense FP16 tensor TFLOPS of a model in lower-case words (`a100-sxm4-40gb`); nil for one that is
    /// not in the table.
    package static func gigaflops(of model: String) -> Int64? {
        let mine = model.split { $0 == "-" || $0 == "_" }
        var best: (words: Int, gigaflops: Int64)?
        for (words, gigaflops) in models where words.count > best?.words ?? 0 && words.count <= mine.count {
            let isThere = (0...(mine.count - words.count)).contains { start in
                words.indices.allSatisfy { mine[start + $0] == words[$0] }
            }
            if isThere { best = (words.count, gigaflops) }
        }
        return best?.gigaflops
    }
}
