import Testing

/// The documents agree with the sources and with each other.
struct DocumentationTests {
    @Test func `the map in the README names the folders in Sources`() throws {
        let rows = try Repository.text(of: "README.md").matches(of: #/\|\s*`(Sources/[A-Za-z/]+)`\s*\|/#)
        let named = rows.map { String($0.1) }
        // The C modules are one row: each is a header and a few lines of shim for one module above.
        let folders = Set(Module.all.map { $0.ring == .c ? "Sources/C" : $0.folder })
        #expect(Set(named) == folders)
        #expect(named.count == Set(named).count, "a folder is named twice")
    }

    @Test(arguments: Repository.documents)
    func `every link leads somewhere`(path: String) throws {
        let text = try Repository.text(of: path)
        let folder = path.split(separator: "/").dropLast().map(String.init)
        for match in text.matches(of: #/\]\(([^)\s]+)\)/#) {
            let link = String(match.1)
            guard !link.contains("://"), !link.hasPrefix("mailto:") else { continue }
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let target = parts[0].isEmpty ? path : Self.resolve(parts[0], from: folder)
            #expect(Repository.exists(target), "\(path) links to \(link)")
            if parts.count == 2, target.hasSuffix(".md"), Repository.exists(target) {
                let headings = Self.headings(try Repository.text(of: target))
                #expect(headings.contains(parts[1]), "\(path) links to \(link), which has no such heading")
            }
        }
    }

    @Test(arguments: Repository.documents.filter { $0 != "Documentation/glossary.md" })
    func `a document uses the words of the glossary`(path: String) throws {
        let forbidden = try Self.forbiddenWords()
        for (index, line) in try Repository.text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            // Names of other people's things in code style are theirs.
            let said = line.replacing(#/`[^`]*`/#, with: "").lowercased()
            let words = " " + said.split { !($0.isLetter || $0 == "-") }.joined(separator: " ") + " "
            for (word, instead) in forbidden {
                let isSaid = words.contains(" \(word) ") || words.contains(" \(word)s ")
                #expect(!isSaid, "\(path):\(index + 1) says '\(word)'; the glossary says '\(instead)'")
            }
        }
    }

    @Test func `the glossary has every word and what not to say for it`() throws {
        #expect(try Self.forbiddenWords().count >= 8)
    }

    @Test func `the change log has a section for what is not released`() throws {
        let headings = Self.headings(try Repository.text(of: "CHANGELOG.md"))
        #expect(headings.contains("unreleased"))
    }

    @Test(arguments: Repository.files(below: "Documentation/decisions", endings: ["md"]))
    func `a decision says what was decided, why, and what follows`(path: String) throws {
        let headings = Self.headings(try Repository.text(of: path))
        for expected in ["context", "decision", "consequences"] {
            #expect(headings.contains(expected), "\(path) has no section '\(expected)'")
        }
    }

    /// The third column of the glossary's first table: what not to say, with the word to use.
    private static func forbiddenWords() throws -> [(word: String, instead: String)] {
        var result: [(String, String)] = []
        let table = try Repository.text(of: "Documentation/glossary.md").split(separator: "\n").prefix { line in
            !line.hasPrefix("## ")
        }
        for line in table {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingPrefix(#/\s+/#).description }
            guard cells.count == 5, let word = cells[1].split(separator: " ").first, !word.hasPrefix("-") else {
                continue
            }
            guard word != "word" else { continue }
            for other in cells[3].split(separator: ",") {
                let other = other.split(separator: " ").joined(separator: " ").lowercased()
                if !other.isEmpty { result.append((other, String(word))) }
            }
        }
        return result
    }

    /// The headings of a Markdown text as they are linked to.
    private static func headings(_ text: String) -> Set<String> {
        var isCode = false
        var result: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode, line.hasPrefix("#") else { continue }
            let title = line.drop { $0 == "#" || $0 == " " }.lowercased()
            result.insert(
                title.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == " " }.replacing(" ", with: "-"))
        }
        return result
    }

    private static func resolve(_ link: String, from folder: [String]) -> String {
        var parts = link.hasPrefix("/") ? [] : folder
        for part in link.split(separator: "/").map(String.init) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
