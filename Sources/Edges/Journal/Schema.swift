import GRDB

/// What the database file looks like and how it is told apart from others.
enum Schema {
    /// `DVVY`, in the file's header at byte 68.
    static let applicationID: Int64 = 0x4456_5659
    /// `user_version`: raised when a release writes what an older one would misread.
    static let version: Int64 = 1
    /// Entries that stay readable as history when snapshots cover them.
    static let historyLimit: Int64 = 50_000
    /// The name of the row of `about` that holds the release which wrote last.
    static let releaseKey = "release"

    /// Everything that a new file holds.
    static func create(in database: Database, release: String) throws {
        try database.execute(
            sql: """
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                CREATE TABLE about (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE entry (
                    sequence INTEGER PRIMARY KEY NOT NULL, at INTEGER NOT NULL, wall INTEGER NOT NULL,
                    checksum INTEGER NOT NULL, body BLOB NOT NULL
                ) STRICT;
                CREATE TABLE snapshot (
                    sequence INTEGER PRIMARY KEY NOT NULL, at INTEGER NOT NULL, wall INTEGER NOT NULL,
                    chain INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
                ) STRICT;
                """)
        try database.execute(
            sql: "INSERT INTO about (key, value) VALUES (?, ?)", arguments: [releaseKey, release])
    }
}

extension Database {
    /// The one number that a statement gives; nil when it gives none, or something else.
    func number(_ sql: String, arguments: StatementArguments = StatementArguments()) throws -> Int64? {
        // To its end: a pragma that writes commits after its last row.
        try Row.fetchAll(self, sql: sql, arguments: arguments).first.flatMap { Int64.fromDatabaseValue($0[0]) }
    }

    /// The one text that a statement gives; nil when it gives none, or something else.
    func text(_ sql: String, arguments: StatementArguments = StatementArguments()) throws -> String? {
        try Row.fetchAll(self, sql: sql, arguments: arguments).first.flatMap { String.fromDatabaseValue($0[0]) }
    }
}
