import Engine
import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A cgroup in which limits of a lease stand, as it is written down for the next daemon.
struct LimitedCgroup: Hashable, Sendable {
    let lease: LeaseID
    let cgroup: Cgroup
    /// Made here, and removed here: for plain processes.
    let isOwn: Bool
    /// The container's first process, or the plain process; the boot that all of this is of.
    let first: ProcessIdentity
    let grants: [GPUID: Bytes]

    /// In the order of their UUIDs.
    var gpus: [GPUID] { grants.keys.sorted { $0.rawValue < $1.rawValue } }

    /// The name of its file: `lease-17.4711`.
    var fileName: String { "\(lease).\(cgroup.inode)" }

    /// One word and what it means on each line.
    var text: String {
        var lines = [
            "divvy-driver-limits 1", "lease \(lease)", "inode \(cgroup.inode)", "own \(isOwn)",
            "process \(first.pid) \(first.startTicks) \(first.boot)",
        ]
        lines += gpus.map { "gpu \($0.rawValue) \(grants[$0]?.count ?? 0)" }
        lines.append("cgroup \(cgroup.path)")
        return lines.joined(separator: "\n") + "\n"
    }

    init(lease: LeaseID, cgroup: Cgroup, isOwn: Bool, first: ProcessIdentity, grants: [GPUID: Bytes]) {
        self.lease = lease
        self.cgroup = cgroup
        self.isOwn = isOwn
        self.first = first
        self.grants = grants
    }

    /// nil when the text is not all there.
    init?(_ text: String) {
        var values: [Substring: [Substring]] = [:]
        var grants: [GPUID: Bytes] = [:]
        var path: Substring?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let key = words.first else { continue }
            if key == "gpu", words.count == 3, let bytes = Int64(words[2]) {
                grants[GPUID(String(words[1]))] = Bytes(bytes)
            } else if key == "cgroup" {
                path = line.dropFirst("cgroup ".count)
            } else {
                values[key] = Array(words.dropFirst())
            }
        }
        guard values["divvy-driver-limits"] == ["1"], let path, path.hasPrefix("/"),
            let lease = values["lease"]?.first.flatMap({ LeaseID($0) }),
            let inode = values["inode"]?.first.flatMap({ UInt64($0) }), let own = values["own"]?.first,
            let process = values["process"], process.count == 3, let pid = Int32(process[0]),
            let ticks = UInt64(process[1])
        else { return nil }
        self.init(
            lease: lease, cgroup: Cgroup(path: String(path), inode: inode), isOwn: own == "true",
            first: ProcessIdentity(pid: pid, startTicks: ticks, boot: String(process[2])), grants: grants)
    }
}

/// The directory in which limited cgroups are written down.
struct LimitRecords: Sendable {
    let directory: String

    func write(_ limited: LimitedCgroup) throws(PreparationError) {
        mkdir(directory, 0o700)
        let path = "\(directory)/\(limited.fileName)"
        guard SmallFile.replace(path, with: limited.text) else {
            throw PreparationError(
                "\(limited.lease) cannot be held by the driver: \(path) cannot be written: "
                    + String(cString: strerror(errno)))
        }
    }

    func remove(_ limited: LimitedCgroup) { unlink("\(directory)/\(limited.fileName)") }

    /// All that can be read; what an interrupted write left is removed.
    func all() -> [LimitedCgroup] {
        SmallFile.names(in: directory).compactMap { name in
            let path = "\(directory)/\(name)"
            guard let limited = SmallFile.text(path).flatMap(LimitedCgroup.init), limited.fileName == name else {
                unlink(path)
                return nil
            }
            return limited
        }
    }
}
