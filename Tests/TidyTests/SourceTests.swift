import Testing

/// Habits that every source and test file keeps.
struct SourceTests {
    private static let longestFile = 450

    @Test(arguments: Repository.swiftSources + Repository.swiftTests + Repository.cSources)
    func `a file has one purpose and ends in time`(path: String) throws {
        let lines = SwiftText(try Repository.text(of: path)).lines.count
        #expect(lines <= Self.longestFile, "\(path) has \(lines) lines: split it by what it is about")
    }

    @Test(arguments: Repository.swiftSources + Repository.swiftTests)
    func `nothing is forced`(path: String) throws {
        for (index, line) in SwiftText(try Repository.text(of: path)).code.enumerated() {
            for forbidden in ["try!", " as!", "fatalError("] {
                #expect(!line.contains(forbidden), "\(path):\(index + 1) has \(forbidden)")
            }
        }
    }

    @Test(arguments: Repository.swiftSources + Repository.swiftTests)
    func `what the compiler cannot check is explained where it stands`(path: String) throws {
        let text = SwiftText(try Repository.text(of: path))
        for (index, line) in text.code.enumerated() {
            guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else { continue }
            // A comment holds for the lines that follow it without an empty one between.
            let paragraph = text.lines[...index].reversed().prefix { !$0.allSatisfy(\.isWhitespace) }
            #expect(paragraph.contains { $0.contains("//") }, "\(path):\(index + 1) does not say why it is safe")
        }
    }

    @Test(arguments: Repository.swiftSources + Repository.swiftTests + Repository.cSources + Repository.documents)
    func `nothing is left for later in a comment`(path: String) throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        for (index, line) in SwiftText(try Repository.text(of: path)).lines.enumerated() {
            let words = line.split { !$0.isLetter }.map(String.init)
            #expect(!words.contains(where: marks.contains), "\(path):\(index + 1)")
        }
    }

    @Test func `tests do not sleep to wait for something`() throws {
        for path in Repository.swiftTests {
            for (index, line) in SwiftText(try Repository.text(of: path)).code.enumerated() {
                #expect(!line.contains("Thread.sleep"), "\(path):\(index + 1)")
                #expect(!line.contains(".disabled("), "\(path):\(index + 1)")
            }
        }
    }
}
