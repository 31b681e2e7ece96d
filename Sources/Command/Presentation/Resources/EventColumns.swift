package import API
import Fleet
import Ledger

extension Listing where Row == EventView {
    package static var events: Listing {
        Listing(
            columns: [
                Column("SEQUENCE", key: "sequence", alignment: .right, isWide: true, value: { "\($0.sequence)" }),
                Column("AT", key: "at", value: { "\($0.at)" }),
                Column("KIND", key: "kind", value: \.kind.rawValue),
                Column("LEASE", key: "lease", value: { $0.lease?.description ?? "" }),
                Column("GPU", key: "gpu", isWide: true, value: { $0.gpu?.rawValue ?? "" }),
                Column("WHAT", key: "text", value: \.text),
            ],
            name: { "\($0.sequence)" })
    }

    /// One event as a line of its own, for a stream whose column widths cannot be known.
    package static func line(_ event: EventView, palette: Palette) -> String {
        palette.paint("\(event.at)", .muted) + "  " + event.kind.rawValue.fitted(to: 20) + "  " + event.text.printable
    }
}
