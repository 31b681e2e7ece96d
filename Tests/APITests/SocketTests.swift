import Foundation
import Testing

@testable import API

@Suite(.timeLimit(.minutes(1))) struct SocketTests {
    private func settings(_ path: String, mode: UInt32 = 0o600) -> APIServerSettings {
        APIServerSettings(
            socket: SocketSettings(path: path, mode: mode, group: nil), version: "0.1.0", state: "/nowhere")
    }

    private func isSocket(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeSocket
    }

    @Test(arguments: [0o600, 0o660] as [UInt32])
    func `the socket has its mode, and is gone after the daemon`(mode: UInt32) async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/new/divvy.sock"
            try await TestDaemon.serving(StandInPool(), settings: settings(path, mode: mode)) { daemon in
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == Int(mode))
                #expect(attributes[.type] as? FileAttributeType == .typeSocket)
                #expect(!FileManager.default.fileExists(atPath: path + ".new"))
            }
            #expect(!isSocket(path))
        }
    }

    @Test func `the socket of a dead daemon is replaced`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            do {
                let dead = try UnixSocket(isBlocking: true)
                try dead.bind(to: path)
            }
            #expect(isSocket(path))
            try await TestDaemon.serving(StandInPool(), settings: settings(path)) { _ in
                let version = try await APIClient(socket: path).version()
                #expect(version.apiVersion == "v1")
            }
        }
    }

    @Test func `a second daemon is told so, and the first goes on`() async throws {
        try await TestDaemon.serving { daemon in
            let error = await #expect(throws: SocketError.self) {
                try await TestDaemon.serving(StandInPool(), settings: settings(daemon.socket)) { _ in }
            }
            #expect(error?.code == .inUse)
            let version = try await APIClient(socket: daemon.socket).version()
            #expect(version.apiVersion == "v1")
        }
    }

    @Test func `of daemons that start at once on a dead one's socket one wins`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            do {
                let dead = try UnixSocket(isBlocking: true)
                try dead.bind(to: path)
            }
            let wins = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do {
                            let listener = try SocketListener(settings(path).socket, backlog: 8)
                            try await Task.sleep(for: .milliseconds(300))
                            _ = consume listener
                            return true
                        } catch {
                            return false
                        }
                    }
                }
                return await group.reduce(into: 0) { sum, won in sum += won ? 1 : 0 }
            }
            #expect(wins == 1)
        }
    }

    @Test func `another program's socket is left alone`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            let other = try UnixSocket(isBlocking: true)
            try other.bind(to: path)
            #expect(listen(other.descriptor, 1) == 0)
            let error = #expect(throws: SocketError.self) { _ = try SocketListener(settings(path).socket, backlog: 8) }
            #expect(error?.code == .inUse)
            #expect(isSocket(path))
            _ = consume other
        }
    }

    @Test func `a file that is no socket is left alone`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            try "precious".write(toFile: path, atomically: false, encoding: .utf8)
            let error = #expect(throws: SocketError.self) { _ = try SocketListener(settings(path).socket, backlog: 8) }
            #expect(error?.code == .notASocket)
            let text = try? String(contentsOfFile: path, encoding: .utf8)
            #expect(text == "precious")
        }
    }

    @Test func `a path that is too long is refused before anything is made`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/" + String(repeating: "x", count: 120)
            let error = #expect(throws: SocketError.self) { _ = try SocketListener(settings(path).socket, backlog: 8) }
            #expect(error?.code == .pathTooLong)
            let files = try? FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(files == [])
        }
    }

    @Test func `a daemon does not remove the socket of another`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            let listener = try SocketListener(settings(path).socket, backlog: 8)
            unlink(path)
            let other = try UnixSocket(isBlocking: true)
            try other.bind(to: path)
            _ = consume listener
            #expect(isSocket(path))
            _ = consume other
        }
    }

    @Test func `without a daemon the client says which socket and what to do`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            let missing = await #expect(throws: APIClientError.self) { _ = try await APIClient(socket: path).version() }
            #expect(missing == .unreachable(socket: path, .noSocket))
            #expect(missing?.description.contains(path) == true)
            #expect(missing?.description.contains("divvy up") == true)
            do {
                let dead = try UnixSocket(isBlocking: true)
                try dead.bind(to: path)
            }
            let refused = await #expect(throws: APIClientError.self) { _ = try await APIClient(socket: path).version() }
            #expect(refused == .unreachable(socket: path, .nobodyListens))
        }
    }

    @Test func `a client comes back after the daemon was started again`() async throws {
        try await TestDaemon.withDirectory { directory in
            let path = "\(directory)/divvy.sock"
            let client = APIClient(socket: path)
            for _ in 0..<3 {
                try await TestDaemon.serving(StandInPool(), settings: settings(path)) { _ in
                    let first = try await client.version()
                    #expect(try await client.version() == first)
                }
            }
        }
    }

    @Test func `programs that the client starts do not inherit its connection`() throws {
        let socket = try UnixSocket(isBlocking: false)
        #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `many clients at once are all served`() async throws {
        try await TestDaemon.serving { daemon in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<64 {
                    group.addTask {
                        let client = APIClient(socket: daemon.socket)
                        for _ in 0..<20 {
                            let lease = try await client.ask(LeaseRequest(gpus: "0.5"))
                            #expect(lease.state == .granted)
                        }
                        await client.close()
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
