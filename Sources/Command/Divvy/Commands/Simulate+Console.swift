import Glibc
import Presentation

/// A clock that does not step, for measuring.
enum MonotonicClock {
    static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// How far a long command is, for people at a terminal; nothing where there is none.
enum ProgressBar {
    private static let width = 30

    static func show(_ what: String, done: Int, of all: Int) {
        guard Console.errorIsTerminal, all > 0 else { return }
        let filled = width * done / all
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        Console.write("\r\u{1B}[K[\(bar)] \(done)/\(all) \(what)", to: STDERR_FILENO)
    }

    static func clear() {
        guard Console.errorIsTerminal else { return }
        Console.write("\r\u{1B}[K", to: STDERR_FILENO)
    }
}

extension Files {
    /// More than any trace of the family holds.
    private static let largestTrace = 1 << 28

    /// The text of a trace.
    static func readTrace(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let failure = SystemFailure.last("cannot read \(path)")
            throw Failure(failure.code == ENOENT ? .notFound : .inputOutput, "\(failure)")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= largestTrace {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw Failure(.inputOutput, "\(SystemFailure.last("cannot read \(path)"))")
            }
        }
        throw Failure(.badData, "\(path) is larger than 256 MiB; a trace of the openb family has less than 1 MiB")
    }

    /// Writes a file, in place of one that is there.
    static func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "\(SystemFailure.last("cannot write \(path)"))") }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Failure(.inputOutput, "\(SystemFailure.last("cannot write \(path)"))")
            }
        }
    }
}
