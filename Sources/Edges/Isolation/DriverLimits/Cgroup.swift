#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A cgroup by its directory: not a later one that has the same path.
struct Cgroup: Hashable, Sendable {
    let path: String
    let inode: UInt64

    /// The one that is there now; nil when there is none.
    init?(at path: String) {
        guard let inode = Self.inode(path) else { return nil }
        self.init(path: path, inode: inode)
    }

    init(path: String, inode: UInt64) {
        self.path = path
        self.inode = inode
    }

    var isThere: Bool { Self.inode(path) == inode }

    /// The processes in it and in those below it; nil when it is gone or they cannot be read.
    var processes: [Int32]? {
        guard isThere else { return nil }
        return Self.processes(in: path, depth: 0)
    }

    /// Makes `name` below `parent`, which is made too; under another name when there is one already.
    static func make(_ name: String, below parent: String) throws(CgroupError) -> Cgroup {
        for attempt in 0..<1000 {
            // Another daemon may take an empty parent away meanwhile.
            guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw CgroupError("make", parent) }
            let path = "\(parent)/\(name)\(attempt == 0 ? "" : ".\(attempt)")"
            if mkdir(path, 0o755) == 0 {
                guard let made = Cgroup(at: path) else { throw CgroupError("find again", path) }
                return made
            }
            guard errno == EEXIST || errno == ENOENT else { throw CgroupError("make", path) }
        }
        throw CgroupError("make", "\(parent)/\(name)")
    }

    /// Moves a process in, with all its threads.
    func take(_ pid: Int32) throws(CgroupError) {
        guard SmallFile.put("\(pid)", into: "\(path)/cgroup.procs") else {
            throw CgroupError("move process \(pid) into", path)
        }
    }

    /// Removes what `make` made; false while processes or other cgroups are in it.
    @discardableResult func remove() -> Bool {
        guard !isThere || rmdir(path) == 0 || errno == ENOENT else { return false }
        rmdir(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        return true
    }

    private static func inode(_ path: String) -> UInt64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return UInt64(status.st_ino)
    }

    private static func processes(in path: String, depth: Int) -> [Int32]? {
        guard depth < 32, let own = SmallFile.text("\(path)/cgroup.procs") else { return nil }
        var found = own.split(separator: "\n").compactMap { Int32($0) }
        for name in SmallFile.names(in: path) {
            var status = stat()
            let child = "\(path)/\(name)"
            guard lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            // It may be gone by now; one that stays and cannot be read has processes that nobody knows.
            if let more = processes(in: child, depth: depth + 1) {
                found += more
            } else if access(child, F_OK) == 0 {
                return nil
            }
        }
        return found
    }
}

/// Why something could not be done with a cgroup.
struct CgroupError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    /// Takes the reason from errno.
    init(_ verb: String, _ path: String) {
        description = "cannot \(verb) the cgroup \(path): \(String(cString: strerror(errno)))"
    }
}
