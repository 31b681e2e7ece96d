import Glibc

/// What this program reads of the machine.
enum Machine {
    /// The program's path: the one that is named, or the first of `usual`; nil where there is none.
    ///
    /// An engine's daemon may have a short PATH, so the usual places are looked at as well.
    static func program(_ name: String?, among usual: [String]) -> String? {
        if let name, name.contains("/") { return isProgram(name) ? name : nil }
        let path = variable("PATH")?.split(separator: ":").map(String.init) ?? []
        let directories = path + ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        for name in name.map({ [$0] }) ?? usual {
            if let found = directories.lazy.map({ "\($0)/\(name)" }).first(where: isProgram) { return found }
        }
        return nil
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    static func isSameFile(_ left: String, as right: String) -> Bool {
        var (one, other) = (stat(), stat())
        return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_dev == other.st_dev
            && one.st_ino == other.st_ino
    }

    /// A program that lies beside this one.
    static func neighbour(_ name: String) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map {
                readlink("/proc/self/exe", $0.assumingMemoryBound(to: CChar.self), bytes.count)
            } ?? 0
        }
        let end = buffer[..<max(0, length)].lastIndex(of: UInt8(ascii: "/")) ?? 0
        return "\(String(decoding: buffer[..<end], as: UTF8.self))/\(name)"
    }

    /// Where it is remembered which containers have leases. Podman deletes containers without the options that they were
    /// made with, so no option has a say in it.
    static var recordDirectory: String { "\(ownDirectory ?? "/run/divvy")/containers" }

    /// The socket of a user's own daemon; nil where there is none, and for the machine's engines.
    static var ownSocket: String? {
        ownDirectory.map { "\($0)/divvy.sock" }.flatMap { access($0, F_OK) == 0 ? $0 : nil }
    }

    /// A user's own directory; nil for root. In a user namespace, where Podman runs this for users, everybody is root.
    private static var ownDirectory: String? {
        guard getuid() != 0 || isInUserNamespace else { return nil }
        return variable("XDG_RUNTIME_DIR").map { "\($0)/divvy" }
    }

    /// user_namespaces(7): the machine's own maps every id to itself.
    private static var isInUserNamespace: Bool {
        guard let map = contents("/proc/self/uid_map") else { return false }
        return !String(decoding: map, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .elementsEqual(["0", "0", "4294967295"])
    }

    /// Whether a file holds any of the texts. A file that cannot be read holds none: the runtime says what is wrong.
    static func file(_ path: String, holdsOneOf texts: [String]) -> Bool {
        guard var text = contents(path)?.map(CChar.init(bitPattern:)) else { return false }
        text.append(0)
        return text.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return false }
            return texts.contains { strstr(start, $0) != nil }
        }
    }

    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        while true {
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: count) }
            let got = bytes.withUnsafeMutableBytes { all in
                let free = UnsafeMutableRawBufferPointer(rebasing: all[count...])
                return read(descriptor, free.baseAddress, free.count)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return got == 0 ? Array(bytes[..<count]) : nil }
            count += got
        }
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static func append(_ text: String, to path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        write(text, to: descriptor)
        close(descriptor)
    }

    static func write(_ text: String, to descriptor: Int32) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }
}
