import Foundation
import Subprocess
import SystemPackage
import Testing

/// Programs that tests run.
enum Tool {
    /// Whether a program is on the path. A build server that promises all tools answers yes: nothing is skipped.
    static func isThere(_ name: String) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return isPromised || path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    /// The interpreter of `Scripts/python-tools`; nil before that script ran, or without NVIDIA's bindings in it.
    static var python: String? {
        let path = Built.root + "/.build/python-tools"
        let libraries = try? FileManager.default.contentsOfDirectory(atPath: path + "/lib")
        let hasBindings = (libraries ?? []).contains { library in
            FileManager.default.fileExists(atPath: "\(path)/lib/\(library)/site-packages/cuda/bindings")
        }
        return isPromised || hasBindings ? path + "/bin/python" : nil
    }

    /// What `Scripts/nvidia-smi` made; nil before that script ran.
    static var nvidiaSMI: String? {
        let path = Built.root + "/.build/nvidia-smi/nvidia-smi"
        return isPromised || access(path, X_OK) == 0 ? path : nil
    }

    static var isPromised: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// What a program prints; fails when it does not succeed.
    static func output(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> String {
        let result = try await result(program, arguments, environment: environment)
        guard result.isSuccess else { throw Failure(program: program, text: result.text) }
        return result.text
    }

    /// How a program ended, and what it printed.
    static func result(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (isSuccess: Bool, text: String) {
        let additions = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        let result = try await run(
            program.hasPrefix("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(additions), output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 22))
        let isSuccess = result.terminationStatus.isSuccess
        return (isSuccess, result.standardOutput + (isSuccess ? "" : result.standardError))
    }

    struct Failure: Error {
        let program: String
        let text: String
    }
}
