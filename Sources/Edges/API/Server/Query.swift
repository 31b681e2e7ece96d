import Hummingbird

/// The parameters after the `?` of a path; one that is not known is refused.
struct Query {
    private var values: [String: String] = [:]

    init(_ request: Request, allows names: [String]) throws(ProblemReport) {
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            guard names.contains(name) else {
                throw .badRequest(
                    "there is no parameter \"\(name)\" here", hint: "there is \(names.joined(separator: ", "))")
            }
            guard values.updateValue(String(value), forKey: name) == nil else {
                throw .badRequest("the parameter \"\(name)\" is given twice")
            }
        }
    }

    /// `true` or `false`; false when it is not given.
    func flag(_ name: String) throws(ProblemReport) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true": return true
        case let value?: throw .badRequest("\(name) is \"\(value)\"", hint: "it is true or false")
        }
    }

    /// nil when it is not given.
    func text(_ name: String) -> String? { values[name] }

    /// nil when it is not given.
    func number(_ name: String, in range: ClosedRange<Int64>) throws(ProblemReport) -> Int64? {
        guard let text = values[name] else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text), range.contains(number) else {
            throw .badRequest(
                "\(name) is \"\(text)\"", hint: "it is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
