import CSimulatedDriver
import Glibc

/// The control daemon: one loop over its sockets, in which everything happens that happens to servers and clients.
final class ControlDaemon {
    let places: Places
    let model: SharedModel
    let log: Log
    let isThird: Bool
    let isMultiUser: Bool

    var listeners: [Listener] = []
    var visitors: [Visitor] = []
    var callers: [Caller] = []
    var servers: [Server] = []

    // What servers get that are started from now on (second protocol).
    var percentage: UInt32 = 10_000
    /// By what they were set, an ordinal or a UUID, in the order in which they were set.
    var pinned: [(device: String, limit: MemoryLimit)] = []
    var priority: UInt32 = 0

    var isQuitting = false
    /// When servers are made to end that are still there, in monotonic milliseconds.
    var quitDeadline: Int64?
    var exitStatus: Int32 = 0
    private var lockFile: Int32 = -1

    /// Runs until somebody ends it; the result is the exit status.
    static func start(_ options: Options, _ places: Places) throws(Refusal) -> Int32 {
        guard let devices = Machine.devices, let model = SharedModel(devices) else {
            throw Refusal("Error: no simulated machine: this program lies in the bin directory of one")
        }
        let daemon = try ControlDaemon(options, places, model)
        try daemon.open()
        do throws(Refusal) {
            if let file = options.configuration { try daemon.apply(try Configuration(file: file)) }
        } catch {
            daemon.close()
            throw error
        }
        if options.isDetached || options.isThird {
            let hint = "To connect CUDA applications to this daemon, set CUDA_MPS_PIPE_DIRECTORY=\(places.pipe)"
            print((options.isDetached ? "listening\n" : "") + (options.isThird ? hint : ""))
        }
        service_flush()
        if options.isDetached {
            let nowhere = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
            for file in [STDIN_FILENO, STDOUT_FILENO] { dup2(nowhere, file) }
            _ = chdir("/")
        }
        daemon.run()
        daemon.close()
        return daemon.exitStatus
    }

    private init(_ options: Options, _ places: Places, _ model: SharedModel) throws(Refusal) {
        self.places = places
        self.model = model
        isThird = options.isThird
        isMultiUser = options.isMultiUser
        guard !isMultiUser || geteuid() == 0 else {
            throw Refusal("Error: only the root user may start a daemon for many users")
        }
        Places.make(places.log)
        log = Log(path: places.log + "/control.log", isEchoed: options.action == .foreground)
        if let text = Environment.value("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE") {
            guard let value = Text.hundredths(text) else {
                throw Refusal("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE should be between (0.0, 100.0]")
            }
            percentage = value
        }
        if let text = Environment.value("CUDA_MPS_CLIENT_PRIORITY") {
            guard text == "0" || text == "1" else { throw Refusal("CUDA_MPS_CLIENT_PRIORITY should be between [0,1]") }
            priority = text == "1" ? 1 : 0
        }
        for entry in (Environment.value("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT") ?? "").split(separator: ",") {
            let parts = entry.split(separator: "=").map(Text.trimmed)
            guard parts.count == 2 else { continue }
            let text = parts[1].hasSuffix("B") ? String(parts[1].dropLast()) : parts[1]
            if let limit = MemoryLimit(text, qualifiers: "MG") { pinned.append((parts[0], limit)) }
        }
    }

    private func open() throws(Refusal) {
        Places.make(places.pipe)
        lockFile = Glibc.open(places.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lockFile >= 0 else { throw Refusal("Cannot access CUDA_MPS_PIPE_DIRECTORY=\(places.pipe)") }
        guard flock(lockFile, LOCK_EX | LOCK_NB) == 0 else {
            throw Refusal("An instance of this daemon is already running")
        }
        fchmod(lockFile, 0o666)
        listeners.append(try .open(places.control))
        let file = Glibc.open(places.pidFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw Refusal("Failed to create control pid file \(places.pidFile)") }
        let pid = Array("\(getpid())\n".utf8)
        write(file, pid, pid.count)
        Glibc.close(file)
        log.write("Starting control daemon using socket \(places.control)")
        log.write("To connect CUDA applications to this daemon, set env CUDA_MPS_PIPE_DIRECTORY=\(places.pipe)")
    }

    private func close() {
        for server in servers { stop(server, isForced: true) }
        for listener in listeners { listener.end() }
        for caller in callers { Glibc.close(caller.file) }
        unlink(places.pidFile)
        log.write("Exit with status \(exitStatus)")
    }

    // MARK: The loop

    private func run() {
        let signals = Signals()
        while true {
            if isQuitting, let deadline = quitDeadline, monotonicMilliseconds() >= deadline {
                quitDeadline = nil
                for server in servers { stop(server, isForced: true) }
            }
            if isQuitting, servers.isEmpty { break }
            let files = [signals.file] + watched()
            var polled = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&polled, nfds_t(polled.count), timeLeft())
            if polled[0].revents != 0, signals.take() {
                exitStatus = 0
                break
            }
            let ready = Set(polled.dropFirst().filter { $0.revents != 0 }.map(\.fd))
            if !ready.isEmpty { handle(ready) }
        }
        let reply = Reply(text: "", status: exitStatus, isLast: true).bytes
        for caller in callers where caller.waitsForEnd { _ = service_send(caller.file, reply, reply.count) }
    }

    private func watched() -> [Int32] {
        listeners.map(\.file) + visitors.map(\.file) + callers.map(\.file) + servers.map(\.output)
            + servers.flatMap { $0.clients.map(\.file) }
    }

    private func timeLeft() -> Int32 {
        guard let quitDeadline else { return -1 }
        return Int32(clamping: max(0, quitDeadline - monotonicMilliseconds()))
    }

    private func handle(_ ready: Set<Int32>) {
        // The dead first: their places may be wanted by those who come.
        for server in servers {
            for client in server.clients where ready.contains(client.file) { hear(client, of: server) }
        }
        for server in servers where ready.contains(server.output) { hear(server) }
        for caller in callers where ready.contains(caller.file) { hear(caller) }
        for visitor in visitors where ready.contains(visitor.file) { hear(visitor) }
        for listener in listeners where ready.contains(listener.file) {
            log.write("Accepting connection...")
            visitors += acceptAll(listener)
        }
        serveWaiting()
    }

    /// A visitor says what it is, or is gone.
    private func hear(_ visitor: Visitor) {
        guard let index = visitors.firstIndex(where: { $0.file == visitor.file }) else { return }
        var hello = ServiceHello()
        // It is sent at once and comes at once: nobody can make the daemon wait.
        let size = MemoryLayout<ServiceHello>.size
        guard !visitor.isWaiting, recv(visitor.file, &hello, size, Int32(MSG_DONTWAIT)) == size,
            hello.magic == UInt32(SERVICE_MAGIC)
        else {
            Glibc.close(visitor.file)
            visitors.remove(at: index)
            return
        }
        if hello.kind == UInt32(SERVICE_COMMANDS) {
            visitors.remove(at: index)
            var version: UInt8 = isThird ? 3 : 2
            _ = service_send(visitor.file, &version, 1)
            callers.append(Caller(file: visitor.file, credentials: visitor.credentials))
            log.write("NEW UI")
            return
        }
        log.write("NEW CLIENT \(visitor.credentials.pid) from user \(visitor.credentials.uid)")
        visitors[index].isWaiting = true
        visitors[index].isOfThisMachine = hello.instance == model.memory.pointee.instance
    }

    /// Reads what a front end sends, and answers every line.
    private func hear(_ caller: Caller) {
        guard let index = callers.firstIndex(where: { $0.file == caller.file }) else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(caller.file, &buffer, buffer.count, 0)
        guard count > 0 else {
            Glibc.close(caller.file)
            callers.remove(at: index)
            log.write("UI closed")
            return
        }
        callers[index].text += buffer[..<count]
        while let end = callers[index].text.firstIndex(of: 10) {
            let line = String(decoding: callers[index].text[..<end], as: UTF8.self)
            callers[index].text.removeSubrange(...end)
            log.write("Cmd:" + line.replacing("\u{1F}", with: " "))
            let answer = isThird ? namedCommand(line, callers[index]) : legacyCommand(line, callers[index])
            guard let reply = answer else {
                callers[index].waitsForEnd = true
                return
            }
            for line in reply.text.split(separator: "\n") { log.write(String(line)) }
            let bytes = reply.bytes
            _ = service_send(caller.file, bytes, bytes.count)
        }
    }

    /// Ends the daemon: at once where there is no server with clients, else when they are gone or the time is up.
    func quit(after seconds: Int64?) {
        isQuitting = true
        quitDeadline = seconds.map { monotonicMilliseconds() + $0 * 1000 }
        for server in servers { stopWhenIdle(server) }
    }
}

/// Signals that end the daemon, as something that can be waited for.
struct Signals {
    let file: Int32

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        sigprocmask(SIG_BLOCK, &set, nil)
        file = service_signals(&set)
    }

    /// Whether there was one.
    func take() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 128)
        return read(file, &bytes, 128) > 0
    }
}
