import Foundation

/// The checkout that these tests read, found from this file.
enum Repository {
    static let root: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    /// The paths of all files below `folder` that git would not ignore, relative to the root, in order.
    static func files(below folder: String, endings: [String]) -> [String] {
        let start = root.appending(path: folder)
        let prefix = root.path(percentEncoded: false)
        let found = FileManager.default.enumerator(
            at: start, includingPropertiesForKeys: [.isRegularFileKey], options: [.skipsHiddenFiles])
        var paths: [String] = []
        for case let url as URL in found ?? .init() {
            guard endings.contains(url.pathExtension) || endings.contains(url.lastPathComponent) else { continue }
            guard (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else { continue }
            let path = url.path(percentEncoded: false)
            paths.append(String(path.dropFirst(prefix.count)).trimmingPrefix("/").description)
        }
        return paths.sorted()
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path(percentEncoded: false))
    }

    static let swiftSources = files(below: "Sources", endings: ["swift"])
    static let swiftTests = files(below: "Tests", endings: ["swift"])
    static let cSources = files(below: "Sources", endings: ["c", "h"])

    /// The documents that people read.
    static let documents =
        files(below: "Documentation", endings: ["md"]) + files(below: "Packaging", endings: ["md"])
        + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
}
