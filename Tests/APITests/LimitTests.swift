import Foundation
import NIOEmbedded
import Testing

@testable import API

@Suite(.timeLimit(.minutes(1))) struct LimitTests {
    @Test func `a body of a megabyte is read and a larger one is not`() async throws {
        try await TestDaemon.serving { daemon in
            let frame = #"{"gpus": "1", "name": ""}"#.utf8.count
            let fits = #"{"gpus": "1", "name": ""# + String(repeating: "x", count: (1 << 20) - frame) + #""}"#
            #expect(try await RawConnection.call(daemon.socket, "POST", "/v1/leases", body: fits).status == 400)
            #expect(try await RawConnection.call(daemon.socket, "POST", "/v1/leases", body: fits + " ").status == 413)
            let chunked = try RawConnection(daemon.socket)
            try await chunked.send("POST /v1/leases HTTP/1.1\r\nhost: d\r\ntransfer-encoding: chunked\r\n\r\n")
            let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
            for _ in 0..<17 { try await chunked.send(chunk) }
            #expect(try await chunked.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `headers without end are refused`() async throws {
        try await TestDaemon.serving { daemon in
            let connection = try RawConnection(daemon.socket)
            let start = "GET /v1/version HTTP/1.1\r\nhost: d\r\n"
            try await connection.send("\(start)x: \(String(repeating: "a", count: 20_000))\r\n\r\n")
            #expect(try await connection.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 400"))
            let many = try RawConnection(daemon.socket)
            try await many.send(start + String(repeating: "x: a\r\n", count: 200) + "\r\n")
            #expect(try await many.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test(arguments: [
        "\r\n\r\n\r\n\u{0}\u{1}\u{2}garbage\r\n\r\n", "GET\r\n\r\n", "GET /v1/version HTTP/9.9\r\nhost: d\r\n\r\n",
        "POST /v1/leases HTTP/1.1\r\nhost: d\r\ncontent-length: -5\r\n\r\n",
        "POST /v1/leases HTTP/1.1\r\nhost: d\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func `what is not HTTP is answered with 400 or the end, and the daemon goes on`(text: String) async throws {
        try await TestDaemon.serving { daemon in
            let connection = try RawConnection(daemon.socket)
            try await connection.send(text)
            let answer = try await connection.receive(until: "\r\n\r\n")
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"))
            #expect(try await APIClient(socket: daemon.socket).version().apiVersion == "v1")
        }
    }

    @Test func `a connection that says nothing or speaks too slowly is closed`() async throws {
        try await TestDaemon.serving(settings: { $0.idleTimeoutSeconds = 1 }) { daemon in
            let silent = try RawConnection(daemon.socket)
            let slow = try RawConnection(daemon.socket)
            for letter in "GET /v1/version HTT" {
                try await slow.send(String(letter))
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await silent.receive() == [])
            #expect(try await slow.receive() == [])
        }
    }

    @Test func `requests sent at once over one connection are answered in order`() async throws {
        try await TestDaemon.serving { daemon in
            let connection = try RawConnection(daemon.socket)
            try await connection.send(
                "GET /v1/leases HTTP/1.1\r\nhost: d\r\n\r\nGET /v1/nothing HTTP/1.1\r\nhost: d\r\n\r\n"
                    + "GET /v1/version HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n")
            let answer = try await connection.receive(until: "VersionInfo\"")
            let statuses = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(statuses == ["200", "404", "200"])
        }
    }

    @Test func `one user cannot have all the connections`() {
        let connections = Connections(limitPerUser: 2)
        let channels = (0..<4).map { _ in NIOAsyncTestingChannel() }
        #expect(connections.open(channels[0], of: 1000))
        #expect(connections.open(channels[1], of: 1000))
        #expect(!connections.open(channels[2], of: 1000))
        #expect(connections.open(channels[2], of: 1001))
        connections.close(channels[0], of: 1000)
        #expect(connections.open(channels[3], of: 1000))
    }

    @Test(.enabled(if: geteuid() == 0, "another user's process needs root"))
    func `a connection too many is turned away with a reason`() async throws {
        try await TestDaemon.serving(mode: 0o666, settings: { $0.connectionsPerUser = 0 }) { daemon in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
            process.arguments = [
                "--reuid=4242", "--regid=4242", "--clear-groups", "curl", "--silent", "--unix-socket", daemon.socket,
                "http://divvy/v1/version",
            ]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = try await blocking { try output.fileHandleForReading.readToEnd() ?? Data() }
            #expect(try JSONDecoder().decode(ErrorBody.self, from: text).code == .tooMany)
        }
    }
}
