/// What Docker makes of the value of `docker run --gpus`: its rules, its results, its wording.
///
/// After docker/cli `opts/gpus.go`: the value is one comma-separated record; each field is `key=value` with the keys
/// `count`, `driver`, `device`, `capabilities` and `options`, or a bare count. No key may come twice, but a bare count
/// after another count replaces it.
package struct DockerGPUOption: Hashable, Sendable {
    /// -1 is every GPU; 0 when only devices were named. Docker takes other negative numbers too.
    package var count: Int
    package var driver: String
    package var devices: [String]
    /// Without the `gpu` that Docker adds at the end.
    package var capabilities: [String]
    package var options: [String: String]

    /// Throws what Docker throws.
    package static func parse(_ text: String) throws(RequestError) -> DockerGPUOption {
        let record = try CommaSeparatedRecord(Piece(option: GPUFields.option, text: text))
        let fields = try GPUFields(record.fields) { (piece) throws(RequestError) in _ = try DockerCount.parse(piece) }
        var option = DockerGPUOption(count: 0, driver: "", devices: [], capabilities: [], options: [:])
        if let last = fields.counts.last {
            option.count = try DockerCount.parse(last.piece)
        } else if fields.devices == nil {
            option.count = 1
        }
        option.driver = fields.driver?.string ?? ""
        option.devices = (fields.devices ?? []).map(\.string)
        option.capabilities = (fields.capabilities ?? []).map(\.string)
        for field in fields.options {
            let (key, value) = field.cut(at: "=") ?? (field, field.dropFirst(field.count))
            option.options[key.string] = value.string
        }
        return option
    }
}

/// A count as Docker reads it: `all`, or what Go's strconv.Atoi takes.
enum DockerCount {
    static func isOne(_ piece: Piece) -> Bool { piece == "all" || WholeNumber.isDigits(digits(piece)) }

    private static func digits(_ piece: Piece) -> Piece {
        piece.hasPrefix("-") || piece.hasPrefix("+") ? piece.dropFirst(1) : piece
    }

    static func parse(_ piece: Piece) throws(RequestError) -> Int {
        if piece == "all" { return -1 }
        guard isOne(piece) else {
            // Go reads from the left and stops at what comes first: a digit too many, or what is no digit.
            let start = digits(piece)
            let number = start.prefix(start.bytes.firstIndex { !$0.isDigit } ?? start.count)
            let isTooLong = !number.isEmpty && UInt64(number.string) == nil
            throw failure(piece, isTooLong ? "value out of range" : "invalid syntax")
        }
        // Int(_:) reads the sign and any number of digits, and is nil exactly when the value does not fit.
        guard let value = Int(piece.string) else { throw failure(piece, "value out of range") }
        return value
    }

    static func failure(_ piece: Piece, _ reason: String) -> RequestError {
        piece.failure(
            "invalid count (\(piece.string)): value must be either \"all\" or an integer: \(reason)",
            hint: GPUSelector.hint)
    }
}

/// The fields of a `--gpus` value, sorted by key but not yet understood.
struct GPUFields {
    static let option = "--gpus"
    private static let keys = ["driver", "count", "device", "capabilities", "options"]

    var driver: Piece?
    /// All counts in the order written; `isBare` tells a field without a key.
    var counts: [(piece: Piece, isBare: Bool)] = []
    var devices: [Piece]?
    var capabilities: [Piece]?
    var options: [Piece] = []

    /// Reads the fields from the first to the last; throws at the first that Docker would refuse.
    ///
    /// `checkCount` is handed each count and throws when it is none.
    init(_ fields: [Piece], checkCount: (Piece) throws(RequestError) -> Void) throws(RequestError) {
        var seen: Set<String> = []
        for field in fields {
            let cut = field.cut(at: "=")
            let key = cut?.before ?? field
            guard seen.insert(key.string).inserted else {
                throw key.failure("gpu request key '\(key.string)' can be specified only once", hint: nil)
            }
            guard let value = cut?.after else {
                seen.insert("count")
                try checkCount(field)
                counts.append((field, isBare: true))
                continue
            }
            switch key.string {
            case "driver": driver = value
            case "count":
                try checkCount(value)
                counts.append((value, isBare: false))
            case "device": devices = value.split(at: ",")
            case "capabilities": capabilities = value.split(at: ",")
            case "options": options = try Self.options(value)
            default:
                throw key.failure(
                    "unexpected key '\(key.string)' in '\(field.string)'",
                    hint: "the keys are \(Self.keys.joined(separator: ", "))")
            }
        }
    }

    private static func options(_ value: Piece) throws(RequestError) -> [Piece] {
        do throws(RequestError) {
            return try CommaSeparatedRecord(value).fields
        } catch {
            throw RequestError(
                option: error.option, text: error.text, range: error.range,
                message: "failed to read gpu options: \(error.message)", hint: error.hint)
        }
    }
}
