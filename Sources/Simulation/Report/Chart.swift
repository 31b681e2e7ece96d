/// A chart of lines with axes that say what they show.
struct Chart {
    struct Line {
        var colour: Int
        var points: [(x: Double, y: Double)]
    }

    /// A mark on an axis.
    struct Mark {
        var at: Double
        var text: String
    }

    var label: String
    var xTitle: String
    var yTitle: String
    var xMarks: [Mark]
    var yMarks: [Mark]
    var xRange: ClosedRange<Double>
    var yRange: ClosedRange<Double>
    var lines: [Line]

    private static let (left, right, top, bottom) = (70.0, 20.0, 26.0, 52.0)
    private static let (width, height) = (960.0, 330.0)

    var svg: String {
        let (plotWidth, plotHeight) = (Self.width - Self.left - Self.right, Self.height - Self.top - Self.bottom)
        func x(_ value: Double) -> Double {
            Self.left + plotWidth * (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
        }
        func y(_ value: Double) -> Double {
            Self.top + plotHeight * (yRange.upperBound - value) / (yRange.upperBound - yRange.lowerBound)
        }
        func n(_ value: Double) -> String { "\(value.rounded(to: 1))" }
        let base = Self.top + plotHeight
        var parts: [String] = []
        for mark in yMarks {
            parts.append(
                "<line class='grid' x1='\(n(Self.left))' x2='\(n(Self.left + plotWidth))' y1='\(n(y(mark.at)))' "
                    + "y2='\(n(y(mark.at)))'/><text x='\(n(Self.left - 8))' y='\(n(y(mark.at) + 4))' "
                    + "text-anchor='end'>\(mark.text)</text>")
        }
        for mark in xMarks {
            parts.append(
                "<line class='grid' x1='\(n(x(mark.at)))' x2='\(n(x(mark.at)))' y1='\(n(base))' y2='\(n(base + 5))'/>"
                    + "<text x='\(n(x(mark.at)))' y='\(n(base + 20))' text-anchor='middle'>\(mark.text)</text>")
        }
        parts.append(
            "<text x='\(n(Self.left + plotWidth / 2))' y='\(n(Self.height - 8))' text-anchor='middle'>"
                + "\(PageStyle.escaped(xTitle))</text><text x='4' y='14'>\(PageStyle.escaped(yTitle))</text>")
        for line in lines {
            let points = line.points.map { "\(n(x($0.x))),\(n(y($0.y)))" }.joined(separator: " ")
            parts.append("<polyline class='curve \(PageStyle.colour(line.colour))' points='\(points)'/>")
        }
        return "<svg viewBox='0 0 \(Int(Self.width)) \(Int(Self.height))' role='img' "
            + "aria-label='\(PageStyle.escaped(label))'>\(parts.joined())</svg>"
    }

    /// Marks at round numbers from zero to at least `most`, at most eight of them.
    static func marks(upTo most: Double, unit: String = "") -> [Mark] {
        let step = roundStep(most)
        return (0...Int((most / step - 1e-9).rounded(.up))).map {
            Mark(at: Double($0) * step, text: PageStyle.short(Double($0) * step) + unit)
        }
    }

    /// 1, 2 or 5 times a power of ten, so that at most seven steps reach `most`.
    private static func roundStep(_ most: Double) -> Double {
        var step = 1e-3
        while true {
            for factor in [1.0, 2, 5] where most / (step * factor) <= 7 { return step * factor }
            step *= 10
        }
    }

    /// The unit that a stretch of time is best counted in.
    static func timeUnit(for seconds: Double) -> (name: String, seconds: Double) {
        switch seconds {
        case ..<300: ("seconds", 1)
        case ..<18_000: ("minutes", 60)
        case ..<259_200: ("hours", 3600)
        default: ("days", 86_400)
        }
    }
}
