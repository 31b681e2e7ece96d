import Foundation
import Testing

@testable import Fleet

@Suite struct `A request` {
    private func parse(_ arguments: String...) throws -> Request { try RequestParser.parse(arguments: arguments).0 }

    private func refusal(_ arguments: String...) throws -> RequestError {
        try #require(throws: RequestError.self) { try RequestParser.parse(arguments: arguments) }
    }

    @Test func `without options is one whole GPU of any model, waited for`() throws {
        let request = try parse()
        #expect(request == Request())
        #expect(request.canonical == "1 x any GPU")
        #expect(request.patience == .wait(limit: nil) && request.portion == .whole && request.count == .one)
    }

    @Test func `reads all its options`() throws {
        let request = try parse(
            "--gpus", "h100,h200:80GiB..:2x0.5", "--gpu-memory", "10GiB", "--grade", "cooperative", "--share", "time",
            "--topology", "nvlink", "--for", "1h30m", "--queue", "night", "--priority", "-3", "--wait=30m")
        #expect(request.count == CountRange(exactly: 2))
        #expect(request.portion == .share(Share(milli: 500)))
        #expect(request.memory == MemoryRange(exactly: .gibibytes(10)))
        #expect(request.models == ["h100", "h200"])
        #expect(request.gpuMemory == MemoryRange(.gibibytes(80), nil))
        #expect(request.minimumGrade == .cooperative && request.sharing == .time && request.topology == .nvlink)
        #expect(request.duration == Span(seconds: 5400) && request.queue == "night" && request.priority == -3)
        #expect(request.patience == .wait(limit: Span(seconds: 1800)))
        #expect(
            request.canonical == """
                2 x 0.5 of h100 or h200 GPU with at least 80 GiB, 10 GiB each, at least cooperative, shared by time, \
                nvlink, for 1h30m, queue night, priority -3, waiting at most 30m
                """)
        #expect(try RequestParser.parse(arguments: request.canonicalOptions).0 == request)
    }

    @Test func `says in words what it asks for`() throws {
        #expect(try parse("--gpus", "0.5", "--gpu-memory", "10GiB").canonical == "1 x 0.5 of any GPU, 10 GiB each")
        #expect(try parse("--gpu-memory", "10GiB").canonical == "1 x part of any GPU, 10 GiB each")
        #expect(try parse("--slice", "3g.71gb", "--no-wait").canonical == "1 x 3g.71gb of any GPU, without waiting")
    }

    @Test func `for devices is written as Docker takes it`() throws {
        #expect(try parse("--gpus", "device=0,2").canonicalOptions == ["--gpus", "\"device=0,2\""])
        #expect(try parse("--gpus", "driver=nvidia,device=0").canonicalOptions == ["--gpus", "driver=nvidia,device=0"])
    }

    @Test func `for memory alone gets compute in proportion to it`() throws {
        #expect(try parse("--gpu-memory", "10GiB").portion == .memory)
        #expect(try parse("--gpu-memory", "10GiB", "--gpus", "h100").portion == .memory)
        #expect(try parse("--gpu-memory", "10GiB", "--gpus", "device=0").portion == .memory)
        #expect(try parse("--gpu-memory", "10GiB", "--gpus", "2xmemory").count == CountRange(exactly: 2))
        #expect(try parse("--gpu-memory", "10GiB", "--gpus", "1").portion == .whole)
        #expect(try parse("--gpu-memory", "10GiB", "--gpus", "h100:1").portion == .whole)
        #expect(try parse("--gpu-memory", "10GiB", "--share", "exclusive").portion == .whole)
        #expect(try parse("--gpu-memory", "10GiB", "--grade", "exclusive").portion == .whole)
    }

    @Test func `for slices takes their number of GPUs from --gpus`() throws {
        let request = try parse("--gpus", "h200:2", "--slice", "3G.71GB,1g.18gb+me,9")
        #expect(request.portion == .slice(profiles: ["3g.71gb", "1g.18gb+me", "9"]))
        #expect(request.count == CountRange(exactly: 2) && request.models == ["h200"])
    }

    @Test func `for several nodes says what each gives`() throws {
        let request = try parse("--gpus", "h100:8", "--nodes", "4")
        #expect(request.count == CountRange(exactly: 8) && request.nodes == 4)
        #expect(request.canonical == "8 x h100 GPU, on each of 4 nodes")
        #expect(request.canonicalOptions == ["--gpus", "h100:8", "--nodes", "4"])
        #expect(try parse("--nodes", "1") == Request())
    }

    @Test func `for an amount of compute leaves the model open`() throws {
        let tflops = try parse("--compute", "40tflops")
        #expect(tflops.portion == .compute(.gigaflops(40_000)))
        #expect(tflops.canonical == "1 x 40 TFLOPS on any GPU")
        #expect(tflops.canonicalOptions == ["--compute", "40tflops"])
        let part = try parse("--compute", "0.5xA100", "--gpus", "2")
        #expect(part.portion == .compute(.ofModel(milli: 500, model: "a100")) && part.count == CountRange(exactly: 2))
        #expect(part.canonical == "2 x the compute of 0.5 a100 on any GPU")
        #expect(part.canonicalOptions == ["--gpus", "2", "--compute", "0.5xa100"])
        #expect(try parse("--compute", "1.5pflops").portion == .compute(.gigaflops(1_500_000)))
    }

    @Test func `says whom it keeps away from`() throws {
        let gpu = try parse("--anti-affinity", "db")
        #expect(gpu.antiAffinity == .init("db") && gpu.canonical == "1 x any GPU, on no GPU with db")
        let node = try parse("--anti-affinity", "node:db")
        #expect(node.antiAffinity == .init("db", scope: .node))
        #expect(node.canonical == "1 x any GPU, on no node with db")
        #expect(node.canonicalOptions == ["--gpus", "1", "--anti-affinity", "node:db"])
    }

    @Test func `reads from journals what was written before nodes, compute and anti-affinity`() throws {
        let written = """
            {"capabilities":["compute"],"count":{"isAll":false,"lower":2,"upper":2},"devices":[],"duration":60000000000,\
            "gpuMemory":{"lower":85899345920},"memory":{"lower":10737418240,"upper":10737418240},"models":["h100"],\
            "minimumGrade":"unfenced","patience":{"wait":{}},"portion":{"share":{"_0":500}},"priority":3,\
            "queue":"night","topology":"nvlink"}
            """
        let request = try JSONDecoder().decode(Request.self, from: Data(written.utf8))
        #expect(
            try request
                == parse(
                    "--gpus", "h100:80GiB..:2x0.5,capabilities=compute", "--gpu-memory", "10GiB", "--grade", "unfenced",
                    "--topology", "nvlink", "--for", "1m", "--queue", "night", "--priority", "3"))
        #expect(request.nodes == 1 && request.antiAffinity == nil)
    }

    @Test func `that contradicts itself is refused`() throws {
        #expect(try refusal("--gpus", "0.5", "--compute", "40tflops").option == "--gpus")
        #expect(try refusal("--slice", "3g.71gb", "--compute", "40tflops").option == "--compute")
        #expect(try refusal("--compute", "40tflops", "--grade", "exclusive").option == "--grade")
        #expect(try refusal("--gpus", "device=0,1", "--nodes", "2").option == "--nodes")
        #expect(try refusal("--nodes", "2", "--topology", "same-node").option == "--topology")
        #expect(try refusal("--gpus", "0.5", "--slice", "3g.71gb").option == "--gpus")
        #expect(try refusal("--share", "mps", "--slice", "3g.71gb").option == "--share")
        #expect(try refusal("--gpus", "0.5", "--share", "exclusive").option == "--share")
        #expect(try refusal("--gpus", "0.5", "--grade", "exclusive").option == "--grade")
        #expect(try refusal("--wait=5m", "--no-wait").message == "it contradicts --no-wait")
        #expect(try refusal("--wait", "--no-wait").message == "it contradicts --no-wait")
    }

    @Test func `waits or does not, as told`() throws {
        #expect(try parse("--wait").patience == .wait(limit: nil))
        #expect(try parse("--wait=5m").patience == .wait(limit: Span(seconds: 300)))
        #expect(try parse("--no-wait").patience == .refuse)
    }

    @Test func `notes what it understood in an unusual way`() throws {
        func notes(_ gpus: String) throws -> [String] { try RequestParser.parse(RequestOptions(gpus: gpus)).notes }
        #expect(
            try notes("device=0,2") == [
                "--gpus: read as the devices 0 and 2; docker itself wants quotes around it: '\"device=0,2\"'"
            ])
        #expect(try notes("1/3") == ["--gpus: 1/3 is taken as 0.333: shares come in thousandths of a GPU"])
        #expect(
            try notes("2,3") == [
                "--gpus: of several counts the last one, 3, holds, as with Docker; for single devices write device=2,3"
            ])
        #expect(try notes("device=0,0").count == 2)
        #expect(try notes("capabilities=compute,utility").count == 1)
        #expect(try notes("2\n3") == ["--gpus: only the first line is read, as Docker does"])
        #expect(try notes("1,options=a=b").count == 1)
        for plain in ["2", "all", "\"device=0,2\"", "0.5", "h100,h200:2", "driver=nvidia", "2\r\n"] {
            #expect(try notes(plain) == [])
        }
    }

    @Test func `says what a share may use beyond its own, and only of shares that something holds`() throws {
        #expect(try parse("--gpus", "0.5", "--burst", "no").burst == .no)
        #expect(try parse("--gpus", "0.5", "--burst", "any").burst == .any)
        #expect(try parse("--gpus", "1/4", "--burst", "3/4").burst == .upTo(Share(milli: 750)))
        #expect(try parse("--gpus", "0.5", "--gpu-memory-spill", "8GiB").spill == .gibibytes(8))
        #expect(try parse("--gpus", "0.5").burst == nil)
        for words in [
            ["--burst", "no"], ["--gpus", "0.5", "--burst", "0.4"], ["--gpus", "0.5", "--burst", "much"],
            ["--gpus", "0.5", "--burst", "1.5"], ["--gpus", "0.5", "--share", "time", "--burst", "no"],
            ["--gpus", "0.5", "--share", "mps", "--burst", "any"],
        ] {
            let error = #expect(throws: RequestError.self) { try RequestParser.parse(arguments: words) }
            #expect(error?.option == "--burst", "\(words)")
        }
        for words in [
            ["--gpu-memory-spill", "1GiB"], ["--gpus", "0.5", "--share", "mps", "--gpu-memory-spill", "1GiB"],
        ] {
            let error = #expect(throws: RequestError.self) { try RequestParser.parse(arguments: words) }
            #expect(error?.option == "--gpu-memory-spill", "\(words)")
        }
    }

    @Test func `refuses arguments that are no request options`() throws {
        #expect(try refusal("--gpu", "2").message == "not an option of a request")
        #expect(try refusal("--gpus").message == "a value is missing")
        #expect(try refusal("--gpus=1", "--gpus=2").message == "given twice")
        #expect(try refusal("--no-wait=1").message == "takes no value")
        #expect(try parse("--gpus=device=0") == parse("--gpus", "device=0"))
    }

    @Test func `survives JSON`() throws {
        let arguments = [
            ["--gpus", "h100:80GiB..:1..4x0.25", "--gpu-memory", "10GiB", "--wait=1m"], ["--slice", "3g.71gb"], [],
            ["--gpus", "\"device=0,2\",driver=nvidia", "--no-wait"], ["--gpu-memory", "..10GiB"], ["--gpus", "all"],
            ["--nodes", "3", "--compute", "0.5xa100", "--anti-affinity", "node:db", "--topology", "same-numa"],
            ["--compute", "12.5tflops", "--anti-affinity", "db"], ["--gpus", "0.5", "--burst", "no"],
            ["--gpus", "0.5", "--burst", "0.8", "--gpu-memory-spill", "8GiB"], ["--gpus", "0.5", "--burst", "any"],
        ]
        for options in arguments {
            let request = try RequestParser.parse(arguments: options).0
            #expect(try JSONDecoder().decode(Request.self, from: JSONEncoder().encode(request)) == request)
        }
    }

    @Test(arguments: [
        (["--slice", "3g.71gb"], "--slice"), (["--gpus", "device=MIG-3a23"], "--gpus"),
        (["--gpus", "device=0:1"], "--gpus"),
        (["--gpus", "driver=amd"], "--gpus"),
        (["--share", "mig"], "--share"),
    ]) func `for what a later release brings is refused in a sentence`(_ options: [String], _ option: String) throws {
        let refusal = try #require(try RequestParser.parse(arguments: options).0.unsupportedToday())
        #expect(refusal.option == option && refusal.description.hasPrefix("\(option): "))
    }

    @Test(arguments: [
        [], ["--gpus", "0.5"], ["--gpus", "all,driver=nvidia"], ["--gpus", "device=0"], ["--queue", "default"],
        ["--grade", "exclusive"], ["--grade", "unfenced"], ["--grade", "cooperative", "--gpus", "0.5"],
        ["--share", "time", "--gpus", "0.5"], ["--share", "mps", "--gpus", "0.5"], ["--grade", "enforced"],
        ["--share", "limiter", "--gpus", "0.5", "--burst", "0.8"], ["--gpus", "0.5", "--gpu-memory-spill", "1GiB"],
        [
            "--share",
            "exclusive",
        ],
        ["--topology", "any"], ["--topology", "same-node"], ["--topology", "nvlink"], ["--topology", "same-switch"],
        ["--topology", "same-numa"], ["--priority", "0"], ["--priority", "1"], ["--queue", "night"],
        ["--nodes", "2"], ["--compute", "40tflops"], ["--anti-affinity", "db"],
        [
            "--gpu-memory", "10GiB", "--for",
            "2h",
        ],
    ]) func `for what there is today is not refused`(_ options: [String]) throws {
        #expect(try RequestParser.parse(arguments: options).0.unsupportedToday() == nil)
    }

    /// Totals as drivers report them, in MiB.
    @Test(
        arguments: [
            ("80G", 81_559, true), ("80GiB", 81_559, true), ("80G", 81_920, true), ("40G", 40_960, true),
            ("40G", 40_536, true),
            ("24G", 24_564, true), ("24G", 23_028, true), ("48G", 46_068, true), ("16G", 15_360, true),
            ("16GiB", 15_360, true),
            ("141G", 143_771, true), ("192G", 183_359, true), ("94G", 95_830, true), ("80G", 95_830, false),
            ("80G", 40_960, false), ("40G", 81_559, false), ("24G", 16_160, false), ("48G..", 46_068, true),
            ("48G..", 24_564, false), ("..48G", 46_068, true), ("..40G", 81_559, false), ("24G..80G", 40_960, true),
        ] as [(String, Int64, Bool)]) func `chooses GPUs by the size they are sold as`(
            _ size: String, _ mebibytes: Int64, _ selects: Bool
        ) throws
    {
        let range = try #require(try parse("--gpus", size).gpuMemory)
        #expect(range.selects(total: .mebibytes(mebibytes)) == selects)
    }
}
