package import Fleet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The directory that engines read CDI documents from, and the files of ours in it.
///
/// A file is whole or not there: it is written under a name that engines do not read, made durable, and renamed.
/// Whoever can write to the directory can give devices to containers, so nothing here follows a link in it.
package struct CDIDirectory: Hashable, Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// `/var/run/cdi` for root, `$XDG_RUNTIME_DIR/cdi` for anybody else; nil for a user without such a directory.
    package static func standard(uid: UInt32, runtimeDirectory: String?) -> CDIDirectory? {
        if uid == 0 { return CDIDirectory(path: "/var/run/cdi") }
        guard let runtimeDirectory, runtimeDirectory.hasPrefix("/") else { return nil }
        return CDIDirectory(path: runtimeDirectory + "/cdi")
    }

    /// `divvy-lease-17.json`: made from the number, never from text that somebody gave.
    package static func fileName(of lease: LeaseID) -> String { "\(prefix)\(lease.number)\(suffix)" }

    private static let prefix = "divvy-lease-"
    private static let suffix = ".json"
    /// What an interrupted write leaves behind starts with this; engines skip it, for it does not end in .json.
    private static let unfinished = ".divvy-unfinished-"

    package func file(of lease: LeaseID) -> String { "\(path)/\(Self.fileName(of: lease))" }

    /// The leases that have a file here, in order; none when there is no directory.
    package func leases() throws(CDIDirectoryError) -> [LeaseID] {
        try names().compactMap { Self.lease(named: $0) }.sorted()
    }

    /// Removes what interrupted writes left behind.
    package func removeUnfinished() throws(CDIDirectoryError) {
        for name in try names() where name.hasPrefix(Self.unfinished) { unlink("\(path)/\(name)") }
    }

    /// Writes a lease's document in place of what was there; does nothing when that is the same.
    ///
    /// Readers see the old file or the new one. Nothing is synced to the disk: what stands here follows from the ledger
    /// and is made anew at every start.
    package func write(_ specification: CDISpecification, of lease: LeaseID) throws(CDIDirectoryError) {
        try write(specification.json, named: Self.fileName(of: lease))
    }

    /// Writes a file that is not a lease's; `name` ends in `.json` or engines do not read it.
    package func write(_ text: String, named name: String) throws(CDIDirectoryError) {
        guard !name.contains("/"), !name.hasPrefix("."), name.utf8.count < 200 else {
            throw CDIDirectoryError("\(name.debugDescription) is no file name for a CDI specification")
        }
        let directory = try opened(creating: true)
        defer { close(directory) }
        if try current(name, in: directory) == text { return }

        let temporary = "\(Self.unfinished)\(getpid())-\(name)x"
        unlinkat(directory, temporary, 0)
        let file = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("cannot create a file in \(path)") }
        let isWritten = fchmod(file, 0o644) == 0 && HostFiles.write(text, to: file)
        let problem = errno
        close(file)
        guard isWritten, renameat(directory, temporary, directory, name) == 0 else {
            let code = isWritten ? errno : problem
            unlinkat(directory, temporary, 0)
            throw failure("cannot write \(path)/\(name)", code)
        }
    }

    /// Removes a lease's file; it is no error when there is none.
    package func remove(_ lease: LeaseID) throws(CDIDirectoryError) {
        guard unlink(file(of: lease)) == 0 || errno == ENOENT || errno == ENOTDIR else {
            throw failure("cannot remove \(file(of: lease))")
        }
    }

    private static func lease(named name: String) -> LeaseID? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        guard let lease = LeaseID(name.dropFirst(prefix.count).dropLast(suffix.count)) else { return nil }
        return fileName(of: lease) == name ? lease : nil
    }

    private func names() throws(CDIDirectoryError) -> [String] {
        if let names = HostFiles.names(in: path) { return names }
        if errno == ENOENT { return [] }
        throw failure("cannot list \(path)")
    }

    /// What the file holds now; nil when there is none. Throws when a link stands where the file should be.
    private func current(_ name: String, in directory: Int32) throws(CDIDirectoryError) -> String? {
        let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP {
                throw CDIDirectoryError(
                    "\(path)/\(name) is a symbolic link, which is never written through; remove it")
            }
            throw failure("cannot read \(path)/\(name)")
        }
        defer { close(file) }
        return HostFiles.text(of: file)
    }

    private func opened(creating: Bool) throws(CDIDirectoryError) -> Int32 {
        var directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if directory < 0, errno == ENOENT, creating {
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("cannot create \(path)") }
            directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard directory >= 0 else {
            if errno == ELOOP || errno == ENOTDIR {
                throw CDIDirectoryError("\(path) is not a directory, or a symbolic link to one; make it a directory")
            }
            throw failure("cannot open \(path)")
        }
        return directory
    }

    private func failure(_ what: String, _ code: Int32 = errno) -> CDIDirectoryError {
        CDIDirectoryError(
            "\(what): \(String(cString: strerror(code))); the daemon must be able to write there, or be told another "
                + "directory or none")
    }
}

/// Why a CDI document could not be written, read or removed: what, where, and what to do.
package struct CDIDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
