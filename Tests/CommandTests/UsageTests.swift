import ArgumentParser
import Foundation
import Presentation
import Testing

@testable import divvy

@Suite struct UsageTests {
    private func refusal(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let error = try #require(#expect(throws: (any Error).self) { try Divvy.parseAsRoot(arguments) })
        return (Divvy.exitCode(for: error).rawValue, Divvy.fullMessage(for: error, columns: 100))
    }

    @Test(arguments: [["--watch=x"], ["--watch", "x"], ["--watch=0"], ["--watch", "0"], ["--watch=nan"]])
    func `a time between two listings that is none is named with the range`(_ watch: [String]) throws {
        for command in ["ls", "ps"] {
            let (status, text) = try refusal([command] + watch)
            #expect(status == 64)
            let value = watch.count == 2 ? watch[1] : String(watch[0].dropFirst(8))
            #expect(text.hasPrefix("divvy: --watch takes a number of seconds from 0.1 to 86400, not \"\(value)\"\n"))
        }
    }

    @Test(
        arguments: [
            ([], nil), (["--watch"], 2), (["--watch", "0.5"], 0.5), (["--watch=30"], 30),
            (["--watch", "-o", "jsonl"], 2),
        ] as [([String], Double?)])
    func `a listing comes again after its time`(_ words: [String], _ interval: Double?) throws {
        let ls = try #require(try Divvy.parseAsRoot(["ls"] + words) as? Ls)
        #expect(ls.output.interval == interval)
    }

    @Test(arguments: [
        (["show", "gpu/0"], "csv", ["table", "json", "jsonl", "yaml", "name"]),
        (["topo"], "wide", ["table", "json", "yaml", "csv"]), (["top"], "csv", ["table", "json", "yaml"]),
        (["version"], "name", ["table", "json", "yaml"]), (["ls"], "xml", OutputFormat.allCases.map(\.rawValue)),
    ]) func `a format that a command has not is refused with those that it has`(
        _ command: [String], _ format: String, _ accepted: [String]
    ) throws {
        let (status, text) = try refusal(command + ["-o", format])
        #expect(status == 64)
        let message = text.components(separatedBy: "Help:")[0]
        #expect(message.contains("'\(format)'"))
        for name in accepted { #expect(message.contains(name), "\(name)") }
        for other in OutputFormat.allCases.map(\.rawValue) where !accepted.contains(other) && other != format {
            #expect(!message.contains("'\(other)'"))
        }
        for name in accepted { #expect(throws: Never.self) { try Divvy.parseAsRoot(command + ["-o", name]) } }
    }

    @Test(arguments: [
        (["nosuch"], "there is no command \"nosuch\"", "`divvy help` lists all commands"),
        (["relaese"], "there is no command \"relaese\"", "did you mean \"divvy release\"?"),
        (["help", "nosuch"], "there is no command \"nosuch\"", "`divvy help` lists all commands"),
        (["help", "shwo"], "there is no command \"shwo\"", "did you mean \"divvy help show\"?"),
        (["cdi", "lst"], "there is no command \"cdi lst\"", "did you mean \"divvy cdi list\"?"),
        (["help", "cdi", "lst"], "there is no command \"cdi lst\"", "did you mean \"divvy help cdi list\"?"),
    ]) func `a command that there is not is refused, also after help`(
        _ arguments: [String], _ message: String, _ hint: String
    ) throws {
        let failure = try #require(#expect(throws: Failure.self) { try Entry.refuseUnknownCommand(arguments) })
        #expect(failure == Failure(.badUsage, message, hint: hint))
    }

    @Test(arguments: [
        [], ["help"], ["help", "run"], ["help", "cdi", "list"], ["--version"], ["confine"], ["show", "nosuch"],
        ["cdi", "--help"], ["sim", "process", "add"],
        ["help", "show", "thing"],
    ]) func `a command that there is is not refused`(_ arguments: [String]) {
        #expect(throws: Never.self) { try Entry.refuseUnknownCommand(arguments) }
    }

    @Test func `a slip in an option of run is pointed at`() throws {
        let failure = try #require(
            #expect(throws: Failure.self) { try LeasedRun(words: ["--gpsu", "1", "--", "true"]) })
        #expect(failure.status == .badUsage)
        #expect(failure.hint == "did you mean --gpus?")
        let other = #expect(throws: Failure.self) { try LeasedRun(words: ["--tty", "--", "true"]) }
        #expect(other?.hint == nil)
    }

    @Test func `the parser's own messages begin as all others do`() throws {
        #expect(try refusal(["ls", "--gpu"]).text.hasPrefix("divvy: Unknown option '--gpu'"))
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `run is completed with all options of its own`(
        _ shell: String
    ) throws {
        let known = try #require(CompletionShell(rawValue: shell))
        let script = CompletedDivvy.completionScript(for: known)
        #expect(!script.contains("completed"), "the name of the command line that is completed")
        let help = CompletedDivvy.helpMessage(for: CompletedRun.self, columns: 200)
        for option in OwnWords.names {
            #expect(help.contains("\(option) ") || help.contains("\(option)\n"), "\(option)")
        }
        // Once for `run`, once for `hold`.
        #expect(script.ranges(of: "gpu-memory").count >= 2)
        for word in ["lease-name", "podman"] { #expect(script.contains(word), "\(word)") }
    }
}
