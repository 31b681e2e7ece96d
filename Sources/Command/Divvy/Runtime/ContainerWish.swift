import Fleet
import Presentation

/// What the variables and annotations of a container ask of Divvy.
enum ContainerWish: Hashable {
    case nothing
    /// It was started for a lease that was granted before: by `divvy run`.
    case lease(LeaseID)
    case request(RequestOptions, name: String?)

    private static let prefix = "DIVVY_"
    private static let annotationPrefix = "divvy.dev/"
    /// Options of `divvy run` as they stand behind the prefix: `GPU_MEMORY` for `--gpu-memory`.
    private static let options = [
        "GPUS", "NODES", "SLICE", "COMPUTE", "GPU_MEMORY", "GRADE", "SHARE", "BURST", "GPU_MEMORY_SPILL", "TOPOLOGY",
        "ANTI_AFFINITY", "PLACEMENT", "FOR", "QUEUE", "RESERVATION", "PRIORITY", "WAIT",
    ]
    private static let name = "LEASE_NAME"
    /// Variables of Divvy's that are no part of a request.
    private static let others =
        SettingsKey.allCases.map(\.variable) + [
            "DIVVY_CONFIG", "DIVVY_LEASE", "DIVVY_LIMITER", "DIVVY_SIMULATED_DRIVER",
        ]

    /// Throws when a variable is most likely a slip, which must not become a container without GPUs.
    init(variables: [String: String], annotations: [String: String]) throws(Failure) {
        var asked: [String: (place: String, value: String)] = [:]
        for (place, value) in variables.sorted(by: { $0.key < $1.key }) where place.hasPrefix(Self.prefix) {
            let word = String(place.dropFirst(Self.prefix.count))
            if Self.others.contains(place) { continue }
            guard Self.options.contains(word) || word == Self.name else {
                try Self.refuseSlip(place, word)
                continue
            }
            asked[word] = (place, value)
        }
        for (place, value) in annotations.sorted(by: { $0.key < $1.key }) where place.hasPrefix(Self.annotationPrefix) {
            let word = place.dropFirst(Self.annotationPrefix.count).uppercased().replacing("-", with: "_")
            if word == "LEASE" { continue }
            guard Self.options.contains(word) || word == Self.name else {
                try Self.refuseSlip(place, word)
                continue
            }
            if let other = asked[word], other.value != value {
                throw Failure(
                    .badData, "\(other.place) says \"\(other.value)\" and the annotation \(place) says \"\(value)\"",
                    hint: "say it in one place")
            }
            asked[word] = (place, value)
        }
        if let text = variables["DIVVY_LEASE"], let lease = LeaseID(text) {
            self = .lease(lease)
        } else if asked.isEmpty {
            self = .nothing
        } else {
            let name = asked.removeValue(forKey: Self.name)?.value
            self = .request(try Self.request(asked), name: name)
        }
    }

    private static func request(
        _ asked: [String: (place: String, value: String)]
    ) throws(Failure) -> RequestOptions {
        // Whoever starts a container waits for an answer, so it does not wait for room unless told to.
        var words = asked["WAIT"] == nil ? ["--no-wait"] : []
        for (word, (place, value)) in asked.sorted(by: { $0.key < $1.key }) {
            guard !value.isEmpty else {
                throw Failure(.badData, "\(place) is empty", hint: "give it a value, or leave it out")
            }
            words.append("\(option(word))=\(value)")
        }
        do throws(RequestError) {
            let options = try RequestOptions(arguments: words)
            _ = try RequestParser.parse(options)
            return options
        } catch {
            let word = error.option.drop { $0 == "-" }.uppercased().replacing("-", with: "_")
            let place = asked[word]?.place ?? error.option
            throw Failure(
                .badData,
                RequestError(
                    option: place, text: error.text, range: error.range, message: error.message, hint: error.hint
                ).description)
        }
    }

    private static func option(_ word: String) -> String { "--" + word.lowercased().replacing("_", with: "-") }

    /// Anything near one of ours, or about GPUs, was most likely meant for us.
    private static func refuseSlip(_ place: String, _ word: String) throws(Failure) {
        let isAnnotation = place.hasPrefix(annotationPrefix)
        let meant = Suggestion.nearest(to: word, among: options + [name])
        guard meant != nil || word.contains("GPU") || isAnnotation else { return }
        let words = meant.map { isAnnotation ? annotationPrefix + option($0).dropFirst(2) : prefix + $0 }
        throw Failure(
            .badData, "\(place) is not known", hint: words.map { "did you mean \($0)?" } ?? "see `divvy help run`")
    }
}
