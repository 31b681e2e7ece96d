import Engine
import Foundation
import JournalProbe
import SQLiteJournal
import SystemPackage
import Testing

/// What becomes of acknowledged entries when the process is killed or the disk fails, one system call after another.
@Suite(.serialized) struct DiskTests {
    private static let times: Int64 = 6
    private static let batch: Int64 = 2

    @Test(.enabled("needs root, to mount a small disk", canMount))
    func `a full disk refuses asks, takes what is given back, and goes on when there is room`() async throws {
        try await withStateDirectory { directory in
            let parent = directory.removingLastComponent().string
            let run = try await runMounting(
                """
                mount -t tmpfs -o size=4m tmpfs \(parent)
                head -c 1572864 /dev/zero > \(parent)/ballast
                exec \(probePath) fill \(directory.string) \(parent)/ballast
                """)
            #expect(
                run.lines.dropFirst() == [
                    "MIXED 0", "ENDED 300", "ASKED 0", "RECOVERED \((run.number(after: "FIRST") ?? 0) + 300) true",
                    "ENDED 300", "ROOM true",
                ])
            #expect((run.number(after: "FIRST") ?? 0) > 100)
        }
    }

    @Test(
        .enabled("needs strace, to kill at a system call", canTrace),
        arguments: ["pwrite64", "fdatasync", "write", "ftruncate", "unlink"], Start.allCases)
    func `what was acknowledged survives a kill`(call: String, start: Start) async throws {
        try await killAtEach(call, start)
    }

    @Test(
        .enabled("needs strace, to kill at a system call", canTrace), arguments: ["fsync", "rename", "fallocate"])
    func `what was acknowledged survives a kill at what only a new journal does`(call: String) async throws {
        try await killAtEach(call, .anew)
    }

    @Test(
        .enabled("needs strace, to fail a system call", canTrace), arguments: ["pwrite64", "fdatasync"],
        [
            Failure(start: .anew, name: "EIO"), Failure(start: .again, name: "EIO"),
            Failure(start: .again, name: "ENOSPC"),
        ])
    func `a failed write is not acknowledged`(call: String, failure: Failure) async throws {
        var codes = Set<String>()
        let code = failure.name == "EIO" ? "failed" : "full"
        for number in 1...(try await count(of: call, failure.start)) {
            let (run, recovered) = try await disturb("\(call):error=\(failure.name):when=\(number)", failure.start)
            check(recovered, run, failure.start, "\(failure.name) at \(call) \(number)")
            if let error = run.word(after: "ERROR") {
                codes.insert(error)
                #expect(error == code, "\(run.lines)")
                // A full disk may have room the next time; a disk that failed is not asked again.
                if let again = run.word(after: "AGAIN") { #expect(again == (code == "full" ? "done" : code)) }
            } else {
                #expect(run.lines.last == "CLOSED \(failure.start.entries + Self.times * Self.batch)", "\(run.lines)")
            }
        }
        #expect(codes == [code], "at least one write failed, all in the same way")
    }

    private func killAtEach(_ call: String, _ start: Start) async throws {
        var fired = 0
        let total = try await count(of: call, start)
        for number in 1...total {
            let (run, recovered) = try await disturb("\(call):signal=KILL:when=\(number)", start)
            check(recovered, run, start, "killed at \(call) \(number)")
            let wasKilled = run.lines.last != "CLOSED \(start.entries + Self.times * Self.batch)"
            if wasKilled { fired += 1 }
        }
        #expect(fired * 3 >= total, "strace counts by thread, so that not every number is reached")
    }

    /// How often the probe makes a system call when nothing disturbs it.
    private func count(of call: String, _ start: Start) async throws -> Int {
        try await withStateDirectory { directory in
            let trace = directory.removingLastComponent().appending("trace").string
            try await prepare(directory, start)
            _ = try await runProbe(in: directory, ["-o", trace, "-e", "trace=\(call)"])
            return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
                .count { $0.contains(" \(call)(") }
        }
    }

    /// Whether the disturbed run makes the journal or finds one that was closed.
    ///
    /// strace counts calls by thread, and a journal is made on another thread than it is written on. So calls in the
    /// making hide as many calls in the writing, and both need a run of their own.
    enum Start: CaseIterable {
        case anew, again

        /// How many entries are there before the disturbed run.
        var entries: Int64 { self == .anew ? 0 : DiskTests.batch }
    }

    struct Failure: Sendable {
        let start: Start
        let name: String
    }

    /// Runs the probe in a new directory with one system call disturbed, then starts again on what it left.
    private func disturb(_ injection: String, _ start: Start) async throws -> (Run, recovered: Stored) {
        try await withStateDirectory { directory in
            try await prepare(directory, start)
            let call = injection.prefix { $0 != ":" }
            let run = try await runProbe(
                in: directory, ["-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(injection)"])
            let journal = try open(directory)
            let stored = try await Stored(of: journal)
            try await journal.append([Sample.entry(stored.last + 1)])
            #expect(try await Stored(of: journal).last == stored.last + 1)
            await journal.close()
            return (run, stored)
        }
    }

    private func prepare(_ directory: FilePath, _ start: Start) async throws {
        guard start == .again else { return }
        let journal = try open(directory)
        try await journal.append(Sample.entries(1...start.entries))
        await journal.close()
    }

    private func runProbe(in directory: FilePath, _ options: [String]) async throws -> Run {
        try await run(
            ["strace", "-f"] + options + [probePath, "append", directory.string, "\(Self.times)", "\(Self.batch)"])
    }

    /// Acknowledged is at most what is recovered; that is at most one batch more; all of it is right and there once.
    private func check(_ recovered: Stored, _ run: Run, _ start: Start, _ what: Comment) {
        let acknowledged = run.number(after: "ACK") ?? start.entries
        let retried = run.word(after: "AGAIN") == "done" ? Self.batch : 0
        #expect(recovered.last >= acknowledged + retried, what)
        #expect(recovered.last <= acknowledged + Self.batch, what)
        #expect(recovered.last % Self.batch == 0, what)
        #expect(recovered.history == Sample.entries(first: recovered.last), what)
        if let saved = run.number(after: "SAVED") { #expect(recovered.snapshot == saved, what) }
    }
}
