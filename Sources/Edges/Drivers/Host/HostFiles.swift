import Glibc

/// Small files of `/proc` and `/sys`.
enum HostFiles {
    /// A file's content, cut at `limit` bytes; nil when it cannot be read.
    static func bytes(_ path: String, limit: Int = 4096) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content = [UInt8](repeating: 0, count: min(limit, 4096))
        var count = 0
        while count < limit {
            if count == content.count { content += [UInt8](repeating: 0, count: min(count, limit - count)) }
            let got = content.withUnsafeMutableBytes { read(file, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            count += got
        }
        content.removeLast(content.count - count)
        return content
    }

    /// A file's content as text; nil when it cannot be read.
    static func text(_ path: String, limit: Int = 4096) -> String? {
        bytes(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first line of a file without white space around it; nil when it cannot be read or is empty.
    static func line(_ path: String) -> String? {
        guard let line = text(path)?.split(separator: "\n").first?.split(separator: " ").first else { return nil }
        return String(line)
    }
}
