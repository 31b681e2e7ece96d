#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One of the machine's trees of cgroups, in which a process has one place.
struct CgroupHierarchy: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Version 2, on hybrid machines beside the others.
        case unified
        /// The memory controller's of version 1.
        case memory
    }

    let kind: Kind
    /// Where its root is mounted: `/sys/fs/cgroup`.
    let mount: String

    /// Those in which limits of memory can stand, best first, from the text of `/proc/self/mountinfo`.
    static func all(mountinfo: String) -> [CgroupHierarchy] {
        var unified: CgroupHierarchy?
        var memory: CgroupHierarchy?
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            guard let dash = fields.firstIndex(of: "-"), dash > 5, fields.count > dash + 3, fields[3] == "/" else {
                continue
            }
            let mount = unescaped(fields[4])
            switch fields[dash + 1] {
            case "cgroup2": if unified == nil { unified = .init(kind: .unified, mount: mount) }
            case "cgroup":
                let controllers = fields[dash + 3].split(separator: ",")
                if memory == nil, controllers.contains("memory") { memory = .init(kind: .memory, mount: mount) }
            default: break
            }
        }
        return [unified, memory].compactMap { $0 }
    }

    /// The directory of a process's cgroup, from the text of `/proc/PID/cgroup`; nil where it is the root, which is
    /// everybody's, or cannot be seen from here.
    func directory(in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isMine =
                switch kind {
                case .unified: parts[0] == "0" && parts[1].isEmpty
                case .memory: parts[1].split(separator: ",").contains("memory")
                }
            guard isMine else { continue }
            let names = parts[2].split(separator: "/")
            guard !names.isEmpty, !names.contains("..") else { return nil }
            return "\(mount)/\(names.joined(separator: "/"))"
        }
        return nil
    }

    /// Lets the kernel count device memory in a cgroup: its controller `dmem` must be on in each one above, or there is
    /// a gap in the chain. Nothing happens where the kernel has no such controller; what cannot be changed stays.
    func countDeviceMemory(in directory: String) {
        guard kind == .unified, directory.hasPrefix(mount + "/") else { return }
        var above = mount
        for name in directory.dropFirst(mount.count + 1).split(separator: "/") {
            let controllers = SmallFile.text("\(above)/cgroup.controllers")?.split { $0 == " " || $0 == "\n" } ?? []
            guard controllers.contains("dmem") else { return }
            let on = SmallFile.text("\(above)/cgroup.subtree_control")?.split { $0 == " " || $0 == "\n" } ?? []
            if !on.contains("dmem") { _ = SmallFile.put("+dmem", into: "\(above)/cgroup.subtree_control") }
            above += "/\(name)"
        }
    }

    /// The kernel writes blanks, tabs, line ends and backslashes as `\` and three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == 0x5C, digits.count == 3, let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Files of `/proc`, of cgroups, and of this means' own.
enum SmallFile {
    /// What is in a file; nil when it cannot be read.
    static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: content, as: UTF8.self) }
            content += piece.prefix(count)
        }
    }

    /// Writes into a file that is there, in one call; false and errno when that fails.
    static func put(_ text: String, into path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return false }
        defer { close(file) }
        return text.utf8CString.withUnsafeBytes { write(file, $0.baseAddress, $0.count - 1) == $0.count - 1 }
    }

    /// Puts a whole file in place; false and errno when that fails.
    static func replace(_ path: String, with text: String) -> Bool {
        let unfinished = path + ".new"
        unlink(unfinished)
        let file = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        close(file)
        return put(text, into: unfinished) && rename(unfinished, path) == 0
    }

    static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
