package import API
import Fleet

/// A slice of one GPU.
package struct SliceRow: Hashable, Sendable, Encodable {
    package let gpu: Int
    package let slice: SliceView

    package init(gpu: Int, slice: SliceView) {
        self.gpu = gpu
        self.slice = slice
    }
}

extension FleetView {
    /// All slices of all GPUs, in the order of the GPUs.
    package var sliceRows: [SliceRow] {
        gpus.flatMap { gpu in (gpu.slices ?? []).map { SliceRow(gpu: gpu.index, slice: $0) } }
    }

    /// The slices as lines of a table, with an empty line before and after it; nothing where no GPU is cut.
    package var sliceTable: [Cell] {
        let rows = sliceRows
        guard !rows.isEmpty else { return [] }
        return ([""] + Listing.slices.table(rows, isWide: false).lines(palette: .plain) + [""]).map { Cell($0) }
    }

    /// Free slices by their profiles, the smallest first, as `--slice` takes them: `2 x --slice 1g.5gb`.
    package var freeSlices: [String] {
        let free = gpus.filter { $0.health.state == .healthy && $0.drained == nil }
            .flatMap { $0.slices ?? [] }.filter(\.isFree)
        let sizes = Dictionary(grouping: free, by: \.profile)
        return sizes.sorted { left, right in
            (left.value.first?.memoryBytes ?? 0, left.key) < (right.value.first?.memoryBytes ?? 0, right.key)
        }.map { "\($0.value.count) x --slice \($0.key)" }
    }
}

extension SliceView {
    /// Whether a lease could have it now, if its GPU is well.
    package var isFree: Bool { isGrantable && lease == nil && !isForeign }

    /// The instances that it is made of, for people.
    var instances: String { "GPU instance \(gpuInstance), compute instance \(computeInstance)" }
}

extension GrantView {
    /// As `device=0:1` names the slice that it is; nil where it is none.
    var slicePlace: String? { slice.flatMap { slice in index.map { "\($0):\(slice.index)" } } }
}

extension Listing where Row == SliceRow {
    package static var slices: Listing {
        Listing(
            columns: [
                Column("SLICE", key: "index", value: { "\($0.gpu):\($0.slice.index)" }),
                Column("PROFILE", key: "profile", value: \.slice.profile),
                Column("MEMORY", key: "memoryBytes", alignment: .right, value: { "\($0.slice.memoryBytes)" }) {
                    Cell(Wording.bytes($0.slice.memoryBytes))
                },
                Column("SMS", key: "multiprocessors", alignment: .right) { Wording.number($0.slice.multiprocessors) },
                Column("UUID", key: "uuid", value: \.slice.uuid),
                Column("LEASE", key: "lease", value: { $0.slice.lease?.description ?? "" }) { Self.holder($0.slice) },
            ],
            name: \.slice.uuid)
    }

    private static func holder(_ slice: SliceView) -> Cell {
        if let lease = slice.lease {
            return slice.isForeign ? Cell("\(lease), and others run on it", .warning) : Cell("\(lease)")
        }
        if slice.isForeign { return Cell("in use without a lease", .warning) }
        return slice.isGrantable ? Cell("free", .good) : Cell("not for leases: shares its memory", .muted)
    }
}
