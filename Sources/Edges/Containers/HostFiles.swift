#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Reads of the host's file system that never follow anything but what is asked, and answer nil instead of an error.
enum HostFiles {
    enum Kind: Equatable {
        case deviceNode
        case file
        case directory
        case other
    }

    /// What is at a path, links followed; nil when nothing is, or it cannot be seen.
    static func kind(of path: String) -> Kind? {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        return switch found.st_mode & S_IFMT {
        case S_IFCHR, S_IFBLK: .deviceNode
        case S_IFREG: .file
        case S_IFDIR: .directory
        default: .other
        }
    }

    /// The path without links in it.
    static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    static func names(in directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
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

    /// A whole small file as text, as `/proc` has them.
    static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return text(of: file)
    }

    /// The rest of an open file as text; at most 1 MiB.
    static func text(of file: Int32) -> String? {
        var bytes: [UInt8] = []
        while bytes.count < 1 << 20 {
            let count = withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 1) { buffer in
                let count = read(file, buffer.baseAddress, buffer.count)
                if count > 0 { bytes.append(contentsOf: buffer.prefix(count)) }
                return count
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes all of a text; false, with `errno`, when it cannot.
    static func write(_ text: String, to file: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    static func secondsSinceEpoch() -> Int { time(nil) }

    static func isExecutable(_ path: String) -> Bool { kind(of: path) == .file && access(path, X_OK) == 0 }

    /// The directory that a path is in, and its last part.
    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }
}

/// The C library's functions, for types that have methods of the same names.
private func writeBytes(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }

func closeDescriptor(_ descriptor: Int32) { close(descriptor) }
