import Engine
import Fleet
import LimiterAgent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The limiter's files on this node: libraries for all containers, and a directory for each lease.
///
/// In a lease's directory lie its limits and its books; for a plain process also libraries, and empty files on which it
/// finds the driver's. Only the lease's tenant and the daemon's user can look into it; the
/// limits are the daemon's alone to write.
struct LimiterFiles: Sendable {
    let directory: String

    /// The library that containers find in the place of the driver's.
    func containerLibrary(_ stage: LimiterStage) -> String { directory + "/" + stage.realName }

    func directory(of lease: LeaseID) -> String { "\(directory)/\(lease)" }
    func limits(of lease: LeaseID) -> String { directory(of: lease) + "/limits" }
    func books(of lease: LeaseID) -> String { directory(of: lease) + "/books" }
    /// Where a process of the lease finds the driver's library.
    func realLibrary(of lease: LeaseID, _ stage: LimiterStage) -> String {
        directory(of: lease) + "/" + stage.realName
    }
    /// What a process of the lease finds where the driver's library was.
    func processLibrary(of lease: LeaseID, _ stage: LimiterStage) -> String {
        directory(of: lease) + "/\(stage.name)-limiter.so"
    }

    /// Makes the directory, and the libraries for containers in it.
    func install(_ stages: [LimiterStage], deviceRoot: String) throws(LimiterError) {
        try Self.make(directory, mode: 0o755)
        if deviceRoot != "/dev" {
            // A simulated driver looks for its devices beside itself, wherever it was mounted.
            unlink(directory + "/dev")
            symlink(deviceRoot, directory + "/dev")
        }
        for stage in stages {
            let path = containerLibrary(stage)
            try LimiterLibrary.install(
                built: stage.built, real: LimiterLibrary.place + "/" + stage.realName, to: path)
            chmod(path, 0o755)
        }
    }

    /// Makes what a lease needs besides its limits and books, for this tenant; `stages` are those that a plain process
    /// of it needs, empty where there is none.
    func prepare(_ lease: LeaseID, tenant: Tenant, _ stages: [LimiterStage]) throws(LimiterError) {
        let own = directory(of: lease)
        try Self.make(own, mode: 0o700)
        for stage in stages {
            let real = realLibrary(of: lease, stage)
            if access(real, F_OK) != 0 {
                let file = open(real, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o644)
                guard file >= 0 else { throw LimiterError("cannot make \(real): \(Self.reason)") }
                close(file)
            }
            let ours = processLibrary(of: lease, stage)
            // A new file is another one: what runs goes on with the old one.
            guard access(ours, F_OK) != 0 else { continue }
            try LimiterLibrary.install(built: stage.built, real: real, to: ours)
            chmod(ours, 0o755)
        }
        if geteuid() == 0, tenant.uid != 0 {
            guard chown(own, tenant.uid, gid_t.max) == 0, chmod(own, 0o500) == 0 else {
                throw LimiterError("cannot give \(own) to user \(tenant.uid): \(Self.reason)")
            }
        }
    }

    /// Removes what a lease had; programs that still run keep what they have open.
    func remove(_ lease: LeaseID) {
        let own = directory(of: lease)
        for name in Self.names(in: own) { unlink("\(own)/\(name)") }
        rmdir(own)
    }

    /// The leases that have a directory, in order.
    func leases() -> [LeaseID] {
        Self.names(in: directory).compactMap { name in
            LeaseID(name).flatMap { directory(of: $0) == "\(directory)/\(name)" ? $0 : nil }
        }.sorted()
    }

    private static func make(_ path: String, mode: mode_t) throws(LimiterError) {
        if mkdir(path, mode) == 0 {
            chmod(path, mode)
            return
        }
        guard errno == EEXIST else { throw LimiterError("cannot make the directory \(path): \(reason)") }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw LimiterError("\(path) is not a directory; remove it")
        }
    }

    private static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
