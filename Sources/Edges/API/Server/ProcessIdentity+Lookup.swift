package import Fleet
import Glibc

extension ProcessIdentity {
    /// The process that has this pid now; nil when there is none or it cannot be seen.
    ///
    /// - `startTicks` is field 22 of `/proc/PID/stat`, proc_pid_stat(5).
    package static func current(pid: Int32) -> ProcessIdentity? {
        guard pid > 0, let stat = read("/proc/\(pid)/stat"), let ticks = startTicks(inStat: stat) else { return nil }
        guard let thisBoot else { return nil }
        return ProcessIdentity(pid: pid, startTicks: ticks, boot: thisBoot)
    }

    /// Whether a user could end the process without us: it runs as the user, or in a user namespace of the user's, as
    /// the containers of somebody without privilege do (NS_GET_OWNER_UID of ioctl_ns(2)).
    func belongs(to uid: UInt32) -> Bool {
        let isOwn = Self.realUser(of: pid) == uid || Self.namespaceOwner(of: pid) == uid
        // What was read was of this process only if the pid has not passed on since.
        return isOwn && Self.current(pid: pid) == self
    }

    /// Whether what a process calls a pid is one here as well: false in containers, and for what cannot be seen.
    static func isInOurNamespace(_ pid: Int32) -> Bool {
        func namespace(_ process: String) -> (UInt, UInt)? {
            var status = stat()
            return stat("/proc/\(process)/ns/pid", &status) == 0 ? (UInt(status.st_dev), UInt(status.st_ino)) : nil
        }
        guard let ours = namespace("self"), let theirs = namespace("\(pid)") else { return false }
        return ours == theirs
    }

    private static func realUser(of pid: Int32) -> UInt32? {
        guard let status = read("/proc/\(pid)/status") else { return nil }
        let line = status.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "Uid:".utf8) }
        return line?.split(separator: UInt8(ascii: "\t")).dropFirst().first
            .flatMap { UInt32(String(decoding: $0, as: UTF8.self)) }
    }

    private static func namespaceOwner(of pid: Int32) -> UInt32? {
        let descriptor = open("/proc/\(pid)/ns/user", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var owner: uid_t = 0
        return ioctl(descriptor, 0xb704, &owner) == 0 ? owner : nil
    }

    /// It does not change while this process lives.
    private static let thisBoot: String? = read("/proc/sys/kernel/random/boot_id").map { text in
        String(decoding: text.prefix { $0 > 32 }, as: UTF8.self)
    }

    /// The second field is the command in parentheses and may hold anything, also spaces and parentheses: the fields
    /// are counted from the last closing one.
    static func startTicks(inStat stat: [UInt8]) -> UInt64? {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(end + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard fields.count > 19 else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    /// The first 4 KiB of a file of procfs.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
    }
}
