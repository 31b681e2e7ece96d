import API
import Fleet
import Presentation
import Testing

@Suite struct QueueGoldenTests {
    @Test(arguments: OutputFormat.allCases) func `who waits in every format`(_ format: OutputFormat) throws {
        let lines = try Listing.waiting.lines(Samples.report.waiting, of: Samples.report, as: format)
        try expectGolden("queue.\(format.rawValue).txt", lines)
    }

    @Test(arguments: [OutputFormat.table, .wide, .csv, .name]) func `queues in the formats for lists`(
        _ format: OutputFormat
    ) throws {
        let lines = try Listing.queues.lines(Samples.report.queues, of: Samples.report, as: format)
        try expectGolden("queues.\(format.rawValue).txt", lines)
    }

    @Test(arguments: [OutputFormat.table, .json, .csv]) func `reservations in several formats`(
        _ format: OutputFormat
    ) throws {
        let lines = try Listing.reservations.lines(Samples.reservations.items, of: Samples.reservations, as: format)
        try expectGolden("reservations.\(format.rawValue).txt", lines)
    }

    @Test func `the lines below the queue say its rules`() throws {
        try expectGolden("queue.around.txt", Samples.report.closing.map(\.text))
    }

    @Test func `why says the reason first, then the numbers, the help and the start`() throws {
        let waiting = Samples.report.waiting
        let known = WhyView(
            answer: "lease-19 waits: \(waiting[0].explanation.summary)", lease: Samples.foreseen, waiting: waiting[0])
        let unknown = WhyView(
            answer: "lease-20 waits: \(waiting[1].explanation.summary)", lease: Samples.foreseen, waiting: waiting[1])
        let pressed = WhyView(
            answer: "lease-17 does not wait: it has a GPU", lease: Samples.pressed, waiting: nil)
        try expectGolden(
            "why.txt", [known, unknown, pressed].flatMap { $0.lines(palette: .plain) + [""] })
    }

    @Test func `an offer says what would be had, or when and why not now, or why never`() throws {
        let now = OfferView(
            answer: .now, request: "1 x 0.5 of any GPU", node: "box", grants: Samples.granted.grants, grade: .unfenced,
            fences: Grade.unfenced.fences)
        let why = Samples.report.waiting[0].explanation
        let later = OfferView(
            answer: .later, request: "8 x any GPU", position: 3, explanation: why, startsAt: Samples.later(90),
            startsInSeconds: 90)
        let unknown = OfferView(answer: .later, request: "8 x any GPU", position: 3, explanation: why)
        let never = OfferView(
            answer: .never, request: "9 x any GPU",
            explanation: .init(summary: "9 GPUs were asked for, the fleet has 8", counts: [], unblocks: nil))
        try expectGolden(
            "offer.txt", [now, later, unknown, never].flatMap { $0.lines(palette: .plain) + [""] })
        #expect([now, later, unknown, never].map(\.exitStatus) == [.done, .noCapacity, .noCapacity, .badData])
    }

    @Test func `everything about a lease that must make room`() throws {
        try expectGolden("lease.pressed.txt", Details(Samples.pressed, now: Samples.now).lines())
        try expectGolden("lease.foreseen.txt", Details(Samples.foreseen, now: Samples.now).lines())
    }

    @Test func `states of leases and GPUs show what matters most`() throws {
        let leases = [Samples.pressed, Samples.foreseen]
        #expect(
            leases.map { Listing.leases(now: Samples.now).columns[4].cell($0).text } == [
                "granted, makes room", "waiting (1), starts in 1h50m",
            ])
        let listing = try Listing.gpus.only(["health", "index"])
        #expect(listing.table([Samples.drained], isWide: false).rows[0].map(\.text) == ["drained: loud fan", "0"])
    }

    @Test func `columns are chosen by name or heading, and a slip is pointed at`() throws {
        let lines = try Listing.waiting.only(["id", "STARTS IN", "unblocks"]).lines(
            Samples.report.waiting, of: Samples.report, as: .csv)
        #expect(lines[0] == "id,startsInSeconds,unblocks")
        #expect(lines[1] == "lease-19,6600,7 more GPUs that are free")
        let failure = #expect(throws: Failure.self) { try Listing.waiting.only(["prority"]) }
        #expect(failure?.status == .badUsage)
        #expect(failure?.hint?.hasPrefix("did you mean \"priority\"?") == true)
    }

    @Test func `a queue is found by its path or its last name`() throws {
        let report = Samples.report
        #expect(try report.path(of: "research/vision") == "research/vision")
        #expect(try report.path(of: "vision") == "research/vision")
        let failure = #expect(throws: Failure.self) { try report.path(of: "reserch") }
        #expect(failure?.status == .notFound)
        #expect(failure?.hint?.hasPrefix("did you mean \"research\"?") == true)
        #expect(report.only("research").queues.map(\.path) == ["research", "research/vision"])
        #expect(report.only("research/vision").waiting.map(\.position) == [1])
    }
}
