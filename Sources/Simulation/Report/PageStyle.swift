/// What the pages of simulations have in common: they need nothing but themselves, in light and in dark.
enum PageStyle {
    /// Classes `s0` to `s11`: told apart by most people, also by those who see few colours, on both backgrounds.
    static let colourCount = 12

    static func page(title: String, body: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(escaped(title))</title><style>
        \(style)
        </style></head><body>
        <h1>\(escaped(title))</h1>
        \(body)
        </body></html>

        """
    }

    private static let light = [
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7b4fa3", "#8c510a", "#5d8a00", "#e0457b",
        "#4d6a8a", "#7f7f7f",
    ]
    private static let dark = [
        "#4aa8e0", "#ff8a3d", "#2ecc9b", "#e79cc6", "#e6c229", "#8fd0ff", "#b48ee0", "#d19a5b", "#a5cf4c", "#ff7fa8",
        "#9ab4d0", "#b0b0b0",
    ]

    private static func classes(_ colours: [String]) -> String {
        colours.enumerated().map { ".s\($0){--c:\($1)}" }.joined()
    }

    private static let style = """
        :root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--soft:#59636e;--line:#d8dee4;--rest:#f3f5f7}
        \(classes(light))
        @media (prefers-color-scheme:dark){:root{--paper:#0f1318;--ink:#e6e9ed;--soft:#9aa4af;--line:#2d343d;\
        --rest:#1a2027}\(classes(dark))}
        body{font:15px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;\
        color:var(--ink);background:var(--paper)}
        h1{font-size:1.6rem}h2{font-size:1.2rem;margin:2rem 0 .4rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
        p{margin:.3rem 0;max-width:46rem}.note{color:var(--soft)}
        .wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
        table{font-size:.86rem}td,th{padding:.25rem .5rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
        th{font-weight:600;vertical-align:bottom}td:first-child,th:first-child{text-align:left}
        svg{width:100%;height:auto;display:block}svg text{font-size:13px;fill:var(--soft)}
        svg .grid{stroke:var(--line)}svg .curve{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}
        svg .bar{fill:var(--c)}svg .rest{fill:var(--rest)}
        .key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.3rem 0}
        .key span::before{content:"";display:inline-block;width:.9em;height:.9em;margin-right:.4em;\
        border-radius:2px;background:var(--c);vertical-align:-.08em}
        """

    static func colour(_ place: Int) -> String { "s\(place % colourCount)" }

    /// Names with their colours.
    static func key(_ names: [(name: String, colour: Int)]) -> String {
        "<div class='key'>"
            + names.map { "<span class='\(colour($0.colour))'>\(escaped($0.name))</span>" }.joined() + "</div>"
    }

    static func table(_ headings: [String], _ rows: [[String]]) -> String {
        "<div class='wide'><table><tr>" + headings.map { "<th>\($0)</th>" }.joined() + "</tr>\n"
            + rows.map { "<tr>" + $0.map { "<td>\($0)</td>" }.joined() + "</tr>" }.joined(separator: "\n")
            + "</table></div>"
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    /// A length of time in the unit that people would take: `0 s`, `45 s`, `12 min`, `3.4 h`, `2.1 d`.
    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<100: "\(short(seconds)) s"
        case ..<6000: "\(short(seconds / 60)) min"
        case ..<172_800: "\(short(seconds / 3600)) h"
        default: "\(short(seconds / 86_400)) d"
        }
    }

    /// Two or three digits that matter, without a point where it says nothing.
    static func short(_ number: Double) -> String {
        let value = number.rounded(to: number.magnitude < 10 ? 2 : number.magnitude < 100 ? 1 : 0)
        return value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
