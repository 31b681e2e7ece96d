import Glibc

/// A connection to the daemon that speaks just enough HTTP to measure with: the load must cost less than what it loads.
final class Connection {
    struct Answer {
        let status: Int
        let body: Substring
    }

    let descriptor: Int32
    private var received: [UInt8] = []

    init(socket path: String) throws {
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8CString)
        guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw BenchmarkError("the socket's path is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.map(UInt8.init(bitPattern:))) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else {
            close(descriptor)
            throw BenchmarkError("no connection to \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    func send(_ request: String) throws {
        let bytes = Array(request.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw BenchmarkError("the daemon went away") }
    }

    /// Reads what has come; the answer when it is whole.
    func receive() throws -> Answer? {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { throw BenchmarkError("the daemon closed the connection") }
        received += chunk[..<count]
        let text = String(decoding: received, as: UTF8.self)
        guard let headEnd = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = text[..<headEnd.lowerBound].lowercased()
        guard let field = head.firstRange(of: "content-length: "),
            let length = Int(head[field.upperBound...].prefix { $0.isNumber }),
            let status = Int(head.split(separator: " ")[1])
        else { throw BenchmarkError("not an answer: \(text.prefix(200))") }
        let body = text[headEnd.upperBound...]
        guard body.utf8.count >= length else { return nil }
        received.removeAll(keepingCapacity: true)
        return Answer(status: status, body: body)
    }

    /// Sends a request and waits for its answer.
    func exchange(_ request: String) throws -> Answer {
        try send(request)
        while true { if let answer = try receive() { return answer } }
    }

    static func post(_ path: String, _ json: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: divvy\r\nContent-Type: application/json\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)"
    }
}
