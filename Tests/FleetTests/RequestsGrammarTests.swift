import Testing

@testable import Fleet

/// What Divvy reads in `--gpus` beside Docker's own forms, and in the other options.
@Suite struct `The request grammar` {
    private static func parse(_ arguments: [String]) throws -> Request {
        try RequestParser.parse(arguments: arguments).0
    }

    @Test(arguments: [
        // Docker's forms keep their meaning.
        ("all", "all x any GPU"), ("-1", "all x any GPU"), ("count=all", "all x any GPU"),
        ("count=-1", "all x any GPU"),
        ("2", "2 x any GPU"), ("+2", "2 x any GPU"), ("\"2\"", "2 x any GPU"), ("count=2", "2 x any GPU"),
        ("2,3", "3 x any GPU"), ("2\r\n", "2 x any GPU"),
        ("device=0", "1 x any GPU (device 0)"), ("\"device=0,2\"", "2 x any GPU (device 0 and 2)"),
        ("device=GPU-3a23c669", "1 x any GPU (device GPU-3a23c669)"), ("device=all", "all x any GPU"),
        ("device=nvidia.com/gpu=0", "1 x any GPU (device nvidia.com/gpu=0)"),
        ("device=MIG-GPU-3a23c669/1/0", "1 x any GPU (device MIG-GPU-3a23c669/1/0)"),
        (
            "driver=nvidia,\"capabilities=compute,utility\",\"options=foo=bar,baz=qux\"",
            "1 x any GPU of nvidia for compute and utility"
        ),
        ("all,capabilities=utility", "all x any GPU for utility"), ("capabilities=gpu", "1 x any GPU"),
        ("driver=amd", "1 x any GPU of amd"), ("driver=", "1 x any GPU"),
        // Where Docker fails later, or at once, Divvy reads what was meant.
        ("device=0,2", "2 x any GPU (device 0 and 2)"), ("device=0,1,2", "3 x any GPU (device 0 and 1 and 2)"),
        ("device=GPU-a,GPU-b", "2 x any GPU (device GPU-a and GPU-b)"),
        ("device=0,driver=nvidia", "1 x any GPU of nvidia (device 0)"),
        ("device=0,2,driver=nvidia", "2 x any GPU of nvidia (device 0 and 2)"),
        ("device=0,0", "1 x any GPU (device 0)"), ("count=2,device=0,1", "2 x any GPU (device 0 and 1)"),
        ("capabilities=compute,utility", "1 x any GPU for compute and utility"),
        // Parts of GPUs.
        ("0.5", "1 x 0.5 of any GPU"), (".25", "1 x 0.25 of any GPU"), ("1/4", "1 x 0.25 of any GPU"),
        ("0.500", "1 x 0.5 of any GPU"), ("1.0", "1 x any GPU"), ("4/4", "1 x any GPU"),
        ("1/3", "1 x 0.333 of any GPU"),
        ("0.001", "1 x 0.001 of any GPU"), ("0.9999", "1 x 0.999 of any GPU"),
        ("2x0.5", "2 x 0.5 of any GPU"), ("allx1/2", "all x 0.5 of any GPU"), ("1..4x.5", "1..4 x 0.5 of any GPU"),
        ("\"device=0,2\",count=2x0.5", "2 x 0.5 of any GPU (device 0 and 2)"),
        ("device=1,0.5", "1 x 0.5 of any GPU (device 1)"), ("count=1/2", "1 x 0.5 of any GPU"),
        // Ranges.
        ("1..4", "1..4 x any GPU"), ("2..", "2.. x any GPU"), ("..4", "1..4 x any GPU"), ("3..3", "3 x any GPU"),
        ("count=1..4", "1..4 x any GPU"),
        // Models and sizes.
        ("h100", "1 x h100 GPU"), ("H100:2", "2 x h100 GPU"), ("rtx-4090:0.5", "1 x 0.5 of rtx-4090 GPU"),
        ("h100,h200", "1 x h100 or h200 GPU"), ("h100,h200:2", "2 x h100 or h200 GPU"),
        ("\"h100,h200:2\",driver=nvidia", "2 x h100 or h200 GPU of nvidia"),
        ("h100,h200:2,driver=nvidia", "2 x h100 or h200 GPU of nvidia"), ("h100,h100", "1 x h100 GPU"),
        ("h100:80GiB:2", "2 x h100 GPU with 80 GiB"), ("h100:2:80GiB", "2 x h100 GPU with 80 GiB"),
        ("24GiB..80GiB", "1 x any GPU with 24 GiB to 80 GiB"), ("24GiB..:1..4", "1..4 x any GPU with at least 24 GiB"),
        ("..80gib", "1 x any GPU with at most 80 GiB"),
        ("a100:40GiB..:0.5", "1 x 0.5 of a100 GPU with at least 40 GiB"),
        ("l40s,a100-80gb:all", "all x l40s or a100-80gb GPU"),
    ]) func `reads --gpus`(_ value: String, _ words: String) throws {
        #expect(try RequestParser.parse(RequestOptions(gpus: value)).0.canonical == words)
    }

    @Test(arguments: [
        // value, the piece pointed at, a part of the message
        ("0", "0", "0 GPUs cannot be asked for"), ("0.0", "0.0", "between 0 and 1, not 0.0"),
        ("1.5", "1.5", "a share of one GPU is between 0 and 1, not 1.5"), ("2.0", "2.0", "between 0 and 1"),
        ("-2", "-2", "-2 GPUs cannot be asked for"), ("count=-5", "-5", "-5 GPUs cannot be asked for"),
        ("-0.5", "-0.5", "between 0 and 1"), ("-1/4", "-1/4", "between 0 and 1"), ("count=0", "0", "0 GPUs"),
        ("1.0001", "1.0001", "between 0 and 1"), ("0.0001", "0.0001", "the smallest share is 0.001"),
        ("5/4", "5/4", "between 0 and 1"), ("0/4", "0/4", "between 0 and 1"), ("1/0", "0", "divided by zero"),
        ("1/2/3", "1/2/3", "not a part of a GPU"), ("1/", "1/", "not a part"), ("/4", "/4", "not a part"),
        ("1.", "1.", "a digit is missing after the point"), (".", ".", "a digit is missing"),
        ("1.2.3", ".", "not a number"), ("0.1234567890123456789", "0.1234567890123456789", "too many digits"),
        ("1000001", "1000001", "more GPUs than anybody has"),
        ("99999999999999999999", "99999999999999999999", "more GPUs"),
        ("1e400", "e400", "not a unit of memory"), ("NaN", "NaN", "not a model"), ("inf", "inf", "not a model"),
        ("١", "١", "neither a plain letter nor a plain digit"), ("h100:٢", "٢", "neither a plain letter"),
        ("２", "２", "neither a plain letter"), (" 2", " ", "a space has no place here"), ("h100: 2", " ", "a space"),
        ("2\tx", "\t", "a control character"), ("2x2", "2", "between 0 and 1"), ("2x", "", "a number is missing"),
        ("2xh100", "2xh100", "the model stands before the amount"), ("x0.5", "x0.5", "not a model"),
        ("4..1", "4..1", "runs backwards"), ("..", "..", "at least one end"), ("0..4", "0", "0 GPUs"),
        ("1..0.5", "0.5", "not a number of GPUs"), ("1..4..8", "4..8", "not a number of GPUs"),
        ("GPU-3a23", "GPU-3a23", "is a device"),
        ("none", "none", "not a model"), ("ALL", "ALL", "not a model"), ("device", "device", "not a model"),
        ("h100:", "", "nothing stands on one side"), (":2", "", "nothing stands on one side"),
        ("h100:2:3", "3", "a second amount"), ("h100:80G:2:40G", "40G", "a second size"),
        ("4090:2", "2", "a second amount"),
        ("2:h100", "h100", "the model stands before"), ("h100:2,h200:1", "2,h200", "hold for all models"),
        ("h100,2", "2", "not a model"), ("2,h100", "2", "not a model"), ("h100,,h200", "", "not a model"),
        ("h_-100", "h_-100", "not a model"), ("h100-", "h100-", "not a model"),
        ("1g.10gb", "1g.10gb", "a slice's profile"),
        ("h100:24..80GiB", "24", "24 is 24 bytes, less than 1 MiB"), ("3090ti", "3090ti", "more than any GPU"),
        ("80X", "X", "not a unit of memory"), ("80G..24G", "80G..24G", "runs backwards"),
        // Docker's own refusals, in Docker's words.
        ("", "", "EOF"),
        ("count=x", "x", "invalid count (x): value must be either \"all\" or an integer: invalid syntax"),
        ("count=", "", "invalid count ()"), ("count=h100:2", "h100:2", "invalid count (h100:2)"),
        ("driver=a,driver=b", "driver", "gpu request key 'driver' can be specified only once"),
        ("2,2", "2", "gpu request key '2' can be specified only once"),
        ("foo=1", "foo", "unexpected key 'foo' in 'foo=1'"),
        ("a\"b", "\"", "parse error on line 1, column 2: bare \" in non-quoted-field"),
        ("\"device=0", "", "extraneous or missing \" in quoted-field"), ("\"2\"x", "\"", "extraneous or missing"),
        ("count=2,device=0", "0", "cannot set both Count and DeviceIDs on device request"),
        ("2,device=0", "0", "cannot set both"), ("device=0,all", "0", "cannot set both"),
        ("device=", "", "a device is missing"), ("\"device=0,\"", "", "a device is missing"),
        ("device=none", "none", "no GPU cannot be asked for"), ("\"device=0, 2\"", " ", "a space"),
        ("device=0;rm", "0;rm", "not a device"), ("\"device=all,0\"", "all", "stands alone"),
        ("1,driver=nvidia,h100", "h100", "a second amount"), ("driver=n v", " ", "a space"),
        ("2,", "2,", "not a number of GPUs"), ("memory", "memory", "\"memory\" needs an amount"),
    ]) func `refuses what --gpus cannot mean`(_ value: String, _ piece: String, _ message: String) throws {
        let error = try #require(throws: RequestError.self) { try RequestParser.parse(RequestOptions(gpus: value)) }
        #expect(error.option == "--gpus" && error.text == value)
        #expect(error.message.contains(message), "\(error)")
        #expect(String(value.utf8.dropFirst(error.range.lowerBound).prefix(error.range.count)) == piece, "\(error)")
    }

    @Test(
        arguments: [
            ("10GiB", 10 << 30), ("10Gi", 10 << 30), ("10gib", 10 << 30), ("10G", 10_000_000_000),
            ("10GB", 10_000_000_000),
            ("10g", 10_000_000_000), ("512MiB", 512 << 20), ("1.5GiB", 1_610_612_736), (".5Gi", 1 << 29),
            ("1MiB", 1 << 20),
            ("2048KiB", 2 << 20), ("24M", 24_000_000), ("1048576", 1 << 20), ("1048576B", 1 << 20),
            ("1T", 1_000_000_000_000),
            ("1TiB", 1 << 40), ("0.3GiB", 322_122_548), ("1024TiB", 1 << 50),
        ] as [(String, Int64)]) func `reads sizes`(_ text: String, _ bytes: Int64) throws
    {
        #expect(try Self.parse(["--gpu-memory", text]).memory == MemoryRange(exactly: Bytes(bytes)))
    }

    @Test(arguments: [
        ("24", "24", "24 bytes"), ("0", "0", "0 bytes"), ("1", "1", "1 byte,"), ("0GiB", "0GiB", "0 bytes"),
        ("1023KiB", "1023KiB", "less than 1 MiB"), ("-1GiB", "-1GiB", "cannot be negative"),
        ("", "", "a size is missing"),
        ("GiB", "GiB", "not a size"), ("10 GiB", " ", "a space"), ("10Gb/s", "Gb/s", "not a unit"),
        ("1e400", "e400", "not a unit"),
        ("NaN", "NaN", "not a size"), ("1..2..3GiB", "1", "1 byte,"), ("1.2.3GiB", ".", "not a number"),
        ("1025TiB", "1025TiB", "more than any GPU has"),
        ("999999999999999999TiB", "999999999999999999TiB", "more than"),
        ("9999999999999999999", "9999999999999999999", "too many digits"), ("..", "..", "at least one end"),
        ("2GiB..1GiB", "2GiB..1GiB", "runs backwards"), ("١GiB", "١", "neither"), ("1.GiB", "1.", "after the point"),
    ]) func `refuses what is no size`(_ text: String, _ piece: String, _ message: String) throws {
        try expectRefusal(["--gpu-memory=\(text)"], text, piece, message)
    }

    @Test(
        arguments: [
            ("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("7d", 604_800), ("1d2h3m4s", 93_784),
            ("007s", 7),
            ("3650d", 315_360_000), ("1500ms500000us", 2),
        ] as [(String, Int64)]) func `reads lengths of time`(_ text: String, _ seconds: Int64) throws
    {
        #expect(try Self.parse(["--for", text]).duration == Span(seconds: seconds))
        #expect(try Self.parse(["--wait=\(text)"]).patience == .wait(limit: Span(seconds: seconds)))
    }

    @Test(arguments: [
        ("90", "90", "a unit is missing after 90"), ("", "", "missing"), ("0s", "0s", "longer than nothing"),
        ("-5m", "-5m", "negative"), ("1.5h", ".", "only whole numbers"), ("30m1h", "h", "large to small"),
        ("1h1h", "h", "each once"), ("5w", "w", "not a unit of time"), ("h", "h", "not a length of time"),
        ("1h 30m", " ", "a space"), ("3651d", "3651d", "longer than ten years"), ("1M", "M", "not a unit"),
        ("99999999999999999999s", "99999999999999999999s", "longer than"), ("٢h", "٢", "neither"),
        ("1h30", "30", "a unit"),
    ]) func `refuses what is no length of time`(_ text: String, _ piece: String, _ message: String) throws {
        try expectRefusal(["--for=\(text)"], text, piece, message)
    }

    @Test(arguments: [
        ("--grade=strong", "strong", "strong", "not one of its words"), ("--share=MIG", "MIG", "MIG", "not one of"),
        ("--topology=", "", "", "a word is missing"), ("--queue=", "", "", "a name is missing"),
        ("--queue=a b", "a b", " ", "a space"), ("--queue=a,b", "a,b", ",", "not the name"),
        ("--queue=-a", "-a", "-a", "not the"),
        ("--priority=1.5", "1.5", "1.5", "not a whole number"), ("--priority=", "", "", "not a whole number"),
        ("--priority=1000000001", "1000000001", "1000000001", "out of range"),
        ("--slice=", "", "", "a profile is missing"),
        ("--slice=3g.71gb,", "3g.71gb,", "", "a profile is missing"), ("--slice=h100", "h100", "h100", "not a slice's"),
        ("--slice=3g.71gb 9", "3g.71gb 9", " ", "a space"),
        ("--reservation=", "", "", "a name is missing"),
        ("--reservation=a,b", "a,b", ",", "not the name of a reservation"),
        ("--nodes=", "", "", "not a number of nodes"), ("--nodes=0", "0", "0", "0 nodes cannot be asked for"),
        ("--nodes=two", "two", "two", "not a number"), ("--nodes=100001", "100001", "100001", "more nodes than"),
        ("--nodes=1..4", "1..4", "1..4", "not a number of nodes"),
        ("--anti-affinity=", "", "", "a name is missing"), ("--anti-affinity=node:", "node:", "", "a name is missing"),
        ("--anti-affinity=rack:db", "rack:db", "rack", "not what can be kept apart"),
        ("--anti-affinity=a:b:c", "a:b:c", "a", "not what can be kept apart"),
        ("--anti-affinity=gpu:d,b", "gpu:d,b", ",", "not the name of an anti-affinity"),
        ("--compute=", "", "", "an amount of compute is missing"), ("--compute=40", "40", "40", "a unit is missing"),
        ("--compute=tflops", "tflops", "tflops", "not an amount of compute"),
        ("--compute=40watts", "40watts", "watts", "not a unit of compute"),
        ("--compute=-1tflops", "-1tflops", "-1tflops", "cannot be negative"),
        ("--compute=0tflops", "0tflops", "0tflops", "no compute at all"),
        ("--compute=0.5x", "0.5x", "", "a model is missing"),
        ("--compute=0.5xfoo", "0.5xfoo", "foo", "nobody wrote down"),
        ("--compute=2000pflops", "2000pflops", "2000pflops", "more than any GPU has"),
        ("--compute=40 tflops", "40 tflops", " ", "a space"),
    ]) func `refuses words it does not know`(
        _ option: String, _ text: String, _ piece: String, _ message: String
    ) throws {
        try expectRefusal([option], text, piece, message)
    }

    private func expectRefusal(_ arguments: [String], _ text: String, _ piece: String, _ message: String) throws {
        let error = try #require(throws: RequestError.self) { try RequestParser.parse(arguments: arguments) }
        #expect(error.text == text && arguments[0].hasPrefix(error.option))
        #expect(error.message.contains(message), "\(error)")
        #expect(String(text.utf8.dropFirst(error.range.lowerBound).prefix(error.range.count)) == piece, "\(error)")
    }
}
