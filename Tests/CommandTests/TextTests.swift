import Presentation
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("训练", 4), ("a训b", 4), ("👩‍💻", 2), ("한글", 4),
        ("…", 1),
    ]) func `width is what a terminal shows`(_ text: String, _ width: Int) {
        #expect(text.displayWidth == width)
    }

    @Test func `text is filled or cut to a width`() {
        #expect("ab".fitted(to: 4) == "ab  ")
        #expect("abcdef".fitted(to: 4) == "abc…")
        #expect("训练训练".fitted(to: 4) == "训… ")
        #expect("abc".fitted(to: 3) == "abc")
    }

    @Test func `a painted line is cut without losing the end of its colour`() {
        let line = Palette(isColoured: true).paint("abcdef", .bad) + "gh"
        #expect(line.clipped(to: 3) == "\u{1B}[31mabc\u{1B}[0m")
        #expect(line.clipped(to: 80) == line)
    }

    @Test func `columns line up whatever the script`() {
        let table = Table(headings: ["NAME", "N"], alignments: [.left, .right], rows: [["训练", "1"], ["ab", "100"]])
        #expect(table.lines() == ["NAME    N", "训练    1", "ab    100"])
    }

    @Test func `nothing fills the end of a line`() {
        let table = Table(headings: ["A", "B"], rows: [["x", ""], ["y", "long"]])
        #expect(table.lines().allSatisfy { !$0.hasSuffix(" ") })
    }

    @Test func `a name cannot steer the terminal`() {
        let table = Table(headings: ["NAME"], rows: [[Cell("\u{1B}[2Jevil\n")]])
        #expect(table.lines()[1] == "?[2Jevil?")
    }

    @Test func `colour is off unless a terminal reads and nobody refuses`() {
        func isColoured(_ terminal: Bool, _ flag: Bool, _ environment: [String: String]) -> Bool {
            Palette(isTerminal: terminal, noColorFlag: flag, environment: environment).isColoured
        }
        #expect(isColoured(true, false, ["TERM": "xterm"]))
        #expect(!isColoured(false, false, ["TERM": "xterm"]))
        #expect(!isColoured(true, true, ["TERM": "xterm"]))
        #expect(!isColoured(true, false, ["TERM": "dumb"]))
        #expect(!isColoured(true, false, ["NO_COLOR": "1"]))
        #expect(isColoured(true, false, ["NO_COLOR": ""]), "an empty NO_COLOR says nothing")
    }

    @Test func `colour changes nothing but colour`() {
        let table = Table(headings: ["S"], rows: [[Cell("healthy", .good)], [Cell("lost", .bad)]])
        let coloured = table.lines(palette: Palette(isColoured: true)).map { $0.clipped(to: 0) }
        #expect(coloured.count == table.lines().count)
        #expect(table.lines(palette: Palette(isColoured: true))[1] == "\u{1B}[32mhealthy\u{1B}[0m")
        #expect(table.lines(palette: .plain)[1] == "healthy")
    }

    @Test(arguments: [
        ("pss", "ps"), ("relase", "release"), ("hodl", "hold"), ("evnets", "events"), ("rn", "run"),
        ("confgi", "config"),
        ("TOP", "top"), ("ver", "version"),
    ]) func `a slip finds what was meant`(_ word: String, _ meant: String) {
        let commands = [
            "run", "hold", "release", "extend", "ps", "ls", "show", "logs", "events", "topo", "top", "up", "cdi", "sim",
            "config", "version", "completion", "help",
        ]
        #expect(Suggestion.nearest(to: word, among: commands) == meant)
    }

    @Test(arguments: ["kubernetes", "xyzzy", ""]) func `a strange word finds nothing`(_ word: String) {
        #expect(Suggestion.nearest(to: word, among: ["run", "hold", "release"]) == nil)
    }

    @Test(arguments: [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ab", "", 2)])
    func `the distance counts slips`(_ left: String, _ right: String, _ distance: Int) {
        #expect(Suggestion.distance(left, right) == distance)
        #expect(Suggestion.distance(right, left) == distance)
    }
}
