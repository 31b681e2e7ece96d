import Foundation
import Glibc
import Testing

/// A program that the tests started.
final class Program {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    let pid: pid_t
    private var ended: Int32?

    /// Starts a program; its output goes to a file, to be read when it has ended or before.
    init(_ words: [String], environment: [String: String] = [:], output: String, errors: String? = nil) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o644)
        if let errors {
            posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o644)
        } else {
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = all.map { strdup("\($0)=\($1)") } + [nil]
        defer { for word in arguments + variables { free(word) } }
        // The threads that run tests block signals; what is started from a shell has none blocked.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var child: pid_t = 0
        let code = posix_spawnp(&child, words[0], &actions, &attributes, &arguments, &variables)
        try #require(code == 0, "\(words[0]): \(String(cString: strerror(code)))")
        pid = child
    }

    var isRunning: Bool {
        if ended != nil { return false }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return true }
        ended = Self.code(status)
        return false
    }

    /// Waits for its end: the exit status, or 128 and the signal's number.
    @discardableResult
    func wait() -> Int32 {
        if let ended { return ended }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let code = Self.code(status)
        ended = code
        return code
    }

    func signal(_ number: Int32) { if ended == nil { kill(pid, number) } }

    private static func code(_ status: Int32) -> Int32 {
        status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    }

    /// Runs a program to its end, at most `seconds` long.
    static func run(_ words: [String], environment: [String: String] = [:], seconds: Double = 60) throws -> Result {
        var template = Array("/tmp/divvy-output-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let program = try Program(
            words, environment: environment, output: "\(directory)/out", errors: "\(directory)/err")
        if try !eventually(seconds, { !program.isRunning }) { program.signal(SIGKILL) }
        let status = program.wait()
        func text(_ name: String) -> String {
            String(decoding: FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data(), as: UTF8.self)
        }
        return Result(status: status, output: text("out"), errors: text("err"))
    }
}
