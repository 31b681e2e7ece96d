import Fleet
import Glibc
import Synchronization

/// Who the processes on the GPUs are, from `/proc`; remembered for as long as a process lives.
///
/// Both lookups can hang, on a process that the kernel is stuck in and on a user directory in the network: they are
/// for driver threads. `details` and `user` are what is known and never wait.
final class ProcessDirectory: Sendable {
    struct Details: Sendable, Hashable {
        /// Clock ticks after boot; tells a process from a later one with the same pid.
        let startTicks: UInt64
        var uid: UInt32?
        var command: String?
        var cgroup: String?
        /// How many refreshes ago it was read.
        var age = 0
    }

    private struct Known: Sendable {
        var processes: [Int32: Details] = [:]
        var users: [UInt32: (name: String?, age: Int)] = [:]
    }

    private let known = Mutex(Known())
    /// After how many refreshes a process or a user name is read again: a process can move to another cgroup.
    private let lifetime: Int

    init(lifetime: Int = 60) {
        self.lifetime = lifetime
    }

    func details(of pid: Int32) -> Details? { known.withLock { $0.processes[pid] } }

    func user(_ uid: UInt32) -> String? { known.withLock { $0.users[uid]?.name } }

    /// Looks at each of `pids` and forgets all others.
    func refresh(_ pids: [Int32]) {
        let wanted = Set(pids)
        known.withLock { known in known.processes = known.processes.filter { wanted.contains($0.key) } }
        for pid in pids {
            guard let ticks = startTicks(of: pid) else {
                known.withLock { known in known.processes[pid] = nil }
                continue
            }
            if var before = details(of: pid), before.startTicks == ticks, before.age < lifetime {
                before.age += 1
                known.withLock { [before] known in known.processes[pid] = before }
                continue
            }
            var fresh = Details(
                startTicks: ticks, uid: uid(of: pid), command: name(of: pid), cgroup: cgroup(of: pid),
                age: lifetime)
            // Its command line lies in its own memory, which the kernel may have locked: the rest is kept first,
            // and is read again the next time if there is none yet, as while a process becomes another program.
            known.withLock { [fresh] known in known.processes[pid] = fresh }
            guard let command = commandLine(of: pid) else { continue }
            fresh.command = command
            fresh.age = 0
            known.withLock { [fresh] known in known.processes[pid] = fresh }
        }
    }

    /// The user ids of known processes whose names are to be looked up.
    func usersToLookUp() -> [UInt32] {
        known.withLock { known in
            for uid in known.users.keys { known.users[uid]?.age += 1 }
            let lifetime = lifetime
            known.users = known.users.filter { $0.value.age < lifetime * 5 }
            return Set(known.processes.values.compactMap(\.uid)).subtracting(known.users.keys).sorted()
        }
    }

    /// Looks up the names of users, which may ask a directory in the network.
    func lookUp(_ users: [UInt32]) {
        for uid in users {
            let name = Self.name(ofUser: uid)
            known.withLock { $0.users[uid] = (name, 0) }
        }
    }

    private static func name(ofUser uid: UInt32) -> String? {
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, let found else { return nil }
        return found.pointee.pw_name.map { String(cString: $0) }
    }

    /// Field 22 of `/proc/PID/stat`; the fields are counted after the name, which may hold anything.
    private func startTicks(of pid: Int32) -> UInt64? {
        guard let stat = HostFiles.bytes("/proc/\(pid)/stat", limit: 1024),
            let end = stat.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19 else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    /// The real user id.
    private func uid(of pid: Int32) -> UInt32? {
        let status = HostFiles.text("/proc/\(pid)/status")
        let line = status?.split(separator: "\n").first { $0.hasPrefix("Uid:") }
        return line?.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first.flatMap { UInt32($0) }
    }

    private func name(of pid: Int32) -> String? {
        HostFiles.text("/proc/\(pid)/comm")?.split(separator: "\n").first.map(String.init)
    }

    /// The arguments with spaces between them, at most 256 bytes.
    private func commandLine(of pid: Int32) -> String? {
        guard let bytes = HostFiles.bytes("/proc/\(pid)/cmdline", limit: 256) else { return nil }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private func cgroup(of pid: Int32) -> String? {
        HostFiles.text("/proc/\(pid)/cgroup", limit: 16 << 10).flatMap(Self.path(inCgroup:))
    }

    /// The path of the unified hierarchy; on a machine without one, that of the memory controller or of systemd.
    static func path(inCgroup text: String) -> String? {
        var best: (rank: Int, path: String)?
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            let rank =
                controllers.contains("memory") ? 0 : parts[0] == "0" ? 1 : controllers.contains("name=systemd") ? 2 : 3
            if rank < best?.rank ?? .max { best = (rank, String(parts[2])) }
        }
        return best?.path
    }
}
