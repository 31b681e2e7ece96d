package import Fleet
package import Ledger

/// One event as it was decided, in the order it was decided.
package struct JournalEntry: Hashable, Sendable, Codable {
    /// One more than the entry before; the first is 1.
    package let sequence: Int64
    package let at: Moment
    /// Nanoseconds since the Unix epoch by the machine's clock, for display only.
    package let wall: Int64
    package let event: Event
    /// What was told, so that the history need not be replayed to be read.
    package let notices: [Notice]
    /// Who was served; nil in entries of releases that did not write it down.
    package let decisions: [Decision]?

    package init(
        sequence: Int64, at: Moment, wall: Int64, event: Event, notices: [Notice], decisions: [Decision]? = nil
    ) {
        self.sequence = sequence
        self.at = at
        self.wall = wall
        self.event = event
        self.notices = notices
        self.decisions = decisions
    }
}

/// A ledger as it was after an entry, so that a start need not replay everything.
package struct JournalSnapshot: Sendable, Codable {
    /// The last entry that it contains.
    package let sequence: Int64
    /// The moment of that entry and the machine's clock then, which carry the ledger's clock over a reboot.
    package let at: Moment
    package let wall: Int64
    package let ledger: Ledger

    package init(sequence: Int64, at: Moment, wall: Int64, ledger: Ledger) {
        self.sequence = sequence
        self.at = at
        self.wall = wall
        self.ledger = ledger
    }
}

/// Everything that a start needs: the newest snapshot and the entries after it.
package struct JournalContents: Sendable {
    package let snapshot: JournalSnapshot?
    /// After the snapshot, in order, without a gap.
    package let entries: [JournalEntry]

    package init(snapshot: JournalSnapshot?, entries: [JournalEntry]) {
        self.snapshot = snapshot
        self.entries = entries
    }
}

/// Where decisions are durable before anybody hears of them.
///
/// An append is all or nothing, and when it returns, its entries survive a loss of power. One process has a journal
/// open at a time.
package protocol Journal: Sendable {
    /// The newest snapshot and every entry after it.
    func load() async throws(JournalError) -> JournalContents

    /// Makes `entries` durable, all or none.
    func append(_ entries: [JournalEntry]) async throws(JournalError)

    /// Makes a snapshot durable. Entries before it stay readable as history up to a limit of the journal's own.
    func save(_ snapshot: JournalSnapshot) async throws(JournalError)

    /// Past entries after `sequence`, oldest first, at most `limit`, also those that a snapshot covers.
    func history(after sequence: Int64, limit: Int) async throws(JournalError) -> [JournalEntry]

    /// Closes it; nothing may be asked of it afterwards.
    func close() async
}

/// What went wrong with a journal, sorted by what follows from it.
package struct JournalError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// No room on the disk: the change did not happen; it may be tried again when there is room.
        case full
        /// The state directory or file cannot be written: read-only or not permitted.
        case notWritable
        /// Another daemon has it open.
        case inUse
        /// What is stored contradicts itself; nothing was changed.
        case corrupt
        /// It was written by a newer release.
        case newer
        /// The disk failed: what was written last may or may not be there.
        case failed
    }

    package let code: Code
    /// What was wrong, where, and what to do, in sentences.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
