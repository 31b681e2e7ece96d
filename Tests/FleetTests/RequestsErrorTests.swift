import Testing

@testable import Fleet

@Suite struct `A request's error` {
    private func text(_ gpus: String) throws -> String {
        try #require(throws: RequestError.self) { try RequestParser.parse(RequestOptions(gpus: gpus)) }.description
    }

    @Test func `points at the piece and says what to write`() throws {
        #expect(
            try text("1.5") == """
                --gpus: a share of one GPU is between 0 and 1, not 1.5
                    1.5
                    ^~~
                  ask for whole GPUs ("2") or a part of one ("0.5", "1/4")
                """)
        #expect(
            try text("driver=nvidia,count=x").hasPrefix(
                """
                --gpus: invalid count (x): value must be either "all" or an integer: invalid syntax
                    driver=nvidia,count=x
                                        ^

                """))
    }

    @Test func `counts characters, not bytes`() throws {
        #expect(try text("é=1,2").contains("\n    é=1,2\n    ^\n"))
        #expect(try text("1,é=1").contains("\n    1,é=1\n      ^\n"))
    }

    @Test func `points behind the end where something is missing`() throws {
        #expect(try text("h100:").contains("\n    h100:\n         ^\n"))
        #expect(try text("\"device=0").contains("\n    \"device=0\n             ^\n"))
    }

    @Test func `shows no text where there is none`() throws {
        #expect(try text("") == "--gpus: EOF: the value is empty")
    }

    @Test func `keeps a long text and control characters off the terminal`() throws {
        let long = String(repeating: "h100,", count: 300) + "!" + String(repeating: ",h200", count: 300)
        let lines = try text(long).split(separator: "\n")
        #expect(lines.count == 4 && lines.allSatisfy { $0.count <= 130 })
        let caret = try #require(Array(lines[2]).firstIndex(of: "^"))
        #expect(Array(lines[1])[caret] == "!")
        #expect(try !text("2\u{1B}[31m").unicodeScalars.contains("\u{1B}"))
        #expect(try text(String(repeating: "1", count: 5000)).contains("5000 bytes long; at most 4096"))
    }
}
