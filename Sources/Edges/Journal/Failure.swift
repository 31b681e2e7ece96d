import Engine
import GRDB
import Glibc
import SystemPackage

extension JournalError {
    /// A file of the state directory could not be opened or made.
    init(opening path: FilePath, _ error: any Error) {
        let failure = error as? Errno ?? .ioError
        self.init(Self.code(of: failure) ?? .failed, "Cannot open \(path): \(failure). \(Self.advice(for: failure))")
    }

    /// What SQLite said while `doing` something to `file`.
    ///
    /// SQLite keeps the system's error to itself, so `errno` tells a full disk from a broken one: whoever begins an
    /// operation sets it to 0 on the thread that SQLite works on, and makes this error there.
    init(_ error: DatabaseError, _ doing: String, _ file: FilePath) {
        let system = Errno(rawValue: errno)
        let result = error.extendedResultCode
        let said = "\(error.message ?? "SQLite error") (SQLite \(result.rawValue))"
        let sentence = "Cannot \(doing) \(file): \(said)."
        switch result.primaryResultCode {
        case .SQLITE_FULL: self = .full(sentence)
        case .SQLITE_READONLY, .SQLITE_PERM:
            self.init(.notWritable, "\(sentence) \(Self.advice(for: .readOnlyFileSystem))")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .inUse,
                "\(sentence) Another program has the file open; a journal is opened by its daemon alone. Close that "
                    + "program, or give it a copy.")
        // Every statement is fixed and known to work, so what SQLite does not accept is in the file.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH:
            self = .corrupt(file, said)
        case _ where result == .SQLITE_IOERR_SHORT_READ: self = .corrupt(file, said)
        default:
            guard let code = Self.code(of: system) else {
                self.init(.failed, "\(sentence) \(Self.failedAdvice)")
                return
            }
            self.init(code, "\(sentence.dropLast()): \(system). \(Self.advice(for: system))")
        }
    }

    static func full(_ sentence: String) -> JournalError { JournalError(.full, "\(sentence) \(fullAdvice)") }

    /// Damage to `file`; the caller must not have written to it.
    static func corrupt(_ file: FilePath, _ what: String) -> JournalError {
        JournalError(
            .corrupt,
            "\(file) is damaged: \(what). Nothing was changed. Put a copy of the state directory back that is whole, "
                + "or move \(file) and, if it is there, \(file)-wal away: the daemon then starts with an empty ledger "
                + "and takes no notice of leases granted before.")
    }

    private static let fullAdvice =
        "Free some room on the disk; leases can be given back meanwhile, and it goes on without a restart."
    private static let failedAdvice =
        "What was written last may or may not be there. Look at the kernel's log for the disk, then restart the "
        + "daemon: it goes on from what is stored."

    private static func code(of failure: Errno) -> Code? {
        switch failure {
        case .noSpace, .diskQuotaExceeded: .full
        case .readOnlyFileSystem, .permissionDenied, .notPermitted: .notWritable
        default: nil
        }
    }

    private static func advice(for failure: Errno) -> String {
        switch code(of: failure) {
        case .full: fullAdvice
        case .notWritable: "The daemon needs a state directory that its user owns and may write to."
        default: "Give the daemon a state directory on a local disk that works."
        }
    }
}
