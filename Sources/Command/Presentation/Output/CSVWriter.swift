/// Comma-separated values as RFC 4180 has them, with line feeds for line ends.
package enum CSV {
    package static func line(_ fields: [String]) -> String { fields.map(field).joined(separator: ",") }

    private static func field(_ text: String) -> String {
        let needsQuotes =
            text.utf8.contains { ",\"\n\r".utf8.contains($0) } || text.hasPrefix(" ") || text.hasSuffix(" ")
        guard needsQuotes else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
