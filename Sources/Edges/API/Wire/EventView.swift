package import Fleet
package import Ledger

/// Something that happened, with its place in the history.
package struct EventView: Hashable, Sendable, Codable {
    /// Never goes down from one event to the next; events of one decision share it.
    package var sequence: Int64
    package var at: Timestamp
    package var kind: Notice.Kind
    @Nullable package var lease: LeaseID?
    @Nullable package var gpu: GPUID?
    /// One sentence for people.
    package var text: String

    package init(sequence: Int64, at: Timestamp, kind: Notice.Kind, lease: LeaseID?, gpu: GPUID?, text: String) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.lease = lease
        self.gpu = gpu
        self.text = text
    }
}

/// A part of the history, oldest first: `divvy.v1/EventList`.
package struct EventList: Hashable, Sendable, Codable {
    package private(set) var schema = "divvy.v1/EventList"
    package var items: [EventView]

    package init(items: [EventView]) { self.items = items }
}
