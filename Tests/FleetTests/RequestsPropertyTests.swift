import Testing

@testable import Fleet

/// SplitMix64: the same requests in every run of one seed.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Suite struct `Every request` {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `reads back from its canonical options`(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        for _ in 0..<5000 {
            let request = Self.request(&random)
            let (again, notes) = try RequestParser.parse(arguments: request.canonicalOptions)
            try #require(again == request, "seed \(seed): \(request.canonicalOptions)")
            try #require(notes == [], "seed \(seed): \(request.canonicalOptions)")
        }
    }

    private static func request(_ random: inout Seeded) -> Request {
        func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? { Bool.random(using: &random) ? value() : nil }
        func size() -> Bytes {
            let units: [Int64] = [1, 1 << 20, 1 << 30, 1_000_000, 1_000_000_000]
            let bytes = Int64.random(in: 1...2000, using: &random) * (units.randomElement(using: &random) ?? 1)
            return Bytes(max(1 << 20, bytes))
        }
        func sizes() -> MemoryRange {
            let (one, other) = (size(), size())
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return MemoryRange(exactly: one)
            case 1: return MemoryRange(one, nil)
            case 2: return MemoryRange(.zero, one)
            default: return MemoryRange(min(one, other), max(one, other))
            }
        }
        func span() -> Span {
            Span(nanoseconds: Int64.random(in: 1...DurationText.largest.nanoseconds, using: &random))
        }
        func some(_ words: [String]) -> [String] { words.filter { _ in Int.random(in: 0..<3, using: &random) == 0 } }

        var request = Request()
        request.models = some(["h100", "a100-80gb", "rtx-4090", "l40s", "x", "allx", "memory1"])
        request.gpuMemory = maybe(sizes())
        request.memory = maybe(sizes())
        request.devices = some(["0", "2", "GPU-3a23c669", "MIG-GPU-3a23/1/0", "nvidia.com/gpu=0", "0:1"])
        request.driver = maybe("nvidia")
        request.capabilities = some(["compute", "utility", "video"])
        request.topology = maybe(.sameSwitch)
        request.antiAffinity = maybe(.init("db/a-b", scope: Bool.random(using: &random) ? .gpu : .node))
        if request.devices.isEmpty { request.nodes = Int.random(in: 1...3, using: &random) }
        request.duration = maybe(span())
        request.queue = maybe("night/a-b")
        request.placement = maybe(.gpuPacking)
        request.reservation = maybe("demo-day")
        request.priority = maybe(Int.random(in: -9...9, using: &random))
        request.patience = [.refuse, .wait(limit: nil), .wait(limit: span())].randomElement(using: &random) ?? .refuse
        let lower = Int.random(in: 1...9, using: &random)
        let counts: [CountRange] = [
            .one, .all, CountRange(exactly: lower), CountRange(lower, nil), CountRange(lower, lower + 3),
        ]
        request.count = counts.randomElement(using: &random) ?? .one
        if !request.devices.isEmpty { request.count = CountRange(exactly: request.devices.count) }
        switch Int.random(in: 0..<5, using: &random) {
        case 4:
            let milli = Int64.random(in: 1...99_999, using: &random)
            request.portion = .compute(
                Bool.random(using: &random) ? .gigaflops(milli) : .ofModel(milli: milli, model: "rtx-4090"))
        case 0: request.portion = .share(Share(milli: Int32.random(in: 1...999, using: &random)))
        case 1:
            request.portion = .slice(profiles: ["3g.71gb", "1g.10gb+me", "9"].shuffled(using: &random))
            request.sharing = maybe(.mig)
        case 2 where request.memory != nil: request.portion = .memory
        default:
            request.sharing = Request.Sharing.allCases.randomElement(using: &random)
            request.minimumGrade = maybe(.exclusive)
        }
        if request.isOfShares, request.sharing == nil {
            request.sharing = maybe(.limiter)
            request.burst =
                [nil, .no, .any, .upTo(Share(milli: 999)), .upTo(.whole)].randomElement(using: &random) ?? nil
            request.spill = maybe(size())
        }
        if request.minimumGrade == nil { request.minimumGrade = maybe(.enforced) }
        return request
    }

    /// Pieces of the grammar, and what does not belong to it.
    private static let alphabet = [
        "0", "1", "2", "9", ".", "..", "/", ":", ",", "=", "\"", "\"\"", "-", "+", "x", "g", "G", "GiB", "M",
        "h100", "h200",
        "all", "memory", "device=", "count=", "driver=", "capabilities=", "options=", "nvidia", "compute", "GPU-",
        "MIG-",
        "0.5", "1/4", "24G", "80GiB", "1g.10gb", "h", "m", "s", "d", "ms", " ", "\n", "\r", "\r\n", "\t", "\0", "é",
        "١", "tflops", "a100", "node",
        "\u{FFFD}", "e400", "nan", "99999999999999999999",
    ]

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `comes from text that is either read back or refused inside the text`(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        var (read, refused) = (0, 0)
        for _ in 0..<5000 {
            let length = Int.random(in: 0...8, using: &random)
            var text = (0..<length).map { _ in Self.alphabet.randomElement(using: &random) ?? "" }.joined()
            if Int.random(in: 0..<8, using: &random) == 0 {
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                text = String(decoding: bytes, as: UTF8.self)
            }
            var options = RequestOptions()
            switch Int.random(in: 0..<10, using: &random) {
            case 0: options.gpuMemory = text
            case 1: options.for = text
            case 2: options.slice = text
            case 3: options.wait = .some(text)
            case 4: options.compute = text
            case 5: options.antiAffinity = text
            case 6: options.nodes = text
            default: options.gpus = text
            }
            if Int.random(in: 0..<4, using: &random) == 0, options.gpuMemory == nil { options.gpuMemory = "10GiB" }
            let result = Result { () throws(RequestError) in try RequestParser.parse(options).0 }
            switch result {
            case .success(let request):
                let (again, notes) = try RequestParser.parse(arguments: request.canonicalOptions)
                try #require(again == request && notes == [], "seed \(seed): \(options) is \(request.canonicalOptions)")
                read += 1
            case .failure(let error):
                let own = options.gpuMemory == error.text || error.text == text
                try #require(own, "seed \(seed): \(options): \(error)")
                try #require(0 <= error.range.lowerBound && error.range.upperBound <= error.text.utf8.count)
                try #require(error.description.split(separator: "\n").count >= 1)
                refused += 1
            }
        }
        // Both happen often, so that neither half of the property holds for want of cases.
        #expect(read > 200 && refused > 200, "\(read) read, \(refused) refused")
    }
}
