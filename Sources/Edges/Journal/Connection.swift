import Engine
import GRDB
import GRDBSQLite
import Glibc
import Synchronization
import SystemPackage

/// The one connection to the database file.
///
/// It holds SQLite's exclusive lock for as long as it is open. So no second connection can be made, in this process or
/// another; the bug in SQLite before 3.51.3 that needs two of them cannot bite, and there is no shared-memory file.
///
/// A connection that is not closed by `close()` leaves the file as it is, even when it is deallocated: SQLite would
/// otherwise write the log back on closing, and a damaged file is not to be touched.
struct Connection: Sendable {
    let queue: DatabaseQueue
    private let keeper: Keeper

    /// Opens the file at `path`, which a fresh one lets be made.
    init(to path: FilePath, isFresh: Bool) throws(JournalError) {
        let keeper = Keeper()
        var configuration = Configuration()
        configuration.label = "journal"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { database in
            keeper.keepOpen(database)
            try database.execute(
                sql: """
                    PRAGMA locking_mode = EXCLUSIVE;
                    PRAGMA cell_size_check = ON;
                    PRAGMA trusted_schema = OFF;
                    PRAGMA secure_delete = OFF;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA synchronous = FULL;
                    """)
            let mode = try database.text(isFresh ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode")
            guard mode == "wal" else {
                throw JournalError.corrupt(path, "its journal mode is \(mode ?? "unknown") instead of wal")
            }
        }
        errno = 0
        do {
            queue = try DatabaseQueue(path: path.string, configuration: configuration)
        } catch let error as JournalError {
            throw error
        } catch let error as DatabaseError {
            throw JournalError(error, "open", path)
        } catch {
            throw JournalError(.failed, "Cannot open \(path): \(error)")
        }
        self.keeper = keeper
    }

    /// Closes it for good, upon which SQLite writes what is left of the log back into the database.
    func close() {
        keeper.letGo()
        try? queue.close()
    }
}

/// A prepared statement that makes SQLite keep a connection open: `sqlite3_close_v2` waits for the last statement.
private final class Keeper: Sendable {
    /// The statement's address, 0 for none; an `OpaquePointer` is not `Sendable`.
    private let statement = Mutex<UInt>(0)

    func keepOpen(_ database: Database) {
        var pointer: OpaquePointer?
        guard sqlite3_prepare_v2(database.sqliteConnection, "SELECT 1", -1, &pointer, nil) == SQLITE_OK else { return }
        statement.withLock { $0 = UInt(bitPattern: pointer) }
    }

    func letGo() {
        statement.withLock { address in
            sqlite3_finalize(OpaquePointer(bitPattern: address))
            address = 0
        }
    }
}
