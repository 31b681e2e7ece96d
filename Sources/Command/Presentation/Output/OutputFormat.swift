/// How a listing is written.
package enum OutputFormat: String, CaseIterable, Sendable {
    case table, wide, json, jsonl, yaml, csv, name

    /// One sentence for people, for help texts.
    package var meaning: String {
        switch self {
        case .table: "columns for people"
        case .wide: "more columns for people"
        case .json: "one JSON document, as the API gives it"
        case .jsonl: "one JSON object a line"
        case .yaml: "the JSON document as YAML"
        case .csv: "comma-separated values with a header line"
        case .name: "ids only, one a line"
        }
    }
}
