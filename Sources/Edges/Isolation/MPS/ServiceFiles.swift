import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The multi-process service's files on this node.
///
///     5a1c0b2d3e4f/                     of one GPU, the daemon's alone: who reaches its sockets has the whole GPU
///         gpu                           which GPU, and the compute mode that it had before
///         pipe/shares/lease_17/control  the control daemon's sockets: one for each lease
///         log/
///     leases/lease-17/                  the tenant's alone
///         pipe/control                  the lease's socket, once more: the directory that its programs are given
///
/// What programs are given stays the same when a server is begun anew, and nothing else can be reached from it.
struct ServiceFiles: Sendable {
    let directory: String

    /// Beyond it, the paths of sockets may not fit into the 107 bytes that they have.
    static let longestDirectory = 56

    // MARK: A GPU

    func gpu(_ gpu: GPUID) -> String {
        let digits = gpu.rawValue.lowercased().filter(\.isHexDigit)
        return "\(directory)/\(digits.suffix(12))"
    }
    func pipes(of gpu: GPUID) -> String { self.gpu(gpu) + "/pipe" }
    func logs(of gpu: GPUID) -> String { self.gpu(gpu) + "/log" }
    /// Where the control daemon has the sockets of a lease.
    func sockets(of lease: LeaseID, on gpu: GPUID) -> String {
        "\(pipes(of: gpu))/\(ServiceNames.server)/\(ServiceNames.namespace(of: lease))"
    }

    /// Makes a GPU's directories, and remembers its compute mode when it had none before.
    func prepare(_ gpu: GPUID, mode: UInt32) throws(ServiceError) {
        try Self.make(directory, mode: 0o711)
        try Self.make(directory + "/leases", mode: 0o711)
        for path in [self.gpu(gpu), pipes(of: gpu), logs(of: gpu)] { try Self.make(path, mode: 0o700) }
        if let known = remembered(in: self.gpu(gpu)) {
            guard known.gpu == gpu else {
                throw ServiceError("\(self.gpu(gpu)) is of another GPU, \(known.gpu); remove it once nothing uses that")
            }
            return
        }
        try Self.write("\(gpu) \(mode)\n", to: self.gpu(gpu) + "/gpu")
    }

    /// The compute mode that a GPU had before; nil where nothing is remembered.
    func mode(of gpu: GPUID) -> UInt32? { remembered(in: self.gpu(gpu)).flatMap { $0.gpu == gpu ? $0.mode : nil } }

    /// The GPUs that have a directory.
    func gpus() -> [GPUID] {
        Self.names(in: directory).sorted().compactMap { remembered(in: "\(directory)/\($0)")?.gpu }
    }

    func remove(_ gpu: GPUID) { Self.removeTree(self.gpu(gpu)) }

    private func remembered(in directory: String) -> (gpu: GPUID, mode: UInt32)? {
        guard let text = Self.text(directory + "/gpu") else { return nil }
        let words = text.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let mode = UInt32(words[1]) else { return nil }
        return (GPUID(String(words[0])), mode)
    }

    // MARK: A lease

    func directory(of lease: LeaseID) -> String { "\(directory)/leases/\(lease)" }
    /// What programs of the lease are given.
    func pipe(of lease: LeaseID) -> String { directory(of: lease) + "/pipe" }

    /// The leases that have a directory, in order.
    func leases() -> [LeaseID] { Self.names(in: directory + "/leases").compactMap { LeaseID($0) }.sorted() }

    /// Gives a lease its socket; only its tenant can reach it, and only we can change it.
    func connect(_ lease: LeaseID, tenant: Tenant, to gpu: GPUID) throws(ServiceError) {
        let own = directory(of: lease)
        try Self.make(own, mode: 0o700)
        // Inside a container any user may have to get through here, so nobody is kept out below the tenant's directory.
        try Self.make(pipe(of: lease), mode: 0o755)
        let (socket, mine) = (sockets(of: lease, on: gpu) + "/control", pipe(of: lease) + "/control")
        if !Self.isSame(socket, mine) {
            unlink(mine)
            guard link(socket, mine) == 0 else { throw Self.failure("cannot give \(lease) the socket \(socket)") }
        }
        if geteuid() == 0, tenant.uid != 0 {
            guard chown(own, tenant.uid, gid_t.max) == 0, chmod(own, 0o500) == 0 else {
                throw Self.failure("cannot give \(own) to user \(tenant.uid)")
            }
        }
    }

    /// Whether the lease's socket is the one that the control daemon listens on now.
    func isConnected(_ lease: LeaseID, to gpu: GPUID) -> Bool {
        Self.isSame(sockets(of: lease, on: gpu) + "/control", pipe(of: lease) + "/control")
    }

    func remove(_ lease: LeaseID) { Self.removeTree(directory(of: lease)) }

    // MARK: Files

    /// The end of a log, for a sentence about what went wrong; nil where there is none.
    static func lastLine(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        lseek(file, max(lseek(file, 0, SEEK_END) - 1000, 0), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: 1000)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").last.map(String.init)
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        var (one, other) = (stat(), stat())
        return lstat(left, &one) == 0 && lstat(right, &other) == 0 && one.st_dev == other.st_dev
            && one.st_ino == other.st_ino
    }

    private static func make(_ path: String, mode: mode_t) throws(ServiceError) {
        if mkdir(path, mode) == 0 {
            chmod(path, mode)
            return
        }
        guard errno == EEXIST else { throw failure("cannot make the directory \(path)") }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ServiceError("\(path) is not a directory; remove it")
        }
    }

    /// The new file whole or not at all.
    private static func write(_ text: String, to path: String) throws(ServiceError) {
        let draft = path + ".new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot write \(path)") }
        let bytes = Array(text.utf8)
        let isWritten = bytes.withUnsafeBytes { put(file, $0) }
        close(file)
        guard isWritten, rename(draft, path) == 0 else { throw failure("cannot write \(path)") }
    }

    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
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

    /// Removes a directory with all that is in it; never follows a link out of it.
    private static func removeTree(_ path: String) {
        for name in names(in: path) {
            let inner = "\(path)/\(name)"
            var status = stat()
            guard lstat(inner, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { removeTree(inner) } else { unlink(inner) }
        }
        rmdir(path)
    }

    private static func failure(_ what: String) -> ServiceError {
        ServiceError("\(what): \(String(cString: strerror(errno)))")
    }
}

private func put(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    write(file, bytes.baseAddress, bytes.count) == bytes.count
}

/// Names that the control knows ours by: lower-case letters, digits and underscores.
enum ServiceNames {
    /// The one server of a GPU.
    static let server = "shares"
    /// What every server has; nobody is given its socket.
    static let unused = "default"

    static func namespace(of lease: LeaseID) -> String { "lease_\(lease.number)" }

    static func lease(named name: String) -> LeaseID? {
        guard name.hasPrefix("lease_"), let lease = LeaseID(name.dropFirst(6)) else { return nil }
        return namespace(of: lease) == name ? lease : nil
    }
}
