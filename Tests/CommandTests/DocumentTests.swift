import Foundation
import Presentation
import Testing
import Yams

@Suite struct DocumentTests {
    /// Text that some reader of YAML or CSV takes for something else.
    private static let awkward = [
        "", " ", "plain", "two words", "yes", "No", "null", "~", "1", "1.5", "1e3", "0x10", "-", "- a", "a: b", "a:",
        "#a",
        "a #b", "[a]", "{a}", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "'a'", "\"a\"", "a\nb", "\ta", "trailing ",
        "训练", "👩‍💻", "\\", "/dev/nvidia0", "2026-05-04T03:02:01.000Z", "12:30:45", ".inf", "=", "<<",
        "\u{1}", "\u{85}",
    ]

    @Test(arguments: awkward) func `YAML reads back to the same text`(_ text: String) throws {
        let tree = JSONValue.object([
            .init("key", .string(text)), .init(text + "k", .string("x")),
            .init("list", .array([.string(text), .array([.string(text)]), .object([.init("a", .string(text))])])),
        ])
        let node = try #require(try Yams.compose(yaml: tree.yaml))
        #expect(node["key"]?.scalar?.string == text)
        #expect(node["key"]?.string == text, "it is text, whatever it looks like")
        #expect(node["list"]?[0]?.scalar?.string == text)
        #expect(node["list"]?[1]?[0]?.scalar?.string == text)
        #expect(node["list"]?[2]?["a"]?.scalar?.string == text)
        #expect(Resolver.default.resolveTag(of: try #require(node["key"])) == .str)
    }

    @Test func `YAML keeps numbers, null and empty things`() throws {
        let tree = JSONValue.object([
            .init("m", .number("42949672960")), .init("d", .number("0.5")), .init("t", .bool(true)), .init("z", .null),
            .init("a", .array([])), .init("o", .object([])), .init("s", .array([.number("1"), .null])),
        ])
        #expect(tree.yaml == "m: 42949672960\nd: 0.5\nt: true\nz: null\na: []\no: {}\ns:\n  - 1\n  - null")
    }

    @Test(arguments: awkward) func `JSON reads back to the same tree`(_ text: String) throws {
        let tree = JSONValue.object([.init(text, .array([.string(text), .null, .number("-1.5e3"), .bool(false)]))])
        #expect(try JSONValue(parsing: Array(tree.compact.utf8)) == tree)
        #expect(try JSONValue(parsing: Array(tree.pretty.utf8)) == tree)
        let foundation = try JSONSerialization.jsonObject(with: Data(tree.compact.utf8)) as? [String: [Any]]
        #expect(foundation?[text]?.first as? String == text)
    }

    @Test(arguments: ["", "{", "[1,", "{\"a\" 1}", "\"a", "tru", "{} x", "\"\\ud800\"", "[1 2]"])
    func `what is no JSON is refused with its place`(_ text: String) {
        #expect(throws: JSONValue.ParsingError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func `nesting without end is refused`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONValue.ParsingError.self) { try JSONValue(parsing: Array(deep.utf8)) }
    }

    @Test func `escapes of other writers are read`() throws {
        #expect(try JSONValue(parsing: Array(#""é😀\/\b""#.utf8)) == .string("é😀/\u{8}"))
    }

    @Test func `CSV quotes what would be read as two fields`() {
        #expect(CSV.line(["a", "b,c", "d\"e", "f\ng", ""]) == "a,\"b,c\",\"d\"\"e\",\"f\ng\",")
    }

    @Test func `a watch tells what was added, changed and deleted`() {
        var tracker = ChangeTracker()
        let one = JSONValue.object([.init("v", .number("1"))])
        let two = JSONValue.object([.init("v", .number("2"))])
        let first = tracker.changes(to: [("a", one), ("b", one)])
        #expect(first.map(\.kind) == [.added, .added])
        let same = tracker.changes(to: [("a", one), ("b", one)])
        #expect(same.isEmpty)
        var restful = ChangeTracker(ignoring: ["v"])
        _ = restful.changes(to: [("a", one)])
        let aged = restful.changes(to: [("a", two)])
        #expect(aged.isEmpty, "time that passes is no change")
        let changes = tracker.changes(to: [("b", two), ("c", one)])
        #expect(changes.map(\.kind) == [.deleted, .modified, .added])
        #expect(
            changes.map(\.line) == [
                #"{"type":"DELETED","object":{"v":1}}"#, #"{"type":"MODIFIED","object":{"v":2}}"#,
                #"{"type":"ADDED","object":{"v":1}}"#,
            ])
    }
}
