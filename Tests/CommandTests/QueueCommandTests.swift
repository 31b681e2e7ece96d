import API
import ArgumentParser
import Fleet
import Presentation
import Testing

@testable import divvy

@Suite struct QueueCommandTests {
    private static let now = Samples.now

    @Test func `a request says all that there is to say`() throws {
        let words = [
            "hold", "--gpus", "2", "--nodes", "3", "--anti-affinity", "node:db", "--queue", "research/vision",
            "--reservation", "demo", "--compute", "0.5xa100",
        ]
        let hold = try #require(try Divvy.parseAsRoot(words) as? Hold)
        let body = try ReadRequest(hold.request.options).body(holder: .init(kind: .nobody))
        #expect(body.nodes == 3)
        #expect(body.antiAffinity == "node:db")
        #expect(body.queue == "research/vision")
        #expect(body.reservation == "demo")
        #expect(body.compute == "0.5xa100")
        let own = try OwnWords(["--nodes", "3", "--compute=40tflops", "--anti-affinity", "db", "--reservation", "demo"])
        #expect(own.request == RequestOptions(nodes: "3", compute: "40tflops", antiAffinity: "db", reservation: "demo"))
    }

    @Test func `run knows every option of a request as its own`() {
        let flags = Divvy.helpMessage(for: Hold.self, columns: 200)
        for option in ["--nodes", "--compute", "--anti-affinity", "--reservation", "--queue", "--gpus"] {
            #expect(flags.contains("\(option) "), "\(option)")
            #expect(OwnWords.names.contains(option), "\(option)")
        }
    }

    @Test(
        arguments: [
            (
                ["--max", "4", "--max-memory", "80GiB"],
                QuotaRequest(maximum: .init(milliGPU: 4000, memoryBytes: 80 << 30))
            ),
            (["--max", "none"], QuotaRequest(maximum: .init(milliGPU: .some(nil)))),
            (
                ["--guaranteed", "0.5", "--tenant-max-memory", "none", "--weight", "3"],
                QuotaRequest(
                    guaranteed: .init(milliGPU: 500), tenantMaximum: .init(memoryBytes: .some(nil)), weight: 3)
            ),
        ] as [([String], QuotaRequest)])
    func `a quota is changed by what is named`(_ words: [String], _ change: QuotaRequest) throws {
        let set = try #require(try Divvy.parseAsRoot(["quota", "set", "research"] + words) as? divvy.Quota.Set)
        #expect(set.change == change)
        #expect(set.queue == "research")
    }

    @Test(arguments: [
        ["quota", "set", "research"], ["quota", "set", "research", "--max", "many"],
        ["quota", "set", "research", "--max-memory", "80"], ["quota", "set", "--max", "1"], ["drain", "0"], ["drain"],
        ["reserve", "demo", "--gpus", "1"], ["reserve", "demo", "--for", "2h", "--from", "noon"],
        ["reserve", "demo", "--for", "2h", "--no-wait"], ["queue", "--columns", "id", "-o", "json"],
        ["offer", "-o", "csv"],
    ]) func `what cannot be meant is refused as bad usage`(_ words: [String]) throws {
        let error = try #require(#expect(throws: (any Error).self) { try Divvy.parseAsRoot(words) })
        #expect(Divvy.exitCode(for: error).rawValue == 64)
    }

    @Test func `quota alone lists, reserve with a name reserves`() throws {
        #expect(try Divvy.parseAsRoot(["quota"]) is divvy.Quota.List)
        #expect(try Divvy.parseAsRoot(["reserve", "list"]) is Reserve.List)
        #expect(try Divvy.parseAsRoot(["reserve", "cancel", "demo"]) is Reserve.Cancel)
        let words = ["reserve", "demo", "--gpus", "2", "--from", "14:00", "--for", "2h", "--tenants", "ada,bob"]
        #expect(throws: Never.self) { try Entry.refuseUnknownCommand(words) }
        let make = try #require(try Divvy.parseAsRoot(words) as? Reserve.Make)
        #expect(make.name == "demo")
        #expect(make.request.options.for == "2h")
        let failure = #expect(throws: Failure.self) { try Entry.refuseUnknownCommand(["quota", "rest", "a"]) }
        #expect(failure?.hint == "did you mean \"divvy quota reset\"?")
    }

    /// It is 2026-05-04T03:02:01Z, 05:02:01 where clocks are two hours ahead.
    @Test(
        arguments: [
            ("now", "2026-05-04T03:02:01.000Z"), ("+2h", "2026-05-04T05:02:01.000Z"),
            ("14:00", "2026-05-04T12:00:00.000Z"), ("05:02:02", "2026-05-04T03:02:02.000Z"),
            ("05:02:01", "2026-05-05T03:02:01.000Z"), ("5:00", "2026-05-05T03:00:00.000Z"),
            ("2026-12-01T08:00:00Z", "2026-12-01T08:00:00.000Z"),
            ("2026-12-01T08:00:00+01:00", "2026-12-01T07:00:00.000Z"),
            ("2026-12-01T08:00:00-05:30", "2026-12-01T13:30:00.000Z"), ("noon", nil), ("24:00", nil), ("+", nil),
            ("+-2h", nil), ("14", nil), ("", nil), ("2026-13-01T08:00:00Z", nil), ("14:0x", nil),
        ] as [(String, String?)])
    func `a beginning is read as people write it`(_ text: String, _ expected: String?) {
        let start = StartTime(text, now: Self.now) { _ in 7200 }
        #expect(start.map { "\($0.timestamp)" } == expected)
    }

    @Test func `a time of day is that of the clocks which hold then`() {
        // Clocks go back by an hour at 01:00 UTC on 2026-10-25.
        let change: Int64 = 1_792_890_000
        let now = Timestamp(wall: (change - 3600) * 1_000_000_000)
        let start = StartTime("08:00", now: now) { $0.wall / 1_000_000_000 < change ? 7200 : 3600 }
        #expect(start.map { "\($0.timestamp)" } == "2026-10-25T07:00:00.000Z")
    }

    @Test func `who waits is told when it starts, where that is known`() {
        #expect(
            WaitingLine.words(for: Samples.foreseen, Span(seconds: 90), now: Self.now)
                == "lease-19 waits, place 1, 1m30s, starts in 1h50m: 8 GPUs were asked for, 1 is free (Ctrl-C gives up)"
        )
    }

    @Test func `a drained GPU is told with what is still on it`() {
        let drain = DrainView(gpu: GPUID("GPU-1"), index: 1, reason: "loud fan", leases: [LeaseID(number: 3)])
        #expect(Drain.words(for: drain) == "GPU 1 gets no new leases (loud fan); still on it: lease-3")
        #expect(
            Drain.words(for: DrainView(gpu: GPUID("GPU-1"), index: 1, reason: nil, leases: []))
                == "GPU 1 is back in use")
        #expect(throws: Failure.self) { try Drain.gpu("7", of: Samples.fleet) }
        #expect(throws: Never.self) { try Drain.gpu("1", of: Samples.fleet) }
    }
}
