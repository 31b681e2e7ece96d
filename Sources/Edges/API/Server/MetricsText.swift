/// Metrics in Prometheus' text format, version 0.0.4: prometheus.io/docs/instrumenting/exposition_formats.
struct MetricsText {
    /// What `Content-Type` says of it.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String { case counter, gauge }

    /// One value with its labels, in the order in which they are to stand.
    struct Sample {
        let labels: [(name: String, value: String)]
        let value: Int64

        init(_ labels: (name: String, value: String)..., value: Int64) {
            self.labels = labels
            self.value = value
        }
    }

    private(set) var text = ""

    /// Adds a metric with all its values; without any it is announced all the same.
    mutating func add(_ name: String, _ kind: Kind, help: String, _ samples: [Sample]) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(sample.value)\n"
        }
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.append(character)
            }
        }
    }
}
