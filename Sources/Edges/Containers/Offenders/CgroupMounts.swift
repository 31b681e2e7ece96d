/// Where the machine's cgroup hierarchies are mounted: the unified one (version 2), and one for each controller that has
/// one of its own (version 1). A machine can have both.
struct CgroupMounts: Hashable, Sendable {
    struct Mount: Hashable, Sendable {
        let directory: String
        /// Which part of the hierarchy is mounted there.
        let root: String
    }

    private(set) var unified: Mount?
    private(set) var controllers: [String: Mount] = [:]

    static let ofMachine = CgroupMounts(mountInfo: HostFiles.text("/proc/self/mountinfo") ?? "")

    /// Reads `/proc/self/mountinfo`, proc_pid_mountinfo(5): the fourth field is the root, the fifth the mount point, and
    /// after a dash come the type, the source and the options. The first mount of a hierarchy counts.
    init(mountInfo: String) {
        for line in mountInfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 3 else { continue }
            let mount = Mount(directory: String(fields[4]), root: String(fields[3]))
            if fields[dash + 1] == "cgroup2" { unified = unified ?? mount }
            guard fields[dash + 1] == "cgroup" else { continue }
            for option in fields[dash + 3].split(separator: ",") where controllers[String(option)] == nil {
                controllers[String(option)] = mount
            }
        }
    }

    /// The directory and the path of a process's cgroup in the unified hierarchy, or in that of a controller of its own;
    /// nil where there is no such hierarchy, or its mount does not show the cgroup.
    ///
    /// - Parameters:
    ///   - controller: nil for the unified hierarchy.
    ///   - text: the process's `/proc/PID/cgroup`, cgroups(7).
    func cgroup(_ controller: String?, in text: String) -> Cgroup? {
        guard let mount = controller.map({ controllers[$0] }) ?? unified else { return nil }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isMeant =
                controller.map { fields[1].split(separator: ",").contains($0[...]) }
                ?? (fields[0] == "0" && fields[1].isEmpty)
            guard isMeant else { continue }
            return Cgroup(path: String(fields[2]), mount: mount)
        }
        return nil
    }
}

/// One cgroup of one hierarchy.
struct Cgroup: Hashable, Sendable {
    /// Its directory, without a slash at the end.
    let directory: String
    /// The names below the mount, outermost first; none for the root.
    let names: [String]
    private let top: String

    /// nil when the path is not below what is mounted.
    init?(path: String, mount: CgroupMounts.Mount) {
        var rest = path.split(separator: "/")[...]
        for name in mount.root.split(separator: "/") {
            guard rest.first == name else { return nil }
            rest = rest.dropFirst()
        }
        guard !rest.contains("..") else { return nil }
        self.init(names: rest.map(String.init), top: mount.directory)
    }

    private init(names: [String], top: String) {
        self.names = names
        self.top = top
        directory = names.reduce(top) { "\($0)/\($1)" }
    }

    var isRoot: Bool { names.isEmpty }

    /// The cgroup of the innermost container that it belongs to, by the container's id in a name.
    var ofContainer: Cgroup? {
        guard let last = names.lastIndex(where: { !ProcessTable.containers(in: $0).isEmpty }) else { return nil }
        return Cgroup(names: Array(names[...last]), top: top)
    }

    /// All processes in it and in those below it.
    var members: Set<Int32> {
        var found: Set<Int32> = []
        var left = [directory]
        while let next = left.popLast() {
            let text = HostFiles.text("\(next)/cgroup.procs") ?? ""
            found.formUnion(text.split(separator: "\n").compactMap { Int32($0) })
            for name in HostFiles.names(in: next) ?? [] where HostFiles.kind(of: "\(next)/\(name)") == .directory {
                left.append("\(next)/\(name)")
            }
        }
        return found
    }

    func text(_ file: String) -> String? {
        HostFiles.text("\(directory)/\(file)").map { text in String(text.prefix { $0 != "\n" }) }
    }
}
