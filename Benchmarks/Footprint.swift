import Glibc

/// What the daemon takes while it has nothing to do, and how fast it is back.
enum Footprint {
    /// Resident memory and processor time with 8 GPUs and 50 leases.
    static func idle() throws {
        try Daemon.with { daemon in
            _ = try Grants.load(daemon, clients: 1, leases: 50)
            sleep(2)
            let before = (daemon.child.processorSeconds, seconds())
            sleep(10)
            let share = (daemon.child.processorSeconds - before.0) / (seconds() - before.1) * 100
            let memory = daemon.child.residentMebibytes
            Measurement(
                name: "daemon.memory", value: memory, unit: "MiB", against: "target 60 MiB", ratio: memory / 60
            ).print()
            Measurement(name: "daemon.cpu", value: share, unit: "%", against: "target 1% of a core", ratio: share)
                .print()
        }
    }

    /// From `kill -9` with 10,000 leases in the journal to the first answer of the next daemon.
    static func recovery() throws {
        let directory = try Daemon.scratchDirectory()
        defer { _ = try? Child(["rm", "-rf", directory]).wait() }
        let first = try Daemon(in: directory)
        // 8 GPUs have room for 8,000 shares of a thousandth; the rest has ended, and is remembered all the same.
        _ = try Grants.load(first, clients: 32, leases: 2_000)
        let connection = try Connection(socket: first.socket)
        for number in 1...2_000 {
            let request = "DELETE /v1/leases/lease-\(number) HTTP/1.1\r\nHost: divvy\r\n\r\n"
            guard try connection.exchange(request).status == 200 else { throw BenchmarkError("a release failed") }
        }
        _ = try Grants.load(first, clients: 32, leases: 8_000)
        first.child.signal(SIGKILL)
        first.child.wait()
        let second = try Daemon(in: directory)
        defer { second.stop() }
        let answer = try Connection(socket: second.socket).exchange(
            "GET /v1/leases?all=true HTTP/1.1\r\nHost: divvy\r\n\r\n")
        let count = answer.body.split(separator: #""id":"lease-"#).count - 1
        guard count == 10_000 else { throw BenchmarkError("\(count) of 10000 leases came back") }
        Measurement(
            name: "daemon.recovery", value: second.secondsToReady, unit: "s", against: "target 1 s with 10000 leases",
            ratio: second.secondsToReady
        ).print()
    }
}
