import Engine
import Foundation
import GRDB
import JournalProbe
import Subprocess
import SystemPackage
import Testing

@testable import SQLiteJournal

@Suite struct OpeningTests {
    @Test func `a second daemon is refused and told who has the directory`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            let error = #expect(throws: JournalError.self) { try open(directory) }
            #expect(error?.code == .inUse)
            #expect(error?.description.contains("process \(getpid())") == true)
            try await journal.append([Sample.entry(1)])

            let other = try await run([probePath, "append", directory.string, "1", "1"])
            #expect(other.word(after: "ERROR") == "inUse")
            await journal.close()
            let next = try await run([probePath, "append", directory.string, "1", "1"])
            #expect(next.lines == ["READY 1", "ACK 2", "CLOSED 2"])
        }
    }

    @Test func `another program cannot open the database meanwhile`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory)
            try await journal.append([Sample.entry(1)])
            let shell = try await run(["sqlite3", directory.journal.string, "select count(*) from entry"])
            #expect(!shell.status.isSuccess && shell.lines.isEmpty)
            await journal.close()
        }
    }

    @Test func `a newer schema is refused, with the release that is needed`() async throws {
        try await withStateDirectory { directory in
            let journal = try open(directory, release: "2.5")
            try await journal.append([Sample.entry(1)])
            await journal.close()
            try change(directory.journal, "PRAGMA user_version = 2")
            let before = try bytes(of: directory.journal)
            let error = #expect(throws: JournalError.self) { try open(directory, release: "1.0") }
            #expect(error?.code == .newer)
            #expect(error?.description.contains("schema 2, written by Divvy 2.5; this is Divvy 1.0") == true)
            #expect(try bytes(of: directory.journal) == before)
        }
    }

    @Test func `the release that writes is written down`() async throws {
        try await withStateDirectory { directory in
            for (release, sequence) in [("1.0", Int64(1)), ("1.1", 2)] {
                let journal = try open(directory, release: release)
                try await journal.append([Sample.entry(sequence)])
                await journal.close()
            }
            let queue = try DatabaseQueue(path: directory.journal.string)
            let stored = try await queue.read { try String.fetchAll($0, sql: "SELECT value FROM about") }
            #expect(stored == ["1.1"])
        }
    }

    @Test(arguments: [Data(), Data("no".utf8), Data(repeating: 0x41, count: 9000)])
    func `a file that is no database is refused and left alone`(content: Data) async throws {
        try await withStateDirectory { directory in
            try await open(directory).close()
            try write(content, to: directory.journal)
            let error = #expect(throws: JournalError.self) { try open(directory) }
            #expect(error?.code == .corrupt)
            #expect(error?.description.contains(directory.journal.string) == true)
            #expect(try bytes(of: directory.journal) == content)
        }
    }

    @Test func `the database of another program is refused`() async throws {
        try await withStateDirectory { directory in
            try await open(directory).close()
            try change(directory.journal, "PRAGMA application_id = 42")
            let error = #expect(throws: JournalError.self) { try open(directory) }
            #expect(error?.code == .corrupt)
            #expect(error?.description.contains("application id 42") == true)
        }
    }

    @Test func `a log without its database is refused`() async throws {
        try await withStateDirectory { directory in
            try await open(directory).close()
            try FileManager.default.moveItem(atPath: directory.journal.string, toPath: directory.log.string)
            #expect(throws: JournalError.self) { try open(directory) }
            #expect(!FileManager.default.fileExists(atPath: directory.journal.string))
        }
    }

    @Test func `a journal that was half made is made anew`() async throws {
        try await withStateDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
            try write(Data("SQLite format 3\0 and then nothing".utf8), to: directory.appending("journal.new"))
            try write(Data(repeating: 1, count: 100), to: directory.appending("journal.new-wal"))
            let journal = try open(directory)
            try await journal.append([Sample.entry(1)])
            await journal.close()
        }
    }

    @Test(.enabled("needs root, to mount a file system read-only", canMount))
    func `a read-only directory is said to be one`() async throws {
        try await withStateDirectory { directory in
            let parent = directory.removingLastComponent().string
            let readOnly = "mount --bind \(parent) \(parent); mount -o remount,ro,bind \(parent)"
            let probe = "exec \(probePath) append \(directory.string) 1 1"
            let none = try await runMounting("\(readOnly); \(probe)")
            #expect(none.word(after: "ERROR") == "notWritable", "\(none.lines)")
            _ = try await run([probePath, "append", directory.string, "1", "1"])
            let some = try await runMounting("\(readOnly); \(probe)")
            #expect(some.word(after: "ERROR") == "notWritable", "\(some.lines)")
            #expect(some.lines.first?.contains(directory.string) == true)
        }
    }

    /// Changes a database behind the journal's back.
    private func change(_ path: FilePath, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path.string)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try queue.close()
    }
}
