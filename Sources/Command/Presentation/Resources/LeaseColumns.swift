package import API
import Fleet

extension Listing where Row == LeaseView {
    /// Leases, with ages counted to `now`.
    package static func leases(now: Timestamp) -> Listing {
        Listing(
            columns: [
                Column("LEASE", key: "id", value: { "\($0.id)" }),
                Column("NAME", key: "name", value: { $0.name ?? "" }),
                Column("USER", key: "user", value: { $0.tenant.name }),
                Column("UID", key: "uid", alignment: .right, isWide: true, value: { "\($0.tenant.uid)" }),
                Column("STATE", key: "state", value: \.state.rawValue) {
                    Wording.state(of: $0, now: now)
                },
                Column("QUEUE", key: "queue", isWide: true, value: { $0.queue ?? "" }),
                Column("PRIORITY", key: "priority", alignment: .right, isWide: true) { Wording.number($0.priority) },
                Column("STARTS", key: "startsAt", isWide: true, value: { $0.startsAt.map { "\($0)" } ?? "" }),
                Column("GPUS", key: "gpus", value: { $0.grants.map(\.gpu.rawValue).joined(separator: " ") }) {
                    let indices = $0.grants.compactMap(\.index)
                    let slices = $0.grants.compactMap(\.slicePlace)
                    if !slices.isEmpty { return Cell(slices.joined(separator: ",")) }
                    return indices.isEmpty ? .none : Cell(Wording.indices(indices))
                },
                Column(
                    "SHARE", key: "milliGPU", alignment: .right, value: { Wording.number($0.grants.first?.milliGPU) }
                ) {
                    $0.grants.isEmpty ? .none : Cell(Wording.common($0.grants.map(\.milliGPU), Wording.share))
                },
                Column(
                    "MEMORY", key: "memoryBytes", alignment: .right,
                    value: { Wording.number($0.grants.first?.memoryBytes) }
                ) {
                    $0.grants.isEmpty ? .none : Cell(Wording.common($0.grants.map(\.memoryBytes), Wording.bytes))
                },
                Column("GRADE", key: "grade", value: { $0.grade?.rawValue ?? "" }),
                Column("HOLDER", key: "holder", value: { Wording.holder($0.holder) }),
                Column("AGE", key: "heldSeconds", alignment: .right, value: { Wording.seconds($0.heldSeconds) }) {
                    Cell($0.age(now))
                },
                Column("ENDS IN", key: "deadline", alignment: .right, value: { $0.deadline.map { "\($0)" } ?? "" }) {
                    guard let end = $0.nextEnd, $0.state != .ended else { return .none }
                    return Cell(Wording.span(seconds: Double(end.wall - now.wall) / 1e9))
                },
                Column("GPU-SECONDS", key: "gpuSeconds", alignment: .right, isWide: true) {
                    Wording.seconds($0.gpuSeconds)
                },
                Column("ASKED", key: "askedAt", isWide: true, value: { "\($0.askedAt)" }),
                Column("REQUEST", key: "request", isWide: true, value: \.request),
            ],
            restless: ["heldSeconds", "gpuSeconds", "startsAt"], name: { "\($0.id)" })
    }
}

extension LeaseView {
    /// How long it has had its GPUs, or how long it has waited for them.
    func age(_ now: Timestamp) -> String {
        if let heldSeconds { return Wording.span(seconds: heldSeconds) }
        return Wording.span(seconds: Double((endedAt ?? now).wall - askedAt.wall) / 1e9)
    }

    /// When it ends if nobody does anything.
    var nextEnd: Timestamp? { [deadline, lapsesAt, announcedEnd?.at].compactMap { $0 }.min() }
}
