import Engine
import Fleet
import Hummingbird
import Ledger
import ServiceLifecycle

extension Routes {
    /// The longest that `GET /v1/leases/{id}?wait=` waits, in seconds.
    static let longestWait: Int64 = 3600

    func leases(_ request: Request) async throws -> Response {
        let all = try Query(request, allows: ["all"]).flag("all")
        let leases = try await service.leases(includingEnded: all)
        let (clock, gpus) = await (clock(), directory.gpus())
        // Foreseeing starts is work, and in vain where nobody waits.
        let waiting = leases.contains(where: \.isWaiting) ? await service.queueReport().waiting : []
        let places = Dictionary(waiting.map { ($0.lease.id, $0) }, uniquingKeysWith: { first, _ in first })
        let items = leases.map { lease in
            LeaseView(
                PreparedLease(lease: lease, preparation: nil), at: clock, gpus: gpus,
                waiting: lease.isWaiting ? places[lease.id] : nil)
        }
        return try JSONBody.response(LeaseList(items: items))
    }

    func ask(_ request: Request, _ caller: Caller) async throws -> Response {
        let reader = AskReader(caller: caller, tenantName: users.name(of: caller.uid))
        let (ask, notes) = try reader.read(
            try await JSONBody.read(LeaseRequest.self, from: request), key: request.idempotencyKey)
        let prepared = try await service.ask(ask)
        return try JSONBody.response(
            await view(of: prepared, notes: notes, withExplanation: true),
            status: prepared.lease.isWaiting ? 202 : 201)
    }

    func lease(_ request: Request, _ context: CallContext) async throws -> Response {
        let id = try leaseID(context)
        let wait = try Query(request, allows: ["wait"]).number("wait", in: 0...Self.longestWait)
        guard let wait, wait > 0 else {
            return try JSONBody.response(await view(of: try await service.lease(id), withExplanation: true))
        }
        // A client that waits does not keep the daemon from stopping: it gets what is known then.
        let prepared = try await cancelWhenGracefulShutdown {
            try await service.settled(id, within: Span(seconds: wait))
        }
        return try JSONBody.response(await view(of: prepared, withExplanation: true))
    }

    func end(_ context: CallContext) async throws -> Response {
        let lease = try await service.end(try leaseID(context), by: context.caller)
        return try JSONBody.response(await view(of: PreparedLease(lease: lease, preparation: nil)))
    }

    func extend(_ request: Request, _ context: CallContext) async throws -> Response {
        let id = try leaseID(context)
        let body = try await JSONBody.read(ExtendRequest.self, from: request)
        try AskReader.check(schema: body.schema, is: ExtendRequest.schemaName)
        let span = try AskReader.span(body.duration, field: "duration")
        let lease = try await service.extend(id, by: span, caller: context.caller)
        return try JSONBody.response(await view(of: PreparedLease(lease: lease, preparation: nil)))
    }

    func keepAlive(_ context: CallContext) async throws -> Response {
        let lease = try await service.keepAlive(try leaseID(context), caller: context.caller)
        return try JSONBody.response(await view(of: PreparedLease(lease: lease, preparation: nil)))
    }

    func admit(_ request: Request, _ context: CallContext) async throws -> Response {
        let id = try leaseID(context)
        let body = try await JSONBody.read(AdmissionRequest.self, from: request)
        try AskReader.check(schema: body.schema, is: AdmissionRequest.schemaName)
        let caller = context.caller
        if body.container != nil, !caller.isOperator {
            throw ProblemReport(EngineError.operatorsOnly("say which container a lease's programs start in"))
        }
        let pid = body.container ?? caller.pid
        guard let process = ProcessIdentity.current(pid: pid) else {
            throw ProblemReport.badRequest("there is no process \(pid) that the daemon can see")
        }
        let kind: Arrival.Kind = body.container == nil ? .process : .container
        try await service.admit(Arrival(kind, process), to: id, caller: caller)
        return try JSONBody.response(await view(of: try await service.lease(id)))
    }

    func hand(_ request: Request, _ context: CallContext) async throws -> Response {
        let id = try leaseID(context)
        let body = try await JSONBody.read(HandoverRequest.self, from: request)
        try AskReader.check(schema: body.schema, is: HandoverRequest.schemaName)
        let caller = context.caller
        guard ProcessIdentity.isInOurNamespace(caller.pid) else {
            throw ProblemReport.badRequest(
                "the caller counts processes in a namespace of its own, so \(body.pid) means nothing here",
                hint: "call from outside the container")
        }
        guard let process = ProcessIdentity.current(pid: body.pid) else {
            throw ProblemReport.badRequest("there is no process \(body.pid) that the daemon can see")
        }
        // Whoever may end the lease has its holder stopped, by a daemon that may stop anybody.
        guard caller.isOperator || process.belongs(to: caller.uid) else {
            throw ProblemReport(EngineError.operatorsOnly("make a process of somebody else the holder of a lease"))
        }
        let lease = try await service.hand(id, to: process, caller: caller)
        return try JSONBody.response(await view(of: PreparedLease(lease: lease, preparation: nil)))
    }

    func view(
        of prepared: PreparedLease, notes: [String] = [], withExplanation: Bool = false
    ) async -> LeaseView {
        let lease = prepared.lease
        // It may have been forgotten since; then it waits no more.
        let waiting = lease.isWaiting ? try? await service.waiting(lease.id) : nil
        let gpus = lease.placementEver == nil ? [:] : await directory.gpus()
        return LeaseView(
            prepared, at: await clock(), gpus: gpus, waiting: waiting, withExplanation: withExplanation, notes: notes)
    }

    func clock() async -> ClockReading {
        ClockReading(now: await service.now, wallOffset: await service.wallOffset)
    }

    func leaseID(_ context: CallContext) throws -> LeaseID {
        let text = context.parameters.get("id") ?? ""
        guard let id = LeaseID(text) else {
            throw ProblemReport(
                404,
                ErrorBody(
                    code: .unknownLease, message: "\"\(text)\" is not a lease id", hint: "they look like lease-17"))
        }
        return id
    }
}

extension Request {
    /// draft-ietf-httpapi-idempotency-key-header.
    fileprivate var idempotencyKey: String? {
        headers.first { $0.name.canonicalName == "idempotency-key" }?.value
    }
}
