import Engine
import Fleet
import Foundation
import Ledger
import Synchronization
import Testing

@testable import API

@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
    private static let reading = WatchdogReading(
        counts: [WatchdogCount(kind: .overMemory, action: .kill): 3],
        open: [
            OpenFinding(
                Finding(.unleased, gpu: GPUID("GPU-1"), .process(pid: 7, startTicks: 8)), .warn, FindingEvidence(),
                since: Sample.now)
        ],
        strangers: [.init(gpu: GPUID("GPU-1"), processes: 2, memory: .gibibytes(3))])

    @Test func `are served as text that says what the watchdog has seen`() async throws {
        let pool = StandInPool()
        pool.state.withLock { $0.watchdog = Self.reading }
        try await TestDaemon.serving(pool) { daemon in
            let answer = try await RawConnection.call(daemon.socket, "GET", "/metrics")
            #expect(answer.status == 200)
            #expect(answer.head.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
            let lines = answer.body.split(separator: "\n")
            for line in [
                #"divvy_watchdog_findings_total{kind="over_memory",action="kill"} 3"#,
                #"divvy_watchdog_findings_total{kind="unleased",action="warn"} 0"#,
                #"divvy_watchdog_open_findings{kind="unleased"} 1"#,
                #"divvy_watchdog_open_findings{kind="over_share"} 0"#,
                #"divvy_gpu_unleased_processes{gpu="GPU-1"} 2"#,
                #"divvy_gpu_unleased_memory_bytes{gpu="GPU-1"} 3221225472"#,
                "# TYPE divvy_watchdog_findings_total counter",
                "# TYPE divvy_gpu_unleased_memory_bytes gauge",
            ] { #expect(lines.contains(line[...]), "\(line)\n\(answer.body)") }
            let posted = try await RawConnection.call(daemon.socket, "POST", "/metrics")
            #expect(posted.status == 405)
        }
    }

    @Test func `escape what a label or a text must not hold`() {
        var text = MetricsText()
        text.add("a_b", .gauge, help: "back \\ and\nline \"", [.init(("x", "q\" b\\ n\n"), value: -1)])
        #expect(text.text == "# HELP a_b back \\\\ and\\nline \"\n# TYPE a_b gauge\na_b{x=\"q\\\" b\\\\ n\\n\"} -1\n")
    }

    private static let promtool = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build/promtool/promtool").path

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: promtool)
                || ProcessInfo.processInfo.environment["CI"] == "true", "no promtool: run Scripts/promtool first"))
    func `are what Prometheus' own tool calls well-formed`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.promtool)
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        input.fileHandleForWriting.write(Data(MetricsText(Self.reading).text.utf8))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && said.isEmpty, "\(said)")
    }
}
