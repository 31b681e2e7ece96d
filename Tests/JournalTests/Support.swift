import Engine
import Foundation
import JournalProbe
import Ledger
import SQLiteJournal
import Subprocess
import SystemPackage
import Testing

/// A state directory that is there for as long as `body` runs; it is not made yet.
func withStateDirectory<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let parent = FilePath(NSTemporaryDirectory()).appending("divvy-journal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: parent.string, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: parent.string) }
    return try await body(parent.appending("state"))
}

extension FilePath {
    var journal: FilePath { appending("journal.sqlite") }
    var log: FilePath { appending("journal.sqlite-wal") }
}

func bytes(of path: FilePath) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path.string)) }

func write(_ data: Data, to path: FilePath) throws { try data.write(to: URL(fileURLWithPath: path.string)) }

func open(_ directory: FilePath, release: String = "1.0") throws(JournalError) -> SQLiteJournal {
    try SQLiteJournal(directory: directory, release: release)
}

func snapshot(at sequence: Int64, leases: Int = 3) -> JournalSnapshot {
    let entry = Sample.entry(sequence)
    return JournalSnapshot(
        sequence: sequence, at: entry.at, wall: entry.wall, ledger: Sample.ledger(leases: leases))
}

/// Everything that a journal gives out: what a start needs and the whole history.
struct Stored: Equatable {
    let snapshot: Int64?
    let leases: Int?
    let entries: [JournalEntry]
    let history: [JournalEntry]

    init(of journal: SQLiteJournal) async throws(JournalError) {
        let contents = try await journal.load()
        snapshot = contents.snapshot?.sequence
        leases = contents.snapshot?.ledger.leases.count
        entries = contents.entries
        history = try await journal.history(after: 0, limit: 1_000_000)
    }

    /// The last number, from the snapshot or from the entries after it.
    var last: Int64 { entries.last?.sequence ?? snapshot ?? 0 }
}

/// What a child process printed, line by line, and how it ended.
struct Run {
    let lines: [String]
    let status: TerminationStatus

    /// The number on the last line that begins with `word`.
    func number(after word: String) -> Int64? {
        lines.last { $0.hasPrefix("\(word) ") }.flatMap { Int64($0.split(separator: " ")[1]) }
    }

    func word(after word: String) -> String? {
        lines.last { $0.hasPrefix("\(word) ") }.map { String($0.split(separator: " ")[1]) }
    }
}

/// The probe was built beside the program that these tests run in.
let probePath: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return FilePath(own).removingLastComponent().appending("JournalProbe").string
}()

func run(_ words: [String]) async throws -> Run {
    let result = try await Subprocess.run(
        words[0].contains("/") ? .path(FilePath(words[0])) : .name(words[0]),
        arguments: Arguments(Array(words.dropFirst())), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    let lines = result.standardOutput.split(separator: "\n").map(String.init)
    return Run(lines: lines, status: result.terminationStatus)
}

/// Runs a shell script in a mount namespace of its own, where it may mount what it likes.
func runMounting(_ script: String) async throws -> Run {
    try await run(["unshare", "--mount", "sh", "-ec", script])
}

let isContinuousIntegration = ProcessInfo.processInfo.environment["CI"] == "true"

/// Whether file systems may be mounted here; where tests must not skip it is taken for granted.
func canMount() async -> Bool {
    if isContinuousIntegration { return true }
    guard let run = try? await runMounting("mount -t tmpfs none /mnt") else { return false }
    return run.status.isSuccess
}

/// Whether system calls can be made to fail; where tests must not skip it is taken for granted.
func canTrace() async -> Bool {
    if isContinuousIntegration { return true }
    guard let run = try? await run(["strace", "-f", "-o", "/dev/null", "true"]) else { return false }
    return run.status.isSuccess
}
