import Engine
import Fleet
import FoundationEssentials
import Ledger

/// An entry as it lies in the table `entry`: what is told apart by columns, and the rest as JSON.
struct EntryRecord: Sendable {
    let sequence: Int64
    let at: Int64
    let wall: Int64
    let body: Data

    private struct Body: Codable {
        let event: Event
        let notices: [Notice]
        let decisions: [Decision]?
    }

    init(sequence: Int64, at: Int64, wall: Int64, body: Data) {
        self.sequence = sequence
        self.at = at
        self.wall = wall
        self.body = body
    }

    init(_ entry: JournalEntry, with encoder: JSONEncoder) throws {
        self.init(
            sequence: entry.sequence, at: entry.at.nanoseconds, wall: entry.wall,
            body: try encoder.encode(
                Body(event: entry.event, notices: entry.notices, decisions: entry.decisions)))
    }

    /// The next link of the chain: it vouches for this entry and, through `previous`, for all before it.
    func checksum(after previous: UInt32) -> UInt32 {
        var checksum = CRC32C.checksum(sequence, after: previous)
        checksum = CRC32C.checksum(at, after: checksum)
        checksum = CRC32C.checksum(wall, after: checksum)
        return body.withUnsafeBytes { CRC32C.checksum($0, after: checksum) }
    }

    func entry(with decoder: JSONDecoder) throws -> JournalEntry {
        let content = try decoder.decode(Body.self, from: body)
        return JournalEntry(
            sequence: sequence, at: Moment(nanoseconds: at), wall: wall, event: content.event,
            notices: content.notices, decisions: content.decisions)
    }
}

/// A snapshot as it lies in the table `snapshot`.
struct SnapshotRecord: Sendable {
    let sequence: Int64
    let at: Int64
    let wall: Int64
    /// The chain's checksum at the entry `sequence`, from which the entries after it are verified.
    let chain: UInt32
    let body: Data

    var checksum: UInt32 {
        var checksum = CRC32C.checksum(sequence, after: 0)
        checksum = CRC32C.checksum(at, after: checksum)
        checksum = CRC32C.checksum(wall, after: checksum)
        checksum = CRC32C.checksum(Int64(chain), after: checksum)
        return body.withUnsafeBytes { CRC32C.checksum($0, after: checksum) }
    }

    func snapshot(with decoder: JSONDecoder) throws -> JournalSnapshot {
        JournalSnapshot(
            sequence: sequence, at: Moment(nanoseconds: at), wall: wall,
            ledger: try decoder.decode(Ledger.self, from: body))
    }
}

extension Event {
    /// Whether the bytes kept in reserve for a full disk may be spent on it.
    ///
    /// Giving back may, and the little that giving back later depends on: who holds a lease, how the clock runs.
    /// Whatever takes, or repeats itself, waits until there is room.
    var mayUseReserve: Bool {
        switch self {
        case .endAsked, .holderGone, .timePassed, .keptAlive, .held, .anchored, .reservationEnded, .active: true
        default: false
        }
    }
}

/// A snapshot as JSON that is not tied to the chain yet.
struct SnapshotDraft: Sendable {
    let sequence: Int64
    private let at: Int64
    private let wall: Int64
    private let body: Data

    init(_ snapshot: JournalSnapshot, with encoder: JSONEncoder) throws {
        sequence = snapshot.sequence
        at = snapshot.at.nanoseconds
        wall = snapshot.wall
        body = try encoder.encode(snapshot.ledger)
    }

    func record(chainedTo chain: UInt32) -> SnapshotRecord {
        SnapshotRecord(sequence: sequence, at: at, wall: wall, chain: chain, body: body)
    }
}
