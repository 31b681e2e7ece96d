import Testing

@testable import Fleet

/// What docker/cli's own parser of `--gpus` makes of each value: recorded from its Go code, not from its manual.
@Suite struct `Docker's --gpus` {
    enum Outcome: Sendable {
        case takes(DockerGPUOption)
        case refuses(String)

        static func takes(
            _ count: Int, driver: String = "", devices: [String] = [], capabilities: [String] = [],
            options: [String: String] = [:]
        ) -> Outcome {
            .takes(
                DockerGPUOption(
                    count: count, driver: driver, devices: devices, capabilities: capabilities, options: options))
        }

        /// Docker's words for a count that is none.
        static func refuses(count: String, _ reason: String = "invalid syntax") -> Outcome {
            .refuses("invalid count (\(count)): value must be either \"all\" or an integer: \(reason)")
        }
    }

    @Test(arguments: table) func `is read as Docker reads it`(_ value: String, _ outcome: Outcome) {
        do throws(RequestError) {
            let option = try DockerGPUOption.parse(value)
            guard case .takes(let expected) = outcome else {
                Issue.record("took \(value) as \(option); Docker says: \(outcome)")
                return
            }
            #expect(option == expected)
        } catch {
            guard case .refuses(let message) = outcome else {
                Issue.record("\(error)")
                return
            }
            // An empty value is Go's bare "EOF"; ours goes on to say what that means.
            #expect(error.message.hasPrefix(message) && (error.message == message || message.hasSuffix("EOF")))
            #expect(error.option == "--gpus" && error.text == value)
        }
    }

    static let table: [(String, Outcome)] = [
        ("all", .takes(-1)),
        ("-1", .takes(-1)),
        ("count=all", .takes(-1)),
        ("count=-1", .takes(-1)),
        ("2", .takes(2)),
        ("count=2", .takes(2)),
        ("1", .takes(1)),
        ("8", .takes(8)),
        ("+2", .takes(2)),
        ("007", .takes(7)),
        ("0", .takes(0)),
        ("count=0", .takes(0)),
        ("-2", .takes(-2)),
        ("count=-5", .takes(-5)),
        ("count=+3", .takes(3)),
        ("device=0", .takes(0, devices: ["0"])),
        (
            "device=GPU-3a23c669-1f69-c64e-cf85-44e9b07e7a2a",
            .takes(0, devices: ["GPU-3a23c669-1f69-c64e-cf85-44e9b07e7a2a"])
        ),
        ("device=0,2", .takes(2, devices: ["0"])),
        ("device=0,1,2", .takes(2, devices: ["0"])),
        ("\"device=0,2\"", .takes(0, devices: ["0", "2"])),
        ("\"device=0,1,2,3\",driver=nvidia", .takes(0, driver: "nvidia", devices: ["0", "1", "2", "3"])),
        ("device=0,driver=nvidia", .takes(0, driver: "nvidia", devices: ["0"])),
        ("device=", .takes(0, devices: [""])),
        ("\"device=\"", .takes(0, devices: [""])),
        ("\"device=,\"", .takes(0, devices: ["", ""])),
        ("device=nvidia.com/gpu=0", .takes(0, devices: ["nvidia.com/gpu=0"])),
        ("device=GPU-a,GPU-b", .refuses(count: "GPU-b")),
        ("device=0,all", .takes(-1, devices: ["0"])),
        ("device=all", .takes(0, devices: ["all"])),
        ("device=0,count=1", .takes(1, devices: ["0"])),
        ("count=2,device=0,1", .takes(1, devices: ["0"])),
        ("\"device=0\",\"device=1\"", .refuses("gpu request key 'device' can be specified only once")),
        ("driver=nvidia", .takes(1, driver: "nvidia")),
        ("driver=", .takes(1)),
        ("driver=amd,count=1", .takes(1, driver: "amd")),
        (
            "driver=cdi,\"device=vendor.com/class=name,vendor.com/class=other\"",
            .takes(0, driver: "cdi", devices: ["vendor.com/class=name", "vendor.com/class=other"])
        ),
        ("driver=nvidia,driver=nvidia", .refuses("gpu request key 'driver' can be specified only once")),
        (
            "driver=nvidia,\"capabilities=compute,utility\",\"options=foo=bar,baz=qux\"",
            .takes(1, driver: "nvidia", capabilities: ["compute", "utility"], options: ["baz": "qux", "foo": "bar"])
        ),
        (
            "1,driver=nvidia,\"capabilities=compute,utility\",\"options=foo=bar,baz=qux\"",
            .takes(1, driver: "nvidia", capabilities: ["compute", "utility"], options: ["baz": "qux", "foo": "bar"])
        ),
        (
            "count=1,driver=nvidia,\"capabilities=compute,utility\",\"options=foo=bar,baz=qux\"",
            .takes(1, driver: "nvidia", capabilities: ["compute", "utility"], options: ["baz": "qux", "foo": "bar"])
        ),
        (
            "driver=nvidia,\"capabilities=compute,utility\",\"options=foo=bar,baz=qux\",count=1",
            .takes(1, driver: "nvidia", capabilities: ["compute", "utility"], options: ["baz": "qux", "foo": "bar"])
        ),
        ("capabilities=utility", .takes(1, capabilities: ["utility"])),
        ("\"capabilities=compute,utility\"", .takes(1, capabilities: ["compute", "utility"])),
        ("capabilities=gpu", .takes(1, capabilities: ["gpu"])),
        ("capabilities=", .takes(1, capabilities: [""])),
        ("capabilities=compute,utility", .refuses(count: "utility")),
        ("all,capabilities=utility", .takes(-1, capabilities: ["utility"])),
        ("all,\"capabilities=graphics,display\"", .takes(-1, capabilities: ["graphics", "display"])),
        ("options=foo=bar", .takes(1, options: ["foo": "bar"])),
        ("options=foo", .takes(1, options: ["foo": ""])),
        ("options=", .refuses("failed to read gpu options: EOF")),
        ("options=foo=bar=baz", .takes(1, options: ["foo": "bar=baz"])),
        ("\"options=foo=1,foo=2\"", .takes(1, options: ["foo": "2"])),
        ("\"options=\"\"foo=a,b\"\",c=d\"", .takes(1, options: ["c": "d", "foo": "a,b"])),
        (
            "\"options=\"\"foo\"",
            .refuses(
                "failed to read gpu options: parse error on line 1, column 5: extraneous or missing \" in quoted-field")
        ),
        ("options=foo=bar,baz=qux", .refuses("unexpected key 'baz' in 'baz=qux'")),
        ("count=x", .refuses(count: "x")),
        ("count=invalid-integer", .refuses(count: "invalid-integer")),
        ("count=", .refuses(count: "")),
        ("count=1.5", .refuses(count: "1.5")),
        ("count=0x10", .refuses(count: "0x10")),
        ("count=1e3", .refuses(count: "1e3")),
        ("count=99999999999999999999", .refuses(count: "99999999999999999999", "value out of range")),
        ("99999999999999999999x", .refuses(count: "99999999999999999999x", "value out of range")),
        ("99999999999999999999", .refuses(count: "99999999999999999999", "value out of range")),
        ("-99999999999999999999", .refuses(count: "-99999999999999999999", "value out of range")),
        ("count=9223372036854775807", .takes(9223372036854775807)),
        ("count=1,count=1", .refuses("gpu request key 'count' can be specified only once")),
        ("count=2,3", .takes(3)),
        ("2,count=3", .refuses("gpu request key 'count' can be specified only once")),
        ("2,3", .takes(3)),
        ("2,2", .refuses("gpu request key '2' can be specified only once")),
        ("all,all", .refuses("gpu request key 'all' can be specified only once")),
        ("all,2", .takes(2)),
        ("2,all", .takes(-1)),
        ("0.5", .refuses(count: "0.5")),
        ("1/4", .refuses(count: "1/4")),
        ("h100", .refuses(count: "h100")),
        ("h100:2", .refuses(count: "h100:2")),
        ("1..4", .refuses(count: "1..4")),
        ("one", .refuses(count: "one")),
        ("ALL", .refuses(count: "ALL")),
        ("All", .refuses(count: "All")),
        ("Count=1", .refuses("unexpected key 'Count' in 'Count=1'")),
        ("gpus=1", .refuses("unexpected key 'gpus' in 'gpus=1'")),
        ("count", .refuses(count: "count")),
        ("device", .refuses(count: "device")),
        ("driver", .refuses(count: "driver")),
        ("=", .refuses("unexpected key '' in '='")),
        ("=1", .refuses("unexpected key '' in '=1'")),
        (",", .refuses(count: "")),
        ("2,", .refuses(count: "")),
        (",2", .refuses(count: "")),
        ("a=b=c", .refuses("unexpected key 'a' in 'a=b=c'")),
        ("count==2", .refuses(count: "=2")),
        ("\"2\"", .takes(2)),
        ("\"all\"", .takes(-1)),
        ("2\"", .refuses("parse error on line 1, column 2: bare \" in non-quoted-field")),
        ("\"2", .refuses("parse error on line 1, column 3: extraneous or missing \" in quoted-field")),
        ("\"2\"x", .refuses("parse error on line 1, column 3: extraneous or missing \" in quoted-field")),
        ("\"device=0,2\"x", .refuses("parse error on line 1, column 12: extraneous or missing \" in quoted-field")),
        ("\"device=0,2", .refuses("parse error on line 1, column 12: extraneous or missing \" in quoted-field")),
        ("device=\"0,2\"", .refuses("parse error on line 1, column 8: bare \" in non-quoted-field")),
        ("\"\"", .refuses(count: "")),
        ("\"\"\"all\"\"\"", .refuses(count: "\"all\"")),
        ("\"\"\"\",2", .refuses(count: "\"")),
        (" 2", .refuses(count: " 2")),
        ("2 ", .refuses(count: "2 ")),
        ("count= 2", .refuses(count: " 2")),
        ("device= 0", .takes(0, devices: [" 0"])),
        ("\"device=0, 2\"", .takes(0, devices: ["0", " 2"])),
        ("--", .refuses(count: "--")),
        ("-", .refuses(count: "-")),
        ("+", .refuses(count: "+")),
        ("١", .refuses(count: "١")),
        ("count=١", .refuses(count: "١")),
        ("1_000", .refuses(count: "1_000")),
        ("é=1", .refuses("unexpected key 'é' in 'é=1'")),
        ("", .refuses("EOF")),
        ("\n", .refuses("EOF")),
        ("\n2", .takes(2)),
        ("2\n", .takes(2)),
        ("2\n3", .takes(2)),
        ("2\r\n", .takes(2)),
        ("2\r", .takes(2)),
        ("\r\n2", .takes(2)),
        ("\"device=0,\n2\"", .takes(0, devices: ["0", "\n2"])),
        ("2\r3", .refuses(count: "2\r3")),
        ("\t2", .refuses(count: "\t2")),
        (
            "\"a\n\"b\"",
            .refuses("record on line 1; parse error on line 2, column 1: extraneous or missing \" in quoted-field")
        ),
    ]
}
