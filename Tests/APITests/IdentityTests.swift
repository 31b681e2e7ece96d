import Engine
import Fleet
import Foundation
import Ledger
import Synchronization
import Testing

@testable import API

@Suite(.timeLimit(.minutes(1))) struct IdentityTests {
    @Test func `the tenant is whoever the kernel says`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            let lease = try await APIClient(socket: daemon.socket).ask(LeaseRequest(gpus: "1"))
            #expect(lease.tenant.uid == getuid())
            _ = try await APIClient(socket: daemon.socket).end(lease.id)
        }
        let state = pool.state.withLock { $0 }
        #expect(state.asks.first?.tenant.name == NSUserName())
        #expect(state.callers == [Caller(uid: getuid(), gid: getgid(), pid: getpid(), isOperator: true)])
    }

    @Test(arguments: [LeaseRequest.Holder.Kind.process, .starting])
    func `a process that asks holds the lease itself`(kind: LeaseRequest.Holder.Kind) async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool) { daemon in
            _ = try await APIClient(socket: daemon.socket).ask(
                LeaseRequest(gpus: "1", holder: .init(kind: kind, engine: kind == .starting ? "docker" : nil)))
        }
        let me = try #require(ProcessIdentity.current(pid: getpid()))
        let holder = pool.state.withLock { $0.asks.first?.holder }
        #expect(holder == (kind == .process ? .process(me) : .starting(engine: "docker", me)))
    }

    /// Only root can make another user's process.
    @Test(.enabled(if: geteuid() == 0, "another user's process needs root"))
    func `another user is another tenant and no operator`() async throws {
        let pool = StandInPool()
        try await TestDaemon.serving(pool, mode: 0o666) { daemon in
            let answer = try await call(
                as: 4242, "--data", #"{"gpus": "1", "holder": {"kind": "process"}}"#, daemon: daemon, "/v1/leases")
            #expect(answer.contains(#""tenant":{"uid":4242,"name":"4242"}"#))
            _ = try await call(as: 4242, "--request", "DELETE", daemon: daemon, "/v1/leases/lease-1")
        }
        let state = pool.state.withLock { $0 }
        #expect(state.asks.first?.tenant == Tenant(uid: 4242, name: "4242"))
        #expect(state.callers.map(\.uid) == [4242])
        #expect(state.callers.map(\.isOperator) == [false])
        guard case .process(let process) = state.asks.first?.holder else { return #expect(Bool(false)) }
        #expect(process.pid != getpid())
    }

    @Test(.enabled(if: geteuid() == 0, "another user's process needs root"))
    func `a user outside the group is not let in`() async throws {
        try await TestDaemon.serving(mode: 0o660) { daemon in
            let answer = try await call(as: 4242, "--silent", "--show-error", daemon: daemon, "/v1/version")
            #expect(!answer.contains("apiVersion"))
        }
    }

    private func call(
        as uid: Int, _ options: String..., daemon: TestDaemon, _ path: String
    ) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments =
            ["--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "curl", "--silent", "--unix-socket", daemon.socket]
            + options + ["http://divvy\(path)"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = try await blocking { try output.fileHandleForReading.readToEnd() ?? Data() }
        return String(decoding: data, as: UTF8.self)
    }

    @Test(
        arguments: [
            ("1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 77 9 9", 77),
            ("5 (a) b) R (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 78 9 9\n", 78),
            ("5 (\n) 3) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551615 9", UInt64.max),
            ("5 (cut) S 0 1 1", nil), ("", nil), ("5 (x", nil),
        ] as [(String, UInt64?)])
    func `when a process started is read behind whatever its name is`(stat: String, ticks: UInt64?) {
        #expect(ProcessIdentity.startTicks(inStat: Array(stat.utf8)) == ticks)
    }

    @Test func `a process that is not there has no identity`() {
        #expect(ProcessIdentity.current(pid: 0) == nil)
        #expect(ProcessIdentity.current(pid: -1) == nil)
        #expect(ProcessIdentity.current(pid: 99_999_999) == nil)
        #expect(ProcessIdentity.current(pid: getpid())?.boot.count == 36)
    }

    @Test func `a process belongs to the user whom it runs as, and to nobody else`() throws {
        let own = try #require(ProcessIdentity.current(pid: getpid()))
        #expect(own.belongs(to: getuid()))
        #expect(!own.belongs(to: 54_321))
        #expect(ProcessIdentity.isInOurNamespace(getpid()))
        #expect(!ProcessIdentity.isInOurNamespace(0), "a caller that cannot be seen")
        let gone = ProcessIdentity(pid: own.pid, startTicks: own.startTicks + 1, boot: own.boot)
        #expect(!gone.belongs(to: getuid()))
    }
}
