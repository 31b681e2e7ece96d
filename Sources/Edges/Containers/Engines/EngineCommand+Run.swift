import Subprocess
import SystemPackage

/// What an engine's command line wrote and how it ended.
package struct EngineOutput: Hashable, Sendable {
    package let isSuccess: Bool
    package let text: String
    /// What it wrote to standard error, without line breaks at its ends.
    package let complaint: String
}

/// Why an engine's command line gave no output at all.
package enum EngineCallError: Error, Hashable, Sendable, CustomStringConvertible {
    case notStarted(String, reason: String)
    case tooSlow(String, seconds: Int)

    package var description: String {
        switch self {
        case .notStarted(let program, let reason): "\(program) could not be run: \(reason)"
        case .tooSlow(let program, let seconds): "\(program) did not answer within \(seconds) s and was ended"
        }
    }
}

extension EngineCommand {
    /// Runs the engine's command line and collects what it writes; it is ended when it takes longer than `limit`.
    ///
    /// - Parameter account: whom to run it as, which only root can choose; nil runs it as this process.
    package func output(
        of rest: [String], as account: Account? = nil, limit: Duration = .seconds(20)
    ) async throws(EngineCallError) -> EngineOutput {
        let start = start(as: account)
        let result: Result<EngineOutput, EngineCallError> = await withTaskGroup { group in
            group.addTask { () -> Result<EngineOutput, EngineCallError> in
                do {
                    let result = try await Subprocess.run(
                        .path(FilePath(start.program)), arguments: Arguments(start.arguments + globalArguments + rest),
                        environment: environment(for: account), platformOptions: Self.platformOptions,
                        output: .string(limit: 4 << 20), error: .string(limit: 1 << 16))
                    return .success(
                        EngineOutput(
                            isSuccess: result.terminationStatus.isSuccess, text: result.standardOutput,
                            complaint: result.standardError.trimmed))
                } catch {
                    return .failure(.notStarted(executable, reason: "\(error)"))
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .failure(.tooSlow(executable, seconds: Int(limit.components.seconds)))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.notStarted(executable, reason: "cancelled"))
        }
        return try result.get()
    }

    /// Runs the engine's command line and hands out the lines that it writes, until it ends or the task is cancelled.
    package func lines(
        of rest: [String], as account: Account? = nil, each: (String) async -> Void
    ) async throws(EngineCallError) {
        let start = start(as: account)
        do {
            _ = try await Subprocess.run(
                .path(FilePath(start.program)), arguments: Arguments(start.arguments + globalArguments + rest),
                environment: environment(for: account), platformOptions: Self.platformOptions,
                input: .none, output: .sequence, error: .discarded
            ) { execution in
                for try await line in execution.standardOutput.strings() { await each(line) }
            }
        } catch {
            throw .notStarted(executable, reason: "\(error)")
        }
    }

    private func environment(for account: Account?) -> Subprocess.Environment {
        guard let account else { return .inherit }
        var variables: [Subprocess.Environment.Key: String] = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": account.home,
            "USER": account.name, "LOGNAME": account.name,
        ]
        // Where there is none, Podman keeps its state elsewhere, for the user's own command line as for this one.
        let runtime = "/run/user/\(account.uid)"
        if HostFiles.kind(of: runtime) == .directory { variables["XDG_RUNTIME_DIR"] = runtime }
        return .custom(variables)
    }

    /// A terminal's ^C is for whoever runs the daemon, not for what it has started.
    private static var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        return options
    }

    /// The program to start and what it needs before the engine's own arguments.
    ///
    /// Another program changes the user: with the options that Subprocess has for it, the new process of a program with
    /// several threads waits in glibc's setuid for threads that it does not have (swift-subprocess 1.0.2, clone3).
    private func start(as account: Account?) -> (program: String, arguments: [String]) {
        guard let account else { return (executable, []) }
        let groups = account.groups.map(String.init).joined(separator: ",")
        return (
            "/usr/bin/setpriv",
            [
                "--reuid=\(account.uid)", "--regid=\(account.gid)",
                account.groups.isEmpty ? "--clear-groups" : "--groups=\(groups)", "--", executable,
            ]
        )
    }
}

extension String {
    fileprivate var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
