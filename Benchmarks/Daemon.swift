import Glibc

/// A daemon of this build over a simulated DGX A100, with everything of its own in one directory.
struct Daemon {
    let directory: String
    let child: Child
    private let specifications: String
    /// From the start of the program to the first answer.
    let secondsToReady: Double

    static var divvy: String { executable.directory + "/divvy" }

    var socket: String { "\(directory)/divvy.sock" }

    init(in directory: String) throws {
        self.directory = directory
        setenv("DIVVY_SOCKET", "\(directory)/divvy.sock", 1)
        // In memory, as /run/cdi is; what has to be durable lies in `directory`, on a disk.
        specifications = "/dev/shm/divvy-bench-\(getpid())"
        let begin = seconds()
        child = try Child(
            [
                Daemon.divvy, "up", "--driver", "sim:dgx-a100", "--state", "\(directory)/state", "--socket",
                "\(directory)/divvy.sock", "--cdi-dir", specifications,
            ], output: "\(directory)/daemon.log")
        while true {
            if let connection = try? Connection(socket: "\(directory)/divvy.sock"),
                (try? connection.exchange("GET /v1/version HTTP/1.1\r\nHost: divvy\r\n\r\n"))?.status == 200
            {
                break
            }
            guard child.isRunning, seconds() - begin < 30 else {
                throw BenchmarkError("the daemon did not come up:\n" + (readFile("\(directory)/daemon.log") ?? ""))
            }
            usleep(2_000)
        }
        secondsToReady = seconds() - begin
    }

    func stop() {
        child.signal(SIGTERM)
        child.wait()
        _ = try? Child(["rm", "-rf", specifications]).wait()
    }

    /// Runs `body` with a daemon in a fresh directory, and cleans up.
    static func with<Result>(_ body: (Daemon) throws -> Result) throws -> Result {
        let directory = try scratchDirectory()
        defer { _ = try? Child(["rm", "-rf", directory]).wait() }
        let daemon = try Daemon(in: directory)
        defer { daemon.stop() }
        return try body(daemon)
    }

    /// A directory on the disk that the build is on: durable means durable there.
    static func scratchDirectory() throws -> String {
        var template = Array((executable.directory + "/bench-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else { throw BenchmarkError("no scratch directory could be made") }
        return String(cString: made)
    }
}

extension String {
    /// The directory that this path lies in.
    var directory: String {
        guard let slash = lastIndex(of: "/") else { return "." }
        return slash == startIndex ? "/" : String(self[..<slash])
    }
}

/// The absolute path of this program.
private let executable: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(length, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}()
