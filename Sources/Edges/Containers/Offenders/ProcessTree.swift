#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Who was started by whom.
enum ProcessTree {
    /// Whether a process is one of `roots` or was started, at whatever remove, by one that is.
    static func descends(_ pid: Int32, from roots: Set<Int32>) -> Bool {
        var pid = pid
        // Deeper than processes nest; a chain that is read while it changes may lead in a circle.
        for _ in 0..<256 where pid > 0 {
            if roots.contains(pid) { return true }
            guard let parent = ProcessTable.status(of: pid)?.parent else { return false }
            pid = parent
        }
        return false
    }
}

/// Programs that are told of and left alone.
enum SparedProgram {
    /// Whether a process runs one of these programs, by the name of its file.
    ///
    /// The file has to be root's, writable by nobody else, and not a container's: a name alone anybody can give.
    static func isSpared(_ pid: Int32, among programs: [String]) -> Bool {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/\(pid)/exe", &buffer, buffer.count)
        guard length > 0 else { return false }
        let path = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard programs.contains(HostFiles.split(path).name), ProcessTable.containers(of: pid).isEmpty else {
            return false
        }
        var file = stat()
        guard stat("/proc/\(pid)/exe", &file) == 0 else { return false }
        return file.st_uid == 0 && file.st_mode & (S_IWGRP | S_IWOTH) == 0
    }
}
