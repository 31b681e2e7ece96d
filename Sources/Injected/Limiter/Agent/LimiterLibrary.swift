import CLimiter
import Glibc

/// The library that stands in the driver library's place inside containers.
package enum LimiterLibrary {
    /// The directory in which a container finds the real library, its limits and its books.
    package static let place = LIMITER_PLACE
    /// What the real library is called in that directory, and NVML's; limits and books are called `limits` and `books`.
    package static let realName = "libcuda.so.1"
    package static let realNVMLName = "libnvidia-ml.so.1"

    /// Writes a limiter that works: one that brings along the real library of that path, and looks for the limits
    /// beside it. The path is the one that programs see, inside their container. The file replaces what was there in
    /// one step.
    ///
    /// Throws when the built library cannot be read or is none of this version, when the path is relative or longer
    /// than 239 bytes, or when the file cannot be written.
    package static func install(built: String, real: String, to destination: String) throws(LimiterError) {
        var bytes = try read(built)
        let status = limiter_install(&bytes, bytes.count, real)
        guard status != 1 else {
            throw LimiterError(
                "\(real) cannot be the real library's path: it has to be absolute and shorter than 240 bytes")
        }
        guard status == 0 else { throw LimiterError("\(built) is not the limiter's library as it was built") }
        try write(bytes, to: destination)
    }

    private static func read(_ path: String) throws(LimiterError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw LimiterError("cannot open \(path): \(reason())") }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size > 0 else { throw LimiterError("\(path) is empty") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            guard count > 0 else { throw LimiterError("cannot read \(path): \(reason())") }
            done += count
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(LimiterError) {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
        guard file >= 0 else { throw LimiterError("cannot write \(draft): \(reason())") }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + done }, $0.count - done) }
            guard count > 0 else {
                let text = reason()
                close(file)
                unlink(draft)
                throw LimiterError("cannot write \(draft): \(text)")
            }
            done += count
        }
        close(file)
        guard rename(draft, path) == 0 else { throw LimiterError("cannot write \(path): \(reason())") }
    }
}

/// What the last system call complained of.
func reason() -> String { String(cString: strerror(errno)) }
