import Glibc

/// The machine and this program, as the kernel tells them.
enum Host {
    /// The absolute path of this program.
    static var executable: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let length = buffer.baseAddress.map { readlink("/proc/self/exe", $0, buffer.count) }
            guard let count = length, count > 0 else { return CommandLine.arguments.first ?? "divvy" }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    static var uid: UInt32 { getuid() }

    static var threadCount: Int { Files.names(in: "/proc/self/task").count }

    static var name: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, gethostname(base, buffer.count) == 0 else { return "localhost" }
            buffer[255] = 0
            return String(cString: base)
        }
    }
}

/// Text for a POSIX shell.
enum Shell {
    /// One word, whatever it holds.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "/._-:,=+@%".utf8.contains(byte)
        }
        if isPlain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
