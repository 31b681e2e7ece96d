import Foundation
import Testing

/// Compares text with a file in `Golden`; with DIVVY_UPDATE_GOLDEN=1 it writes the file instead.
func expectGolden(_ name: String, _ lines: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)")
    let text = lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["DIVVY_UPDATE_GOLDEN"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
        return
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(text == expected, "\(name) differs; DIVVY_UPDATE_GOLDEN=1 writes it anew", sourceLocation: sourceLocation)
}
