import Fleet
import Placement
import Testing

/// GPUs whose slices are known: nothing is given but these.
@Suite struct `Slices that exist` {
    /// `3g.20gb at 4` and `1g.5gb at 0`, as an A100 with 40 GiB has them.
    static func slice(_ profile: String, at start: Int, gpu: Int = 0, index: Int, isAlone: Bool = true) -> ExistingSlice
    {
        let sizes: [String: (id: Int, compute: Int, memory: Int64)] = [
            "1g.5gb": (19, 1, 4864), "2g.10gb": (14, 2, 9856), "3g.20gb": (9, 3, 19_968), "1c.3g.20gb": (9, 1, 19_968),
        ]
        let size = sizes[profile] ?? (0, 7, 40_192)
        return ExistingSlice(
            uuid: "MIG-\(gpu)-\(start)\(isAlone ? "" : "-\(index)")", index: index, gpuInstance: 7 + start,
            computeInstance: 0, profile: profile, profileID: size.id, start: start, computeSlices: size.compute,
            memory: .mebibytes(size.memory), multiprocessors: 14 * size.compute, gpuInstanceMinor: 30 + start,
            computeInstanceMinor: 31 + start, isAlone: isAlone)
    }

    /// GPU 0 is cut into 3g.20gb and two of 1g.5gb, GPU 1 into one 1g.5gb, GPU 2 is not cut.
    static func pool(foreign: [String]? = nil) -> Pool {
        let cut = [
            [slice("3g.20gb", at: 4, index: 0), slice("1g.5gb", at: 2, index: 1), slice("1g.5gb", at: 3, index: 2)],
            [slice("1g.5gb", at: 0, gpu: 1, index: 0)],
        ]
        let gpus =
            cut.enumerated().map { Sample.gpu($0, mig: .on).with(slices: $1) } + [Sample.gpu(2)]
        var conditions = gpus.map { _ in GPUCondition.good }
        conditions[0].foreignSlices = foreign
        return Pool([Sample.room(gpus, conditions: conditions)])
    }

    private static func uuids(_ text: String, _ pool: Pool, by policy: PolicyName = .bestFit) throws -> [String]? {
        pool.find(try Sample.request(text), by: policy)?.parts.flatMap(\.grants).compactMap(\.slice?.uuid)
    }

    @Test(arguments: PolicyName.allCases)
    func `are given once each, and no other is made`(policy: PolicyName) throws {
        var pool = Self.pool()
        let request = try Sample.request("--slice 1g.5gb")
        var given: [String] = []
        while let placement = pool.find(request, by: policy) {
            let grant = try #require(placement.parts.first?.grants.first)
            #expect(grant.share == Share(milli: 142) && grant.memory == .mebibytes(4864))
            given.append(try #require(grant.slice?.uuid))
            pool.take(placement, for: request)
        }
        #expect(given.sorted() == ["MIG-0-2", "MIG-0-3", "MIG-1-0"])
        #expect(try pool.couldEverFit(Sample.request("--slice 1g.5gb")))
        // The hardware has room for it, and nobody has made it.
        #expect(try !pool.couldEverFit(Sample.request("--slice 2g.10gb")))
    }

    @Test func `come back as they were taken`() throws {
        var pool = Self.pool()
        let before = pool
        let request = try Sample.request("--slice 3g.20gb,1g.5gb,1g.5gb")
        let placement = try #require(pool.find(request, by: .fgd))
        #expect(placement.spots == ["0/0", "0/0", "0/0"])
        pool.take(placement, for: request)
        #expect(try Self.uuids("--slice 1g.5gb", pool) == ["MIG-1-0"])
        pool.giveBack(placement, of: request)
        #expect(pool == before)
    }

    @Test(arguments: [
        ("--slice 9", ["MIG-0-4"]), ("--slice 3G.20GB", ["MIG-0-4"]),
        ("--gpus device=MIG-0-3", ["MIG-0-3"]), ("--gpus device=mig-1", ["MIG-1-0"]),
        ("--gpus device=0:1", ["MIG-0-2"]), ("--gpus device=0:2,1:0", ["MIG-0-3", "MIG-1-0"]),
        ("--gpus device=0:1,0:2", ["MIG-0-2", "MIG-0-3"]),
        ("--gpus 2 --slice 1g.5gb", ["MIG-0-2", "MIG-1-0"]), ("--gpus device=1 --slice 1g.5gb", ["MIG-1-0"]),
        ("--share mig --gpu-memory 10GiB", ["MIG-0-4"]), ("--share mig --gpus 0.3", ["MIG-0-4"]),
        ("--share mig", ["MIG-1-0"]),
    ]) func `are found by all their names`(_ text: String, _ wanted: [String]) throws {
        #expect(try Self.uuids(text, Self.pool()) == wanted)
    }

    @Test func `leave a GPU that is not cut to shares`() throws {
        let pool = Self.pool()
        #expect(try pool.find(Sample.request("--gpus 0.5"), by: .bestFit)?.spots == ["0/2"])
        #expect(try pool.find(Sample.request("--gpus 1"), by: .bestFit)?.spots == ["0/2"])
        #expect(try !pool.couldEverFit(Sample.request("--gpus 2")))
    }

    @Test func `on which somebody else runs are not given`() throws {
        var pool = Self.pool(foreign: ["MIG-0-4"])
        #expect(try Self.uuids("--slice 3g.20gb", pool) == nil)
        #expect(try pool.couldEverFit(Sample.request("--slice 3g.20gb")))
        #expect(
            try pool.explain(Sample.request("--slice 3g.20gb")).summary == "the one slice 3g.20gb of box is taken by a "
                + "process without a lease")
        pool.observe(.good, gpu: 0, on: 0)
        #expect(try Self.uuids("--slice 3g.20gb", pool) == ["MIG-0-4"])
        #expect(pool == Self.pool())
    }

    @Test func `that share their memory fence nothing and are not given`() throws {
        let crowded = [
            Self.slice("1c.3g.20gb", at: 4, index: 0, isAlone: false),
            Self.slice("1c.3g.20gb", at: 4, index: 1, isAlone: false),
        ]
        let pool = Pool([Sample.room([Sample.gpu(0, mig: .on).with(slices: crowded)])])
        #expect(try !pool.couldEverFit(Sample.request("--share mig")))
        #expect(try !pool.couldEverFit(Sample.request("--slice 1c.3g.20gb")))
        let why = try pool.explain(Sample.request("--gpus device=0:1")).summary
        #expect(
            why == "the slice MIG-0-4-1 shares its memory with others of GPU instance 11, so nothing would fence it")
    }

    @Test func `that have a smaller compute instance go by their own name`() throws {
        let small = [Self.slice("1c.3g.20gb", at: 4, index: 0)]
        let pool = Pool([Sample.room([Sample.gpu(0, mig: .on).with(slices: small)])])
        #expect(try Self.uuids("--slice 1c.3g.20gb", pool) == ["MIG-0-4"])
        #expect(try !pool.couldEverFit(Sample.request("--slice 3g.20gb")))
        #expect(try !pool.couldEverFit(Sample.request("--slice 9")))
    }

    @Test(arguments: [
        (
            "--slice 2g.10gb",
            "no slice 2g.10gb exists on box; there are 3 of 1g.5gb and 1 of 3g.20gb; make one with nvidia-smi mig -i 0 "
                + "-cgi 2g.10gb -C"
        ),
        (
            "--slice 3g.40gb",
            "no slice 3g.40gb exists on box, nor can one be made: there are profiles 1g.5gb, 1g.5gb+me, 1g.10gb, "
                + "2g.10gb, 3g.20gb, 4g.20gb, 7g.40gb"
        ),
        (
            "--slice 3g.20gb,3g.20gb",
            "no GPU of box has the slices 3g.20gb and 3g.20gb together; there are 3 of 1g.5gb and 1 of 3g.20gb"
        ),
        (
            "--gpus device=MIG-77",
            "there is no slice MIG-77 on box; there are 3 of 1g.5gb and 1 of 3g.20gb; nvidia-smi -L lists them"
        ),
        (
            "--gpus device=1 --slice 3g.20gb",
            "no slice 3g.20gb exists on box; there is 1 of 1g.5gb; make one with nvidia-smi mig -i 1 -cgi 3g.20gb -C"
        ),
        ("--gpus device=2 --slice 1g.5gb", "GPU 2 is not cut into slices (MIG is off)"),
        (
            "--share mig --gpu-memory 30GiB",
            "no slice with 30 GiB exists on box; there are 3 of 1g.5gb and 1 of 3g.20gb"
        ),
    ]) func `that are not there are said to be missing, with what to do`(_ text: String, _ sentence: String) throws {
        let why = Self.pool().explain(try Sample.request(text))
        #expect(why.summary == sentence && !why.couldEverFit && why.unblocks == nil)
    }

    @Test func `that are taken are waited for`() throws {
        var pool = Self.pool()
        for _ in 0..<3 { #expect(try pool.place("--slice 1g.5gb") != nil) }
        let why = try pool.explain(Sample.request("--slice 1g.5gb"))
        #expect(why.summary == "all 3 slices 1g.5gb of box are taken by leases")
        #expect(why.couldEverFit && why.unblocks == "a lease of such a slice that ends, or another such slice")
        let named = try pool.explain(Sample.request("--gpus device=MIG-0-2"))
        #expect(named.summary == "the one slice MIG-0-2 of box is taken by a lease")
        #expect(try pool.place("--slice 3g.20gb") == ["0/0"])
    }

    @Test func `are none where MIG is off, and it is said how to make them`() throws {
        let why = try Pool([Sample.room(2)]).explain(Sample.request("--slice 1g.5gb")).summary
        #expect(
            why
                == "the 2 GPUs of box are not cut into slices (MIG is off); nvidia-smi -i 0 -mig 1 turns it on for a GPU, "
                + "nvidia-smi mig -i 0 -cgi 1g.5gb -C makes a slice")
        let old = Pool([Sample.room([Sample.gpu(0, mig: .unsupported)])])
        #expect(
            try old.explain(Sample.request("--slice 1g.5gb")).summary == "the one GPU of box cannot be cut into slices")
        let empty = Pool([Sample.room([Sample.gpu(0, mig: .on).with(slices: [])])])
        #expect(
            try empty.explain(Sample.request("--slice 1g.5gb")).summary
                == "no slice 1g.5gb exists on box; there is none "
                + "at all; make one with nvidia-smi mig -i 0 -cgi 1g.5gb -C")
    }

    @Test func `are as strong as a hardware partition`() throws {
        let pool = Self.pool()
        for text in ["--slice 1g.5gb", "--share mig", "--gpus device=0:0", "--slice 3g.20gb --grade partitioned"] {
            let request = try Sample.request(text)
            let placement = try #require(pool.find(request, by: .bestFit))
            #expect(Placement(placement, of: request, in: pool)?.grade == .partitioned)
        }
    }
}
