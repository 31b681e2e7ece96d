import Glibc

/// Durable leases per second over the socket.
enum Grants {
    static let ask = Connection.post("/v1/leases", #"{"gpus":"0.001","noWait":true}"#)

    static func run() throws {
        let syncs = try syncsPerSecond()
        Measurement(
            name: "disk.syncs", value: syncs, unit: "1/s", against: "itself", ratio: 1
        ).print()
        try measure(clients: 1, leases: 2_000, name: "grants.1client", against: "appends with fdatasync", by: syncs)
        try measure(clients: 64, leases: 7_500, name: "grants.64clients", against: "target 5000/s", by: 5_000)
    }

    private static func measure(clients: Int, leases: Int, name: String, against: String, by other: Double) throws {
        try Daemon.with { daemon in
            let (rate, latencies) = try load(daemon, clients: clients, leases: leases)
            Measurement(name: name, value: rate, unit: "leases/s", against: against, ratio: rate / other).print()
            let p99 = latencies.percentile(0.99) * 1e3
            Measurement(
                name: "\(name).p50", value: latencies.median * 1e3, unit: "ms", against: "target 20 ms",
                ratio: latencies.median * 1e3 / 20
            ).print()
            Measurement(name: "\(name).p99", value: p99, unit: "ms", against: "target 20 ms", ratio: p99 / 20).print()
        }
    }

    /// Asks for `leases` small shares over `clients` connections at once, one ask under way on each.
    static func load(_ daemon: Daemon, clients: Int, leases: Int) throws -> (rate: Double, latencies: [Double]) {
        let connections = try (0..<clients).map { _ in try Connection(socket: daemon.socket) }
        var sent = [Double](repeating: 0, count: clients)
        var polls = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        var latencies: [Double] = []
        latencies.reserveCapacity(leases)
        var asked = 0
        let begin = seconds()
        for client in 0..<min(clients, leases) {
            sent[client] = seconds()
            try connections[client].send(ask)
            asked += 1
        }
        while latencies.count < leases {
            guard poll(&polls, nfds_t(polls.count), 10_000) > 0 else { throw BenchmarkError("no answer in 10 s") }
            for client in connections.indices where polls[client].revents != 0 {
                guard let answer = try connections[client].receive() else { continue }
                guard answer.status == 201 else { throw BenchmarkError("refused: \(answer.body)") }
                latencies.append(seconds() - sent[client])
                guard asked < leases else { continue }
                asked += 1
                sent[client] = seconds()
                try connections[client].send(ask)
            }
        }
        return (Double(leases) / (seconds() - begin), latencies)
    }

    /// How often this disk makes 4 KiB durable in a second, one after the other.
    private static func syncsPerSecond() throws -> Double {
        let directory = try Daemon.scratchDirectory()
        defer { _ = try? Child(["rm", "-rf", directory]).wait() }
        let file = open("\(directory)/append", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw BenchmarkError("\(directory)/append cannot be written") }
        defer { close(file) }
        let page = [UInt8](repeating: 7, count: 4096)
        let begin = seconds()
        var count = 0.0
        while seconds() - begin < 2 {
            guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else {
                throw BenchmarkError("the disk refuses a sync")
            }
            count += 1
        }
        return count / (seconds() - begin)
    }
}
