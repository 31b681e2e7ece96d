import Fleet
import Foundation
import Placement
import Presentation
import Queueing
import Testing

@Suite struct QueueingSettingsTests {
    private static let text = """
        placementPolicy: fgd
        queueing:
          order: fair
          backfill: conservative
          preemption: reclaim
          halfLife: 14d
          ageing: never
          preemptionNotice: 0s
          depth: 50
          queues:
            research:
              weight: 3
              guaranteed: {gpus: 4, memory: 160GiB}
              max: {gpus: 6.5}
              queues:
                vision:
                  guaranteed: {gpus: 1}
                  tenantMax: {memory: 40GiB}
                  tenants: [ada, "bob, the 2nd"]
                  policy: spread
                  longest: 1d12h
                  minimumRun: 10m
                  idle:
                    warnAfter: 30m
                    grace: 5m
                    action: shrink
                    keep: 0.25
                speech:
            default:
              lends: false
              borrows: true
              priority: -5
        """

    private func settings(_ text: String) throws -> Settings {
        try SettingsSources(environment: [:]).settings(file: "/c.yaml") { _ in text }
    }

    private func issues(_ block: String) -> [String] {
        SettingsFile(path: "/c.yaml", text: "queueing:\n" + block).issues.map(\.description)
    }

    @Test func `a block of queues is read whole`() throws {
        let queueing = try settings(Self.text).queueing
        #expect(queueing.order == .fair)
        #expect(queueing.backfill == .conservative)
        #expect(queueing.preemption == .reclaim)
        #expect(queueing.halfLife == Span(seconds: 14 * 86_400))
        #expect(queueing.ageing == nil)
        #expect(queueing.preemptionNotice == .zero)
        #expect(queueing.depth == 50)
        #expect(queueing.queues.map(\.path) == ["default", "research", "research/speech", "research/vision"])
        #expect(queueing.queues[0].lends == false)
        #expect(queueing.queues[0].priority == -5)
        #expect(queueing.queues[1].weight == 3)
        #expect(queueing.queues[1].guaranteed == Quota(milliGPU: 4000, memory: .gibibytes(160)))
        #expect(queueing.queues[1].maximum == Quota(milliGPU: 6500))
        let vision = queueing.queues[3]
        #expect(vision.tenantMaximum == Quota(memory: .gibibytes(40)))
        #expect(vision.tenants == ["ada", "bob, the 2nd"])
        #expect(vision.placement == .spread)
        #expect(vision.longest == Span(seconds: 129_600))
        #expect(vision.minimumRun == Span(seconds: 600))
        #expect(vision.idle?.action == .shrink)
        #expect(vision.idle?.keep == Share(milli: 250))
    }

    @Test func `what is shown reads back to the same settings`() throws {
        let before = try settings(Self.text)
        let paths = StandardPaths(uid: 0, environment: [:])
        let shown = before.yaml(paths: paths)
        #expect(try settings(shown.joined(separator: "\n")) == before)
        #expect(try settings(Settings().yaml(paths: paths).joined(separator: "\n")) == Settings())
        try expectGolden("settings.yaml.txt", shown)
    }

    @Test func `the sample configuration, without its comment signs, is one`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Packaging/config.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "# queueing:"))
        let block = lines[start...].map { String($0.dropFirst(2)) }.joined(separator: "\n")
        let read = SettingsFile(path: "/c.yaml", text: block)
        #expect(read.issues.isEmpty, "\(read.issues)")
        var queueing = try settings(block).queueing
        #expect(queueing.queues.map(\.path) == ["research", "research/speech", "research/vision"])
        // Every key is shown with its default.
        queueing.queues = []
        #expect(queueing == QueueingSettings())
        #expect(read.count == 7 + 3)
    }

    @Test func `every queue tells where it stands`() throws {
        let sources = SettingsSources(environment: [:])
        let (settings, origins) = try sources.settingsWithOrigins(file: "/c.yaml") { _ in Self.text }
        let table = Table(settings, origins: origins, paths: StandardPaths(uid: 0, environment: [:]))
        try expectGolden("settings.queues.txt", table.lines())
    }

    @Test func `the strongest file with the block decides all of it`() throws {
        let files = [
            "/home/ada/.config/divvy/config.yaml": "queueing:\n  order: fair",
            SettingsSources.systemFile: "queueing:\n  backfill: none\n  queues: {a: }",
        ]
        let result = try SettingsSources(environment: ["HOME": "/home/ada"]).settings { files[$0] }
        #expect(result.queueing.order == .fair)
        #expect(result.queueing.backfill == .easy)
        #expect(result.queueing.queues.isEmpty)
    }

    @Test(arguments: [
        ("  order: fastest", "/c.yaml:2: \"fastest\" is no value of queueing.order; it is arrival, fair or classic"),
        ("  ordr: fair", "/c.yaml:2: \"ordr\" is not a key of queueing; did you mean \"order\"?"),
        (
            "  colour: blue",
            "/c.yaml:2: \"colour\" is not a key of queueing; the keys are order, backfill, preemption, halfLife, ageing, "
                + "preemptionNotice, depth, queues"
        ),
        (
            "  halfLife: soon",
            "/c.yaml:2: \"soon\" is no value of queueing.halfLife; it is a length of time such as 90s, 30m, 2h or 7d, "
                + "above 0"
        ),
        ("  order: [fair]", "/c.yaml:2: queueing.order needs one value: arrival, fair or classic"),
        ("  queues: [a, b]", "/c.yaml:2: queueing.queues is a block: queues by name, each with its keys below it"),
        (
            "  queues:\n    a:\n      weight: 0",
            "/c.yaml:4: \"0\" is no value of weight of queue \"a\"; it is a whole number from 1 to 1000000"
        ),
        (
            "  queues:\n    a:\n      queues:\n        b:\n          wieght: 2",
            "/c.yaml:6: \"wieght\" is not a key of queue \"a/b\"; did you mean \"weight\"?"
        ),
        (
            "  queues:\n    a:\n      max: {gpus: many}",
            "/c.yaml:4: \"many\" is no value of gpus of max of queue \"a\"; it is a number of GPUs such as 2 or 0.5"
        ),
        (
            "  queues:\n    a:\n      max: 4",
            "/c.yaml:4: max of queue \"a\" is a block: gpus and memory, such as {gpus: 2, memory: 80GiB}"
        ),
        (
            "  queues:\n    a:\n      max: {memory: 80}",
            "/c.yaml:4: \"80\" is no value of memory of max of queue \"a\"; it is an amount of memory such as 80GiB or "
                + "1.5TiB"
        ),
        (
            "  queues:\n    a:\n      lends: maybe",
            "/c.yaml:4: \"maybe\" is no value of lends of queue \"a\"; it is true or false"
        ),
        (
            "  queues:\n    a:\n      policy: best",
            "/c.yaml:4: \"best\" is no value of policy of queue \"a\"; it is random, round-robin, least-loaded, spread, "
                + "best-fit, dot-product, gpu-packing, gpu-clustering, fgd or divvy"
        ),
        (
            "  queues:\n    a:\n      idle: {warnAfter: 30m}",
            "/c.yaml:4: idle of queue \"a\" needs warnAfter, grace and action, such as {warnAfter: 30m, grace: 10m, "
                + "action: release}"
        ),
        (
            "  queues:\n    a/b:\n      weight: 1",
            "/c.yaml:3: \"a/b\" is not the name of a queue; names are letters, digits, \"-\", \"_\" and \".\", and a queue "
                + "below another stands under its \"queues\""
        ),
    ])
    func `a slip is pointed at with its line, what was written and what is accepted`(_ block: String, _ issue: String) {
        #expect(issues(block) == [issue])
    }

    @Test(arguments: [
        ("  queues:\n    b:\n    a:\n      guaranteed: {gpus: 3}\n      max: {gpus: 2}", 4, "queue \"a\" has 3 GPUs"),
        (
            "  queues:\n    a:\n      guaranteed: {gpus: 1}\n      queues:\n        b:\n          guaranteed: {gpus: 2}",
            3,
            "queue \"a\""
        ),
        ("  queues:\n    a:\n      borrows: false", 3, "may not borrow"),
        ("  queues:\n    default:\n      queues:\n        x:", 3, "default"),
        ("  queues:\n    -a:\n      weight: 1", 3, "-a"),
    ])
    func `queues that make no tree are refused at the queue that breaks it`(
        _ block: String, _ line: Int, _ words: String
    ) {
        let found = issues(block)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/c.yaml:\(line): ") == true, "\(found)")
        #expect(found.first?.contains(words) == true, "\(found)")
    }

    @Test func `several slips are told at once`() {
        let found = issues("  order: x\n  depth: 0\n  queues:\n    a:\n      weight: x\n      max: {gpu: 1}")
        #expect(found.map { $0.prefix(9) } == ["/c.yaml:2", "/c.yaml:3", "/c.yaml:6", "/c.yaml:7"])
    }

    @Test(
        arguments: [
            ("2", 2000), ("0.5", 500), ("2.125", 2125), ("0", 0), ("1/2", nil), ("0.0001", nil), ("-1", nil), ("", nil),
            (".5", nil), ("1.", nil), ("9999999999999", nil), ("two", nil),
        ] as [(String, Int64?)]) func `a number of GPUs reads back`(_ text: String, _ milli: Int64?)
    {
        #expect(QuantityText.milliGPU(text) == milli)
        if let milli { #expect(QuantityText.milliGPU(QuantityText.text(milliGPU: milli)) == milli) }
    }

    @Test(
        arguments: [
            ("80GiB", 80 << 30), ("1.5TiB", 3 << 39), ("80G", 80_000_000_000), ("80 GB", 80_000_000_000),
            ("12345B", 12_345), ("0", 0), ("1.5B", nil), ("80", nil), ("-1GiB", nil), ("9999999TiB", nil), ("GiB", nil),
        ] as [(String, Int64?)]) func `an amount of memory reads back`(_ text: String, _ bytes: Int64?)
    {
        #expect(QuantityText.bytes(text)?.count == bytes)
        if let bytes { #expect(QuantityText.bytes(QuantityText.text(Bytes(bytes)))?.count == bytes) }
    }
}
