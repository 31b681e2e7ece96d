import ArgumentParser
import Fleet
import Foundation
import Presentation
import Testing

@testable import divvy

@Suite struct `Simulating jobs` {
    @Test func `a fleet is profiles with numbers`() throws {
        let nodes = try SimulatedFleet.nodes("dgx-a100x2,2x-rtx-a6000x3,mixed")
        #expect(nodes.map(\.node.gpus.count) == [8, 8, 2, 2, 2, 4])
        #expect(nodes[1].node.name == "dgx-a100-2")
        #expect(nodes[0].node.gpus[0].memory.total == .gibibytes(40))
        #expect(nodes[0].node.links[0][1].nvlinks == 12)
        #expect(nodes[0].node.gpus[2].numaNode == 1)
        #expect(Set(nodes.flatMap { $0.node.gpus.map(\.id) }).count == 26)
    }

    @Test(arguments: ["dgx-a100x0", "dgx-a100x", "x3", "", "dgx-b900x2", "dgx-a100x2,", "dgx-a100x100001"])
    func `what is no fleet is refused with the profiles there are`(text: String) {
        let failure = #expect(throws: Failure.self) { try SimulatedFleet.nodes(text) }
        #expect(failure?.status == .badUsage)
    }

    private static let usual = ["simulate", "jobs", "--trace", "t.csv", "--fleet", "dgx-a100"]

    @Test(arguments: [
        ["--queue", "lifo"], ["--policy", "best"], ["--speed", "0"], ["--limits", "x0.5"], ["--limits", "some"],
        ["--from", "3"], ["--from", "2d", "--until", "1d"], ["--format", "swf"], ["-o", "csv"],
        ["--plan-every", "-1s"],
        ["--preempted", "kill"],
    ])
    func `what an option does not take is refused before anything is read`(_ words: [String]) throws {
        let error = #expect(throws: (any Error).self) { try Divvy.parseAsRoot(Self.usual + words) }
        #expect(Divvy.exitCode(for: try #require(error)).rawValue == 64)
    }

    @Test func `several policies and a bent trace are read`() throws {
        let command = try #require(
            try Divvy.parseAsRoot(
                Self.usual + [
                    "--queue", "fifo,easy,preempt", "--policy", "all", "--limits", "x1.5", "--from", "1h", "--until",
                    "2d", "--speed", "1.25", "--whole", "--plan-every", "30s", "--preempted", "resume", "--no-timing",
                ]) as? SimulateJobs)
        #expect(command.bending.limits == "x1.5")
        #expect(command.bending.whole)
        #expect(command.noTiming)
        #expect(try TraceBending.span("1h30m", "--from") == Span(seconds: 5400))
        #expect(throws: (any Error).self) { try TraceBending.span("0s", "--from") }
    }

    @Test(arguments: [
        ["jobs", "--load", "0"], ["jobs", "--shapes", "1x2=3"], ["jobs", "--shapes", "1=3"], ["nodes", "--count", "0"],
        ["jobs", "--shapes", "1x1=1", "--pods", "p.csv"], ["pods", "--count", "x"], ["fleets"],
    ])
    func `what a generator does not take is refused`(_ words: [String]) throws {
        let error = #expect(throws: (any Error).self) { try Divvy.parseAsRoot(["simulate", "generate"] + words) }
        #expect(Divvy.exitCode(for: try #require(error)).rawValue == 64)
    }

    @Test func `a page is written that shows every run`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let trace = folder.appendingPathComponent("jobs.csv").path
        let page = folder.appendingPathComponent("page.html").path
        try "submit,duration,gpus,queue\n0,100,8,a\n1,50,2,b\n2,50,2,a\n".write(
            toFile: trace, atomically: true, encoding: .utf8)
        let command = try #require(
            try Divvy.parseAsRoot([
                "simulate", "jobs", "--trace", trace, "--fleet", "dgx-a100", "--queue", "fifo,fair", "--report", page,
                "--no-timing",
            ]) as? SimulateJobs)
        try command.run()
        let text = try String(contentsOfFile: page, encoding: .utf8)
        #expect(text.contains("fifo, best-fit"))
        #expect(text.contains("fair, best-fit"))
        try "submit,duration,gpus\n0,x,1\n".write(toFile: trace, atomically: true, encoding: .utf8)
        let failure = #expect(throws: Failure.self) { try command.run() }
        #expect(failure?.status == .badData)
        #expect(failure?.message.contains("jobs.csv:2: duration is \"x\"") == true)
    }
}
