package import API
import Fleet

extension Listing where Row == ReservationView {
    package static var reservations: Listing {
        Listing(
            columns: [
                Column("NAME", key: "name", value: \.name),
                Column("MAKER", key: "maker", value: \.maker.name),
                Column("FOR", key: "tenants", value: { $0.tenants.joined(separator: " ") }) {
                    Cell($0.tenants.isEmpty ? $0.maker.name : $0.tenants.joined(separator: " "))
                },
                Column("FROM", key: "from", value: { "\($0.from)" }),
                Column("UNTIL", key: "until", value: { "\($0.until)" }),
                Column(
                    "STARTS IN", key: "startsInSeconds", alignment: .right,
                    value: { Wording.seconds($0.startsInSeconds) }
                ) {
                    $0.isOpen
                        ? Cell("open", .good) : Cell(Wording.span(seconds: $0.startsInSeconds))
                },
                Column("LENGTH", key: "lengthSeconds", alignment: .right, value: { Wording.seconds($0.lengthSeconds) })
                { Cell(Wording.span(seconds: $0.lengthSeconds)) },
                Column("GPUS", key: "gpus", value: { $0.grants.map(\.gpu.rawValue).joined(separator: " ") }) {
                    let indices = $0.grants.compactMap(\.index)
                    return indices.isEmpty ? .none : Cell(Wording.indices(indices))
                },
                Column("REQUEST", key: "request", value: \.request),
            ],
            restless: ["startsInSeconds"], name: \.name)
    }
}

extension ReservationView {
    /// Whether it has begun.
    package var isOpen: Bool { startsInSeconds == 0 }
}
