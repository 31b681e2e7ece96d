import Foundation
import Testing

/// A CUDA program that does what it is told; see `Client/main.swift`.
final class ServiceProgram {
    let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var text: [UInt8] = []
    private var isEnded = false

    /// - Parameters:
    ///   - environment: `NAME=value`, and nothing else but the path.
    ///   - uid: whom to run it as; nil runs it as this process.
    init(library: String, environment: [String], uid: UInt32? = nil) throws {
        let program = Built.directory.appendingPathComponent("ServiceClient").path
        var words = [program, library]
        if let uid {
            words = ["/usr/bin/setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "--"] + words
        }
        var (inputs, outputs): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&inputs) == 0 && pipe(&outputs) == 0)
        for end in inputs + outputs { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, inputs[0], 0)
        posix_spawn_file_actions_adddup2(&actions, outputs[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = (environment + ["PATH=/usr/bin:/bin"]).map { strdup($0) }
        variables.append(nil)
        defer { (arguments + variables).forEach { free($0) } }
        var started: pid_t = 0
        try #require(posix_spawn(&started, words[0], &actions, nil, &arguments, &variables) == 0)
        close(inputs[0])
        close(outputs[1])
        pid = started
        // One that has died is found out by what it does not answer.
        signal(SIGPIPE, SIG_IGN)
        input = inputs[1]
        output = outputs[0]
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
    }

    /// What the driver said when it was asked for a context: 0 is that it gave one. nil when it said nothing in time.
    func start(within limit: Duration = .seconds(20)) async throws -> Int? {
        try await line(within: limit).flatMap { Int($0) }
    }

    /// Tells it to do something; what it answered.
    func does(_ words: String, within limit: Duration = .seconds(20)) async throws -> Int? {
        let bytes = Array((words + "\n").utf8)
        guard write(input, bytes, bytes.count) == bytes.count else { return nil }
        return try await line(within: limit).flatMap { Int($0) }
    }

    private func line(within limit: Duration) async throws -> String? {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if let mark = text.firstIndex(of: 10) {
                defer { text.removeSubrange(...mark) }
                return String(decoding: text[..<mark], as: UTF8.self)
            }
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = read(output, &buffer, buffer.count)
            if count > 0 { text += buffer[..<count] }
            if count == 0 { return nil }
            if count < 0 { try await Task.sleep(for: .milliseconds(3)) }
        }
        return nil
    }

    /// Lets it end as programs do, with their exit handlers.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        close(input)
        waitpid(pid, nil, 0)
        close(output)
    }

    func kill() {
        guard !isEnded else { return }
        isEnded = true
        Glibc.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        close(input)
        close(output)
    }

    deinit { kill() }
}
