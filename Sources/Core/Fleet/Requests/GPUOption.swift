/// The value of `--gpus`: all that Docker reads, with the same meaning, and Divvy's own forms beside it.
///
/// Two things differ from Docker on purpose, both where Docker fails later: `device=0,2` without quotes means devices 0
/// and 2, and a value that names no GPU at all (`0`, `device=`) is refused at once.
struct GPUOption {
    var selector = GPUSelector()
    var devices: [String] = []
    var driver: String?
    var capabilities: [String] = []
    var notes: [String] = []

    static let deviceLimit = 1024

    init(_ text: String) throws(RequestError) {
        let whole = try Piece(option: GPUFields.option, text: text)
        let record = try CommaSeparatedRecord(whole)
        if record.hasMore { notes.append("--gpus: only the first line is read, as Docker does") }
        let shaped = shape(record.fields)
        let fields = try GPUFields(shaped) { (_) throws(RequestError) in }
        try readCounts(fields.counts)
        try readDevices(fields.devices)
        try readDriver(fields.driver)
        try readCapabilities(fields.capabilities)
        if !fields.options.isEmpty { notes.append("--gpus: \"options\" has no effect, as with Docker's nvidia driver") }
    }

    /// Puts together what one comma too many has split: devices, capabilities, and a list of models.
    private mutating func shape(_ fields: [Piece]) -> [Piece] {
        var shaped: [Piece] = []
        var rest = fields[...]
        while var field = rest.popFirst() {
            if field.hasPrefix("device=") {
                absorb(&rest, into: &field, as: "devices", where: Self.looksLikeDevice)
            } else if field.hasPrefix("capabilities=") {
                absorb(&rest, into: &field, as: "capabilities") { Self.knownCapabilities.contains($0.string) }
            } else if !Self.hasKey(field) {
                var group = [field]
                while let next = rest.first, !Self.hasKey(next) { group.append(rest.removeFirst()) }
                if group.allSatisfy(DockerCount.isOne) {
                    shaped += group
                    continue
                }
                field = group.dropFirst().reduce(group[0]) { $0.joined(with: $1) }
            }
            shaped.append(field)
        }
        return shaped
    }

    /// Appends to a `key=value` field the fields after it that can only be more of its values.
    private mutating func absorb(
        _ rest: inout ArraySlice<Piece>, into field: inout Piece, as what: String, where belongs: (Piece) -> Bool
    ) {
        let before = rest.count
        while let next = rest.first, belongs(next) { field = field.joined(with: rest.removeFirst()) }
        guard rest.count < before, let values = field.cut(at: "=")?.after.split(at: ",") else { return }
        notes.append(
            "--gpus: read as the \(what) \(values.map(\.string).joined(separator: " and ")); "
                + "docker itself wants quotes around it: '\"\(field.string)\"'")
    }

    private static let knownCapabilities = ["compute", "compat32", "graphics", "utility", "video", "display", "gpu"]

    private static func hasKey(_ field: Piece) -> Bool { field.bytes.contains(UInt8(ascii: "=")) }

    /// An index (`2`), a MIG device by indices (`0:1`), a UUID, or a CDI name (`nvidia.com/gpu=0`).
    private static func looksLikeDevice(_ field: Piece) -> Bool {
        if field.hasPrefix("GPU-") || field.hasPrefix("MIG-") { return true }
        if let (kind, _) = field.cut(at: "=") { return kind.bytes.contains(UInt8(ascii: "/")) }
        return field.split(at: ":").allSatisfy(WholeNumber.isDigits)
    }

    private mutating func readCounts(_ counts: [(piece: Piece, isBare: Bool)]) throws(RequestError) {
        guard let last = counts.last else { return }
        if counts.count > 1 {
            guard counts.allSatisfy({ DockerCount.isOne($0.piece) }) else {
                throw last.piece.failure("a second amount: \(last.piece.string)", hint: GPUSelector.hint)
            }
            notes.append(
                "--gpus: of several counts the last one, \(last.piece.string), holds, as with Docker; "
                    + "for single devices write device=\(counts.map(\.piece.string).joined(separator: ","))")
        }
        if last.isBare {
            selector = try GPUSelector(last.piece)
        } else {
            guard !last.piece.isEmpty, AmountText.looksLikeOne(last.piece) else {
                throw DockerCount.failure(last.piece, "invalid syntax")
            }
            try last.piece.checkPlain()
            selector.amount = try AmountText(last.piece)
        }
        notes += selector.amount?.notes ?? []
    }

    /// Takes over the devices, each once, and holds the number of GPUs against them.
    private mutating func readDevices(_ pieces: [Piece]?) throws(RequestError) {
        guard let pieces, let first = pieces.first else { return }
        let hint = "write device=0, device=0,2 or device=GPU-3a23..., as nvidia-smi -L lists them"
        for piece in pieces {
            try piece.checkPlain()
            guard !piece.isEmpty else { throw piece.failure("a device is missing", hint: hint) }
            guard piece.bytes.allSatisfy({ $0.isLetter || $0.isDigit || "-._:/=+".utf8.contains($0) }) else {
                throw piece.failure("\"\(piece.string)\" is not a device", hint: hint)
            }
            if piece == "none" || piece == "void" {
                throw piece.failure("no GPU cannot be asked for", hint: "for no GPU leave the option out")
            }
            if devices.contains(piece.string) {
                notes.append("--gpus: device \(piece.string) is named twice and counted once")
            } else {
                devices.append(piece.string)
            }
        }
        guard devices.count <= Self.deviceLimit else {
            throw first.failure("at most \(Self.deviceLimit) devices can be named", hint: hint)
        }
        let count = selector.amount?.count
        if devices == ["all"] {
            guard selector.amount == nil else { throw conflict(first) }
            devices = []
            selector.amount = .all
        } else if devices.contains("all") {
            throw first.failure("\"all\" stands alone", hint: hint)
        } else if let count, count.exact != devices.count {
            throw conflict(first)
        }
    }

    private func conflict(_ piece: Piece) -> RequestError {
        piece.failure(
            "cannot set both Count and DeviceIDs on device request",
            hint: "name the devices alone, or a count that is their number")
    }

    private mutating func readDriver(_ piece: Piece?) throws(RequestError) {
        guard let piece, !piece.isEmpty else { return }
        try piece.checkPlain()
        guard GPUSelector.isModelWord(piece) else {
            throw piece.failure("\"\(piece.string)\" is not a driver", hint: "write driver=nvidia")
        }
        driver = piece.lowercased
    }

    private mutating func readCapabilities(_ pieces: [Piece]?) throws(RequestError) {
        for piece in pieces ?? [] where !piece.isEmpty && !(piece == "gpu") {
            try piece.checkPlain()
            guard GPUSelector.isModelWord(piece) else {
                throw piece.failure(
                    "\"\(piece.string)\" is not a capability",
                    hint: "NVIDIA's are compute, compat32, graphics, utility, video and display")
            }
            if !capabilities.contains(piece.string) { capabilities.append(piece.string) }
        }
    }
}
