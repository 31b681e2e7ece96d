import Foundation
import SimulatedDevices
import Testing

/// A process that a test speaks with, line by line.
final class Program {
    let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var text: [UInt8] = []
    private var isEnded = false

    /// - Parameter user: the program runs as that user; only the superuser can say so.
    init(
        _ path: String, _ arguments: [String], environment: [String: String] = [:], user: uid_t? = nil
    ) throws {
        var (inputs, outputs): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&inputs) == 0 && pipe(&outputs) == 0)
        for end in inputs + outputs { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, inputs[0], 0)
        posix_spawn_file_actions_adddup2(&actions, outputs[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var words = [path] + arguments
        if let user {
            words = ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] + words
        }
        let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CUDA_") }
            .merging(environment) { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var started: pid_t = 0
        try #require(posix_spawn(&started, words[0], &actions, nil, &argv, &envp) == 0)
        close(inputs[0])
        close(outputs[1])
        (pid, input, output) = (started, inputs[1], outputs[0])
    }

    /// Says a line and returns the next one that comes back.
    func say(_ line: String) throws -> String {
        tell(line)
        return try #require(hear(milliseconds: 60_000), "no answer to \(line)")
    }

    /// Says a line and does not wait for an answer.
    func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(input, bytes, bytes.count)
    }

    /// The next line; nil when none comes in time, or the program ends.
    func hear(milliseconds: Int32) -> String? {
        let end = monotonicNow() + UInt64(milliseconds) * 1_000_000
        while true {
            if let newline = text.firstIndex(of: 10) {
                defer { text.removeSubrange(...newline) }
                return String(decoding: text[..<newline], as: UTF8.self)
            }
            let now = monotonicNow()
            guard now < end else { return nil }
            var polled = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, Int32((end - now) / 1_000_000 + 1)) > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { return nil }
            text += buffer[..<count]
        }
    }

    /// Ends its input, and returns everything that it still prints and its exit status.
    func finish() -> (text: String, status: Int32) {
        close(input)
        var lines: [String] = []
        while let line = hear(milliseconds: 60_000) { lines.append(line) }
        var status: Int32 = 0
        isEnded = true
        waitpid(pid, &status, 0)
        close(output)
        return (lines.joined(separator: "\n"), status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F))
    }

    func kill() {
        guard !isEnded else { return }
        isEnded = true
        Foundation.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        close(input)
        close(output)
    }

    deinit { kill() }
}

/// A control daemon of a machine, with directories of its own.
final class Control {
    let path: String
    let pipe: String
    let log: String
    private let libraryPath: String
    private let environment: [String: String]

    /// Starts a daemon; a configuration makes it one of the third protocol.
    init(
        _ machine: borrowing Machine, options: [String] = [], configuration: String? = nil,
        environment: [String: String] = [:]
    ) throws {
        path = try #require(machine.instance.mpsControlPath, "the control program was not built")
        libraryPath = machine.libraryPath
        // Short, for the sockets below it.
        pipe = "/tmp/divvy-mps-\(UInt32.random(in: 0 ... .max))"
        log = pipe + "-log"
        self.environment = environment.merging(
            ["CUDA_MPS_PIPE_DIRECTORY": pipe, "CUDA_MPS_LOG_DIRECTORY": log]) { $1 }
        var words = ["-d"] + options
        if let configuration {
            try configuration.write(toFile: pipe + ".toml", atomically: true, encoding: .utf8)
            words += ["-p", "3", "-a", pipe + ".toml"]
        }
        let started = try Program(path, words, environment: self.environment).finish()
        guard started.status == 0 else {
            removeFiles()
            throw Tool.Failure(program: path, text: started.text)
        }
    }

    deinit {
        // It ends itself and its servers.
        if let text = try? String(contentsOfFile: pipe + "/nvidia-cuda-mps-control.pid", encoding: .utf8),
            let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        {
            kill(pid, SIGTERM)
            let end = monotonicNow() + 10_000_000_000
            while access(pipe + "/nvidia-cuda-mps-control.pid", F_OK) == 0, monotonicNow() < end { usleep(2000) }
        }
        removeFiles()
    }

    private func removeFiles() {
        for path in [pipe, log, pipe + ".toml"] { try? FileManager.default.removeItem(atPath: path) }
    }

    /// What the front end prints for lines on its standard input.
    func command(_ line: String) throws -> String { try run(line).text }

    func run(_ line: String) throws -> (text: String, status: Int32) {
        let program = try Program(path, [], environment: environment)
        program.tell(line)
        return program.finish()
    }

    /// What a command of the third protocol prints, and its exit status.
    func named(_ words: String...) throws -> (text: String, status: Int32) {
        try Program(path, words, environment: environment).finish()
    }

    /// The pid of the only server, once there is one.
    func server() throws -> String {
        try #require(
            try wait {
                try command("get_server_list")
            } until: {
                !$0.isEmpty
            })
    }

    /// A program with the CUDA driver, which looks for a daemon in that directory below the daemon's own.
    func client(
        _ place: String = "", _ variables: [String: String] = [:], probe: String = Built.probePath, user: uid_t? = nil
    ) throws -> Program {
        try Program(
            probe, [libraryPath, "steps"],
            environment: variables.merging(["CUDA_MPS_PIPE_DIRECTORY": pipe + place]) { $1 }, user: user)
    }

    /// A client that has a context on the first GPU.
    func clientWithContext(_ place: String = "", _ variables: [String: String] = [:]) throws -> Program {
        let client = try client(place, variables)
        #expect(try client.say("init") == "0")
        #expect(try client.say("context 0") == "0")
        return client
    }
}

/// Asks until the answer is right, and returns it; nil when it is not in half a minute.
func wait<Answer>(_ ask: () throws -> Answer, until isRight: (Answer) -> Bool) throws -> Answer? {
    let end = monotonicNow() + 30_000_000_000
    while monotonicNow() < end {
        let answer = try ask()
        if isRight(answer) { return answer }
        usleep(5000)
    }
    return nil
}
