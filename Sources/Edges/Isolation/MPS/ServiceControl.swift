import Subprocess
import SystemPackage

/// Speaks with the control daemon of one pipe directory, through NVIDIA's own program, in the third version of its
/// protocol (driver 615 and newer).
struct ServiceControl: Sendable {
    let program: String
    /// Where its sockets lie.
    let pipes: String
    let logs: String
    let patience: Duration

    /// Starts the daemon; returns when it listens. It goes on without us.
    func start() async throws(ServiceError) {
        // One server for all users: a GPU in exclusive mode has room for no second.
        let end = try await Self.end(
            of: [program, "-d", "-p", "3", "-m"], environment: environment, isKept: true, within: patience)
        guard end.isSuccess else {
            throw ServiceError("\(program) did not start: \(end.complaint.isEmpty ? end.text : end.complaint)")
        }
    }

    /// Sends a command; returns what was answered.
    @discardableResult
    func ask(_ words: String...) async throws(ServiceError) -> String {
        let end = try await Self.end(of: [program] + words, environment: environment, within: patience)
        guard end.isSuccess else {
            let why = end.complaint.isEmpty ? end.text : end.complaint
            throw ServiceError("the MPS control refused '\(words.joined(separator: " "))': \(why)")
        }
        return end.text
    }

    private var environment: [String: String] { Self.environment(program: program, pipes: pipes, logs: logs) }

    /// Nothing of the daemon's own environment: in there would be words that overrule ours.
    static func environment(program: String, pipes: String, logs: String) -> [String: String] {
        let own = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return [
            "PATH": "\(own):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "CUDA_MPS_PIPE_DIRECTORY": pipes, "CUDA_MPS_LOG_DIRECTORY": logs, "CUDA_MPS_PROTOCOL_VERSION": "3",
        ]
    }

    struct End: Sendable {
        let isSuccess: Bool
        let text: String
        let complaint: String
    }

    /// Runs a program to its end; it is ended when that takes longer than `limit`.
    ///
    /// - Parameter isKept: it leaves something running behind, which is to hold no pipe of ours.
    static func end(
        of command: [String], environment: [String: String], isKept: Bool = false, within limit: Duration
    ) async throws(ServiceError) -> End {
        let variables = Dictionary(
            uniqueKeysWithValues: environment.map { (Subprocess.Environment.Key(stringLiteral: $0), $1) })
        let result: Result<End, ServiceError> = await withTaskGroup { group in
            group.addTask { () -> Result<End, ServiceError> in
                do {
                    return .success(try await isKept ? start(command, variables) : collect(command, variables))
                } catch {
                    return .failure(ServiceError("\(command[0]) could not be run: \(error)"))
                }
            }
            group.addTask { () -> Result<End, ServiceError> in
                try? await Task.sleep(for: limit)
                return .failure(.tooSlow(command, limit))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.tooSlow(command, limit))
        }
        if Task.isCancelled, case .failure = result { throw ServiceError("nobody waits for \(command[0]) any more") }
        return try result.get()
    }

    private typealias Variables = [Subprocess.Environment.Key: String]

    private static func collect(_ command: [String], _ variables: Variables) async throws -> End {
        let result = try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(variables), platformOptions: platformOptions, output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 16))
        return End(
            isSuccess: result.terminationStatus.isSuccess, text: trimmed(result.standardOutput),
            complaint: trimmed(result.standardError))
    }

    /// What the program leaves running would keep a pipe of ours open.
    private static func start(_ command: [String], _ variables: Variables) async throws -> End {
        let result = try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(variables), platformOptions: platformOptions, output: .discarded, error: .discarded)
        return End(
            isSuccess: result.terminationStatus.isSuccess, text: "",
            complaint: "it ended with "
                + "\(result.terminationStatus)")
    }

    /// A terminal's ^C is for whoever runs the daemon, not for what it has started.
    private static var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        return options
    }

    private static func trimmed(_ text: String) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }
}

/// Why the multi-process service did not do something.
struct ServiceError: Error, Sendable, CustomStringConvertible {
    let description: String
    let isTooSlow: Bool

    init(_ description: String) {
        self.description = description
        isTooSlow = false
    }

    private init(slow description: String) {
        self.description = description
        isTooSlow = true
    }

    static func tooSlow(_ command: [String], _ limit: Duration) -> ServiceError {
        ServiceError(slow: "'\(command.joined(separator: " "))' did not end within \(limit) and was ended")
    }
}
