/// What a piece of text means; colour only underlines what the words already say.
package enum Style: Hashable, Sendable {
    case plain, heading, good, warning, bad, muted

    /// The parameters of the terminal's "select graphic rendition" sequence; nil for none.
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .heading: "1"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .muted: "2"
        }
    }
}

/// Whether and how styles become colours on one stream.
package struct Palette: Hashable, Sendable {
    package let isColoured: Bool

    package init(isColoured: Bool) { self.isColoured = isColoured }

    package static let plain = Palette(isColoured: false)

    /// Colour is on only where a terminal reads, and where none of `--no-color`, a `NO_COLOR` that is not empty, and
    /// `TERM=dumb` says no.
    package init(isTerminal: Bool, noColorFlag: Bool, environment: [String: String]) {
        let refused = noColorFlag || !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        isColoured = isTerminal && !refused
    }

    package func paint(_ text: String, _ style: Style) -> String {
        guard isColoured, let code = style.code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
