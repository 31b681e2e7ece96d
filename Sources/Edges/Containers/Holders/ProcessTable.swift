import CLinux
package import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What `/proc` tells of the processes of the machine.
package enum ProcessTable {
    struct Status: Hashable {
        let isZombie: Bool
        let parent: Int32
        let group: Int32
        let startTicks: UInt64
    }

    /// The machine's boot id; it changes with every boot, so that a pid and start time mean one process for ever.
    package static let boot = (HostFiles.text("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace }

    /// The process that has this pid now; nil when there is none.
    package static func identity(of pid: Int32) -> ProcessIdentity? {
        status(of: pid).map { ProcessIdentity(pid: pid, startTicks: $0.startTicks, boot: boot) }
    }

    /// Whether the process itself, and not a later one with its pid, still runs.
    package static func isRunning(_ process: ProcessIdentity) -> Bool {
        guard process.boot == boot else { return false }
        let descriptor = divvy_pidfd_open(process.pid)
        guard descriptor >= 0 else {
            guard errno != ESRCH, let status = status(of: process.pid) else { return false }
            return status.startTicks == process.startTicks && !status.isZombie
        }
        defer { close(descriptor) }
        guard status(of: process.pid)?.startTicks == process.startTicks else { return false }
        // Readable means that all threads have ended. A first thread that ended alone looks like a zombie in /proc.
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&poller, 1, 0) == 0
    }

    static func status(of pid: Int32) -> Status? {
        guard let text = HostFiles.text("/proc/\(pid)/stat") else { return nil }
        return parse(stat: text)
    }

    /// Reads `/proc/PID/stat`. The second field is the program's name in parentheses and may hold anything, blanks and
    /// parentheses too; the fields are counted from its last parenthesis.
    static func parse(stat text: String) -> Status? {
        guard let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let startTicks = UInt64(fields[19])
        else { return nil }
        return Status(
            isZombie: fields[0] == "Z" || fields[0] == "X", parent: parent, group: group, startTicks: startTicks)
    }

    /// The container ids, 64 hexadecimal digits, in the paths of a process's cgroups.
    static func containers(of pid: Int32) -> Set<String> { containers(in: HostFiles.text("/proc/\(pid)/cgroup") ?? "") }

    static func containers(in cgroups: String) -> Set<String> {
        let runs = cgroups.utf8.split { !(0x30...0x39).contains($0) && !(0x61...0x66).contains($0) }
        return Set(runs.filter { $0.count == 64 }.compactMap { String($0) })
    }

    /// Whether the process is the first of a pid namespace other than this one, as that of a container is.
    static func isFirstInNamespace(_ pid: Int32) -> Bool {
        isFirstInNamespace(status: HostFiles.text("/proc/\(pid)/status") ?? "")
    }

    /// `NSpid` has the process's id in every namespace that it is in, this one's first; proc_pid_status(5).
    static func isFirstInNamespace(status: String) -> Bool {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("NSpid:") }) else { return false }
        let ids = line.split(whereSeparator: \.isWhitespace).dropFirst()
        return ids.count > 1 && ids.last == "1"
    }

    /// Whether any process is in a cgroup of the container.
    static func hasProcess(inContainer id: String) -> Bool {
        (HostFiles.names(in: "/proc") ?? []).contains { name in
            guard let pid = Int32(name) else { return false }
            return containers(of: pid).contains(id)
        }
    }
}
