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

/// Nanoseconds of the monotonic clock, which probes go by.
func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A probe that holds memory of the first GPU until it is ended.
final class Holder {
    let pid: pid_t
    private let output: Int32
    private var isEnded = false

    init(_ machine: borrowing Machine, bytes: Int) throws {
        var pipes: [Int32] = [0, 0]
        try #require(pipe(&pipes) == 0)
        for end in pipes { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let words: [String] = [Built.probePath, machine.libraryPath, "hold", String(bytes)]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var started: pid_t = 0
        try #require(posix_spawn(&started, Built.probePath, &actions, nil, &arguments, environ) == 0)
        close(pipes[1])
        output = pipes[0]
        pid = started
        // It says its pid when it holds what it should.
        var text = [UInt8](repeating: 0, count: 32)
        guard read(output, &text, text.count) > 0 else {
            end()
            throw Tool.Failure(program: Built.probePath, text: "the probe could not allocate")
        }
    }

    func end() {
        guard !isEnded else { return }
        isEnded = true
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        close(output)
    }

    deinit { end() }
}
