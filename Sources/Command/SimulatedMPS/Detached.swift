import CSimulatedDriver
import Glibc

/// Programs that this one starts: itself as the daemon in the background, and as servers.
enum Detached {
    /// Starts the daemon in a session of its own, and comes back when it listens or could not.
    static func start(_ options: Options) throws(Refusal) -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard service_pipe(&ends) else { throw Refusal("Error: no pipe: errno \(errno)") }
        let child = spawn(
            ["nvidia-cuda-mps-control", "--detached"] + options.all, input: nil, output: ends[1], isSession: true)
        close(ends[1])
        guard child > 0 else { throw Refusal("Error: the daemon could not be started") }
        let answer = Text.trimmed(readAll(ends[0]))
        close(ends[0])
        // `listening` is followed by what is for the terminal.
        if answer.hasPrefix("listening") {
            let rest = Text.trimmed(answer.dropFirst("listening".count))
            if !rest.isEmpty { print(rest) }
            return 0
        }
        if !answer.isEmpty { print(answer) }
        return 1
    }

    /// Starts this program under a name; the result is its pid, or -1.
    static func spawn(_ arguments: [String], input: Int32?, output: Int32, isSession: Bool) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let session = isSession ? Int32(SERVICE_SPAWN_SESSION) : 0
        posix_spawnattr_setflags(
            &attributes, Int16(session | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, Machine.executable, &actions, &attributes, pointers, environ)
        return status == 0 ? pid : -1
    }

    static func readAll(_ file: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
