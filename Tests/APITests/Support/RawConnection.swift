import Foundation
import Glibc

@testable import API

/// Runs `body`, which blocks, on a thread of its own: the tasks of the daemon under test share the pool's few threads.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}

/// Bytes as they are, for what a well-behaved client would not send.
final class RawConnection: Sendable {
    let descriptor: Int32

    init(_ path: String) throws {
        let socket = try UnixSocket(isBlocking: true)
        try socket.connect(to: path)
        descriptor = socket.release()
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) async throws {
        try await blocking { self.sendNow(Array(text.utf8)[...]) }
    }

    private func sendNow(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What comes next; empty at the end, nil when nothing came within ten seconds.
    func receive() async throws -> [UInt8]? { try await blocking { self.receiveNow() } }

    private func receiveNow() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? (errno == EAGAIN ? nil : []) : Array(buffer[..<count])
    }

    /// Everything until `text` has come or the connection has ended.
    func receive(until text: String) async throws -> String {
        try await blocking {
            var all: [UInt8] = []
            while !String(decoding: all, as: UTF8.self).contains(text), let part = self.receiveNow(), !part.isEmpty {
                all += part
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// Sends a request and gives the status, the body and the head of its answer.
    static func call(
        _ path: String, _ method: String, _ target: String, headers: [String] = [], body: String? = nil
    ) async throws -> (status: Int, body: String, head: String) {
        let connection = try RawConnection(path)
        var lines = ["\(method) \(target) HTTP/1.1", "host: divvy", "connection: close"] + headers
        if let body { lines.append("content-length: \(body.utf8.count)") }
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        let answer = try await connection.receive(until: "\u{0}")
        let parts = answer.components(separatedBy: "\r\n\r\n")
        let status = answer.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (status, parts.dropFirst().joined(separator: "\r\n\r\n"), parts[0])
    }
}
