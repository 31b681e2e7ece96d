import Foundation
import Subprocess
import SystemPackage
import Testing

/// Programs that tests run.
enum Tool {
    /// Whether a program is on the path. A build server that promises all tools answers yes, so that nothing is skipped.
    static func isThere(_ name: String) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return isPromised || path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    /// The interpreter of `Scripts/python-tools`; nil before that script ran.
    static var python: String? {
        let path = Built.root + "/.build/python-tools/bin/python"
        return isPromised || FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// What `Scripts/nvidia-smi` made; nil before that script ran.
    static var nvidiaSMI: String? {
        let path = Built.root + "/.build/nvidia-smi/nvidia-smi"
        return isPromised || FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private static var isPromised: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// What a program prints; fails when it does not succeed.
    static func output(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> String {
        let additions = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        let isPath = program.hasPrefix("/")
        let result = try await run(
            isPath ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(additions), output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 22))
        guard result.terminationStatus.isSuccess else {
            throw Failure(program: program, text: result.standardOutput + result.standardError)
        }
        return result.standardOutput
    }

    struct Failure: Error {
        let program: String
        let text: String
    }
}
