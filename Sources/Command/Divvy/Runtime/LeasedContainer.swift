import API
import Containers
import Engine
import Fleet
import Glibc
import Presentation

/// A container that has a lease for as long as it is there.
///
/// The lease is held by this process until the container's first process is there, and by that one from then on. So it
/// ends with whoever holds it, whatever happens to anybody else.
struct LeasedContainer {
    let call: OCI
    let connection: ConnectionOptions

    /// For how long a daemon may be away, being restarted, while a container that it has granted is made.
    private static let patience = Duration.seconds(15)

    /// Makes the container; returns the runtime's status.
    func make(from bundle: Bundle) async throws -> Int32 {
        var bundle = bundle
        switch try ContainerWish(variables: bundle.document.variables, annotations: bundle.document.annotations) {
        case .nothing: try call.becomeRuntime()
        case .lease(let id):
            try await addHooks(of: id, to: &bundle)
            try call.becomeRuntime()
        case .request(let options, let name):
            let daemon = try Daemon(connection)
            let lease = try await lease(options, name: name, from: daemon)
            guard let preparation = lease.preparation else {
                throw Failure(.failed, "\(lease.id) was granted, but the daemon did not say how to use it")
            }
            try bundle.document.apply(preparation.edits, of: lease.id, device: Self.device)
            try bundle.write()
            return try await make(with: lease.id, daemon)
        }
    }

    private func lease(_ options: RequestOptions, name: String?, from daemon: Daemon) async throws -> LeaseView {
        let request = try ReadRequest(options)
        let body = request.body(
            name: name ?? String(call.container.prefix(12)), holder: .init(kind: .process))
        return try await Asking(daemon: daemon, request: request, isQuiet: true).lease(body)
    }

    /// What `divvy run` could not tell an engine without CDI.
    private func addHooks(of id: LeaseID, to bundle: inout Bundle) async throws {
        let lease = try await Daemon(connection).lease(id)
        guard lease.state == .granted, let preparation = lease.preparation else {
            throw Failure(
                .failed, "the container was started for \(id), which has ended",
                hint: "start a new one with `divvy run`, or with DIVVY_GPUS in its environment")
        }
        let before = bundle.document
        bundle.document.addHooks(preparation.edits.hooks)
        if bundle.document != before { try bundle.write() }
    }

    private func make(with lease: LeaseID, _ daemon: Daemon) async throws -> Int32 {
        if call.verb == "run", !call.detached {
            // The runtime lives as long as the container, deletes it, and is this process.
            try call.becomeRuntime()
        }
        guard let configuration = Self.absolute(call.configuration ?? "") else {
            throw Failure(.failed, "\(SystemFailure.last("cannot resolve \(call.configuration ?? "")"))")
        }
        try LeaseRecord(lease: lease, socket: try connection.socketPath(), configuration: configuration)
            .write(to: call.record)
        var words = call.words
        let pidFile = call.pidFile ?? "\(call.record).pid"
        if call.pidFile == nil, let verb = words.firstIndex(of: call.verb) {
            words.insert(contentsOf: ["--pid-file", pidFile], at: verb + 1)
        }
        let status = try runtime(words)
        guard status == 0 else {
            undo(configuration)
            return status
        }
        do {
            guard let pid = try Files.read(pidFile).flatMap({ Int32($0.filter { !$0.isWhitespace }) }) else {
                throw Failure(.failed, "\(call.runtime) did not write the container's process into \(pidFile)")
            }
            if call.pidFile == nil { unlink(pidFile) }
            // Of `run` the container may have ended by now; its lease ends with this process.
            if call.verb == "run", kill(pid, 0) != 0, errno == ESRCH { return 0 }
            try await handOver(lease, to: pid, daemon)
        } catch {
            // A container that nothing answers for must not run.
            _ = try? runtime(wordsForDeletion)
            undo(configuration)
            throw error
        }
        return 0
    }

    /// The container's first process holds the lease from now on.
    private func handOver(_ lease: LeaseID, to pid: Int32, _ daemon: Daemon) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                _ = try await daemon.hand(lease, to: pid)
                return
            } catch let failure as Failure where failure.status == .daemonUnreachable {
                guard ContinuousClock.now < deadline else { throw failure }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func undo(_ configuration: String) {
        Bundle.restore(configuration)
        unlink(call.record)
    }

    /// Deletes the container and gives its lease back; returns the runtime's status.
    func delete() async throws -> Int32 {
        guard let record = LeaseRecord(at: call.record) else { try call.becomeRuntime() }
        let status = try runtime(call.words)
        guard status == 0 else { return status }
        Bundle.restore(record.configuration)
        unlink(call.record)
        // The lease has ended with its holder, or will when the daemon is back; this only makes it certain that its room
        // is free once the container is gone.
        let connection = ConnectionOptions(socket: record.socket, config: nil)
        guard let daemon = try? Daemon(connection), (try? await daemon.end(record.lease)) != nil else { return 0 }
        let deadline = ContinuousClock.now + .seconds(1)
        while ContinuousClock.now < deadline, let lease = try? await daemon.lease(record.lease), lease.state != .ended {
            try await Task.sleep(for: .milliseconds(10))
        }
        return 0
    }

    private var wordsForDeletion: [String] {
        let global = call.words.prefix { $0 != call.verb }
        return global + ["delete", "--force", call.container]
    }

    /// Runs the real runtime to its end, as this process was started.
    private func runtime(_ words: [String]) throws -> Int32 {
        Inheritance.current.restore()
        let status = BoundProgram.run([call.runtime] + words, environment: Console.environmentEntries)
        // The daemon may have gone in the meantime; talking to it must not end this process.
        signal(SIGPIPE, SIG_IGN)
        guard let status else { throw Failure(.failed, "\(SystemFailure.last("cannot run \(call.runtime)"))") }
        return status
    }

    private static func absolute(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The numbers as the macros of makedev(3) take them apart.
    private static func device(_ path: String) -> DeviceNumbers? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFCHR || kind == S_IFBLK else { return nil }
        let number = UInt64(status.st_rdev)
        return DeviceNumbers(
            isBlock: kind == S_IFBLK, major: UInt32((number >> 8 & 0xfff) | (number >> 32 & ~0xfff)),
            minor: UInt32((number & 0xff) | (number >> 12 & 0xffff_ff00)))
    }
}
