import Fleet
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Containers

/// A cgroup of the test's own, in the hierarchy that the code under test is to find.
struct TestCgroup {
    let directory: String
    private static let controllers = ["freezer": "freezer.state", "cpu": "cpu.cfs_quota_us"]

    /// Version 1 where the machine has the controller there, else the unified hierarchy.
    private static func mount(_ controller: String) -> String? {
        (CgroupMounts.ofMachine.controllers[controller] ?? CgroupMounts.ofMachine.unified)?.directory
    }

    static func isPossible(_ controller: String) -> Bool {
        guard getuid() == 0, let mount = mount(controller) else { return false }
        return access(mount, W_OK) == 0
    }

    init(_ controller: String, below name: String? = nil) throws {
        let mount = try #require(Self.mount(controller))
        directory = "\(mount)/\(name ?? "divvy-test-\(UUID().uuidString.prefix(8))")"
        try #require(mkdir(directory, 0o755) == 0, "\(directory)")
    }

    func add(_ pid: Int32) throws {
        #expect(CgroupFile.write("\(pid)", to: "\(directory)/cgroup.procs") == nil)
    }

    var isFrozen: Bool {
        if let state = text("freezer.state") { return state == "FROZEN" }
        return text("cgroup.events")?.contains("frozen 1") == true
    }

    var processorTime: String { text("cpu.cfs_quota_us") ?? text("cpu.max") ?? "" }

    private func text(_ name: String) -> String? {
        HostFiles.text("\(directory)/\(name)").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// Kills what is in it, and takes it away once that is gone.
    func remove() {
        for pid in (text("cgroup.procs") ?? "").split(separator: "\n").compactMap({ pid_t($0) }) { kill(pid, SIGKILL) }
        _ = CgroupFile.write("THAWED", to: "\(directory)/freezer.state")
        _ = CgroupFile.write("0", to: "\(directory)/cgroup.freeze")
        for _ in 0..<500 where rmdir(directory) != 0 && errno == EBUSY { usleep(10_000) }
    }
}

/// A process that counts for as long as it runs; it is not this process's child unless that is wanted.
final class Ticker {
    let pid: Int32
    let identity: ProcessIdentity
    /// The file that it runs, where it has one of its own.
    let program: String?
    private let directory: String
    /// To be waited for.
    private let child: pid_t?

    init(named name: String? = nil, isChild: Bool = false) throws {
        var template = Array("/tmp/divvy-ticker-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        self.directory = directory
        var shell = "/bin/sh"
        if let name {
            shell = "\(directory)/\(name)"
            try FileManager.default.copyItem(
                atPath: URL(filePath: "/bin/sh").resolvingSymlinksInPath().path, toPath: shell)
        }
        program = name.map { "\(directory)/\($0)" }
        let loop = "while :; do echo >> \(directory)/count; sleep 0.02; done"
        // A shell in between that ends leaves it to the machine's first process.
        let script =
            isChild
            ? "echo $$ > \(directory)/pid; exec \(shell) -c '\(loop)'"
            : "\(shell) -c '\(loop)' & echo $! > \(directory)/pid"
        var arguments = [strdup("sh"), strdup("-c"), strdup(script), nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        try #require(posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environ) == 0)
        self.child = isChild ? child : nil
        var status: Int32 = 0
        if !isChild { while waitpid(child, &status, 0) < 0, errno == EINTR {} }
        var found: ProcessIdentity?
        for _ in 0..<500 {
            let text = (try? String(contentsOfFile: "\(directory)/pid", encoding: .utf8)) ?? ""
            // It counts once it has become the program that it is to be.
            if let pid = Int32(text.trimmingCharacters(in: .newlines)), access("\(directory)/count", F_OK) == 0 {
                found = ProcessTable.identity(of: pid)
                break
            }
            usleep(10_000)
        }
        identity = try #require(found)
        pid = identity.pid
    }

    var count: Int {
        var file = stat()
        return stat("\(directory)/count", &file) == 0 ? Int(file.st_size) : 0
    }

    /// The letter of `/proc/PID/stat`.
    var state: Character? {
        guard let text = HostFiles.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[end...].dropFirst(2).first
    }

    func kill() {
        _ = ProcessSignal.send(SIGKILL, to: identity)
        var status: Int32 = 0
        if let child { while waitpid(child, &status, 0) < 0, errno == EINTR {} }
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// The limiter's gate, as far as a test needs one.
final class Gate: Sendable {
    private let leases = Mutex<Set<LeaseID>>([])
    var closed: Set<LeaseID> { leases.withLock { $0 } }

    func set(_ lease: LeaseID, _ isClosed: Bool) -> Bool {
        leases.withLock { leases in
            if isClosed { leases.insert(lease) } else { leases.remove(lease) }
        }
        return true
    }
}

/// Waits until something is so, at most ten seconds.
func eventually(_ what: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<1000 {
        if try await what() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
