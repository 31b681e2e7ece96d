import Engine
import Fleet
import Ledger

/// Reads what a client asks for, in the name of whoever makes the call; throws a `ProblemReport` that says what is
/// wrong.
struct AskReader {
    static let longestName = 128
    static let longestKey = 255

    let caller: Caller
    let tenantName: String

    /// Whoever makes the call.
    var tenant: Tenant { Tenant(uid: caller.uid, name: tenantName) }

    func read(_ body: LeaseRequest, key: String?) throws(ProblemReport) -> (Ask, notes: [String]) {
        let (request, notes) = try Self.request(body)
        if let name = body.name { try Self.check(name: name) }
        if let key { try Self.check(key: key) }
        let ask = Ask(
            request: request, tenant: tenant, name: body.name, idempotencyKey: key,
            holder: try holder(body.holder),
            keepAlive: try body.keepAlive.map { (text) throws(ProblemReport) in
                try Self.span(text, field: "keepAlive")
            })
        return (ask, notes)
    }

    static func check(schema: String?, is expected: String) throws(ProblemReport) {
        guard let schema, schema != expected else { return }
        throw .badRequest("schema is \"\(schema)\", and only \"\(expected)\" is read here")
    }

    /// Reads a length of time such as `2h`.
    static func span(_ text: String, field: String) throws(ProblemReport) -> Span {
        do throws(RequestError) {
            let (request, _) = try RequestParser.parse(RequestOptions(for: text))
            return request.duration ?? .zero
        } catch {
            throw .badRequest(
                RequestError(
                    option: field, text: error.text, range: error.range, message: error.message, hint: error.hint
                ).description)
        }
    }

    /// Reads what is asked for, whoever asks.
    static func request(_ body: LeaseRequest) throws(ProblemReport) -> (Request, notes: [String]) {
        try check(schema: body.schema, is: LeaseRequest.schemaName)
        do throws(RequestError) {
            return try RequestParser.parse(
                RequestOptions(
                    gpus: body.gpus, nodes: body.nodes.map(String.init), slice: body.slice, compute: body.compute,
                    gpuMemory: body.gpuMemory, grade: body.grade, share: body.share, burst: body.burst,
                    gpuMemorySpill: body.gpuMemorySpill, topology: body.topology, antiAffinity: body.antiAffinity,
                    placement: body.placement, for: body.duration, queue: body.queue,
                    reservation: body.reservation, priority: body.priority.map(String.init),
                    wait: body.wait.map { $0.isEmpty ? nil : $0 }, noWait: body.noWait ?? false))
        } catch {
            throw .badRequest(error.description)
        }
    }

    /// The caller's own process or nobody: who could name another would end leases by somebody else's exit.
    private func holder(_ wanted: LeaseRequest.Holder?) throws(ProblemReport) -> Holder {
        guard let wanted, wanted.kind != .nobody else { return .nobody }
        guard let process = ProcessIdentity.current(pid: caller.pid) else {
            throw .badRequest(
                "the calling process (pid \(caller.pid)) cannot be seen by the daemon, so it cannot hold a lease",
                hint: "use the holder \"nobody\" with keepAlive, or call from outside the container")
        }
        guard wanted.kind == .starting else { return .process(process) }
        guard let engine = wanted.engine, ["docker", "podman"].contains(engine) else {
            throw .badRequest(
                "holder.engine is \(wanted.engine.map { "\"\($0)\"" } ?? "missing")", hint: "it is docker or podman")
        }
        return .starting(engine: engine, process)
    }

    static func check(name: String) throws(ProblemReport) {
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate: false
            default: true
            }
        }
        guard isPlain, (1...longestName).contains(name.utf8.count) else {
            throw .badRequest(
                "the name is empty, longer than \(longestName) bytes, or holds a character that cannot be shown")
        }
    }

    private static func check(key: String) throws(ProblemReport) {
        guard (1...longestKey).contains(key.utf8.count), key.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw .badRequest(
                "the Idempotency-Key must be 1 to \(longestKey) characters of ASCII without spaces",
                hint: "a UUID is a good key")
        }
    }
}
