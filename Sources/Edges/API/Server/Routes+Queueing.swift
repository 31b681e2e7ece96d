import Engine
import Fleet
import Hummingbird
import Ledger
import Queueing

/// Who is next, why, what if; and what operators change of it.
extension Routes {
    func queue() async throws -> Response {
        try JSONBody.response(QueueReportView(await service.queueReport(), at: await clock()))
    }

    func why(_ context: CallContext) async throws -> Response {
        let id = try leaseID(context)
        let prepared = try await service.lease(id)
        let waiting = prepared.lease.isWaiting ? try await service.waiting(id) : nil
        let clock = await clock()
        let lease = LeaseView(
            PreparedLease(lease: prepared.lease, preparation: nil), at: clock, gpus: await directory.gpus(),
            waiting: waiting, withExplanation: true)
        return try JSONBody.response(WhyView(lease, waiting: waiting.map { WaitingView($0, at: clock) }))
    }

    func offer(_ request: Hummingbird.Request, _ caller: Caller) async throws -> Response {
        let body = try await JSONBody.read(LeaseRequest.self, from: request)
        let (wanted, notes) = try AskReader.request(body)
        let tenant = AskReader(caller: caller, tenantName: users.name(of: caller.uid)).tenant
        switch await service.offer(wanted, to: tenant) {
        case .failure(let refusal): throw ProblemReport(refusal)
        case .success(let offer):
            return try JSONBody.response(
                OfferView(offer, of: wanted, at: await clock(), gpus: await directory.gpus(), notes: notes))
        }
    }

    // MARK: Quotas

    func changeQuota(_ request: Hummingbird.Request, _ caller: Caller) async throws -> Response {
        let path = try queuePath(request)
        let body = try await JSONBody.read(QuotaRequest.self, from: request)
        let before = try await state(of: path)
        try await service.changeQuota(of: path, QuotaChange(body, of: before), caller: caller)
        return try JSONBody.response(QueueView(try await state(of: path)))
    }

    func resetQuota(_ request: Hummingbird.Request, _ caller: Caller) async throws -> Response {
        let path = try queuePath(request)
        try await service.changeQuota(of: path, nil, caller: caller)
        return try JSONBody.response(QueueView(try await state(of: path)))
    }

    private func queuePath(_ request: Hummingbird.Request) throws -> String {
        guard let path = try Query(request, allows: ["queue"]).text("queue") else {
            throw ProblemReport.badRequest("the parameter \"queue\" is missing", hint: "it is a queue's path")
        }
        return path
    }

    private func state(of path: String) async throws -> QueueState {
        let queues = await service.queueReport().queues
        guard let state = queues.first(where: { $0.specification.path == path }) else {
            throw ProblemReport(.unknownQueue("there is no queue \"\(path)\""))
        }
        return state
    }

    // MARK: Reservations

    func reservations() async throws -> Response {
        let (clock, gpus) = await (clock(), service.node.gpus)
        let reservations = await service.queueReport().reservations.sorted {
            ($0.from, $0.number) < ($1.from, $1.number)
        }
        return try JSONBody.response(
            ReservationList(items: reservations.map { ReservationView($0, at: clock, gpus: gpus) }))
    }

    func reserve(_ request: Hummingbird.Request, _ caller: Caller) async throws -> Response {
        let body = try await JSONBody.read(ReservationRequest.self, from: request)
        let (wanted, _) = try AskReader.request(body.request)
        try checkReservation(body.name)
        let clock = await clock()
        let ask = ReservationAsk(
            name: body.name, request: wanted, from: body.from.map(clock.moment),
            length: try AskReader.span(body.duration, field: "duration"), tenants: body.tenants ?? [],
            maker: AskReader(caller: caller, tenantName: users.name(of: caller.uid)).tenant)
        let reservation = try await service.reserve(ask, caller: caller)
        return try JSONBody.response(
            ReservationView(reservation, at: await self.clock(), gpus: await service.node.gpus), status: 201)
    }

    func endReservation(_ context: CallContext) async throws -> Response {
        let name = PercentEncoding.decode(context.parameters.get("name") ?? "")
        let (clock, gpus) = await (clock(), service.node.gpus)
        let reservation = await service.queueReport().reservations.first { $0.name == name }
        try await service.endReservation(named: name, caller: context.caller)
        guard let reservation else { throw ProblemReport(.unknownReservation(name)) }
        return try JSONBody.response(ReservationView(reservation, at: clock, gpus: gpus))
    }

    /// A name is what `--reservation` of a request can say.
    private func checkReservation(_ name: String) throws(ProblemReport) {
        do throws(RequestError) {
            _ = try RequestParser.parse(RequestOptions(reservation: name))
        } catch {
            throw .badRequest(
                RequestError(
                    option: "name", text: error.text, range: error.range, message: error.message, hint: error.hint
                ).description)
        }
    }

    // MARK: Draining

    private static let longestReason = 256

    func drain(_ request: Hummingbird.Request, _ context: CallContext) async throws -> Response {
        let reason = try await JSONBody.read(DrainRequest.self, from: request).reason
        let isPlain = !reason.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
        guard isPlain, (1...Self.longestReason).contains(reason.utf8.count) else {
            throw ProblemReport.badRequest(
                "the reason is empty, longer than \(Self.longestReason) bytes, or more than one line",
                hint: "say in a few words why the GPU rests")
        }
        return try await drain(context, reason: reason)
    }

    func undrain(_ context: CallContext) async throws -> Response { try await drain(context, reason: nil) }

    private func drain(_ context: CallContext, reason: String?) async throws -> Response {
        let status = try await gpu(context)
        try await service.drain([status.gpu.id], reason: reason, caller: context.caller)
        return try JSONBody.response(
            DrainView(
                gpu: status.gpu.id, index: status.gpu.index, reason: await service.drained[status.gpu.id],
                leases: status.leases))
    }

    /// The GPU that a path names by its UUID or its index.
    private func gpu(_ context: CallContext) async throws -> GPUStatus {
        let word = PercentEncoding.decode(context.parameters.get("gpu") ?? "")
        let gpus = await service.fleet().gpus
        let found = gpus.first { $0.gpu.id.rawValue.lowercased() == word.lowercased() || String($0.gpu.index) == word }
        guard let found else {
            throw ProblemReport(
                404,
                ErrorBody(
                    code: .unknownGPU, message: "there is no GPU \"\(word)\"",
                    hint: "GPUs are named by UUID or index; `divvy ls -o wide` lists them"))
        }
        return found
    }
}

extension QuotaChange {
    /// What is asked for on top of what holds: a bound that is named in part keeps its other part.
    ///
    /// Where bounds were changed by hand before, those stay changed; else only what is named stops following the
    /// configuration.
    init(_ request: QuotaRequest, of state: QueueState) {
        let now = state.specification
        let keepsAll = state.isChanged
        func quota(_ bound: QuotaRequest.Bound?, _ held: Quota) -> Quota? {
            guard let bound, !bound.isEmpty else { return keepsAll ? held : nil }
            var quota = held
            if let milli = bound.milliGPU { quota.milliGPU = milli }
            if let memory = bound.memoryBytes { quota.memory = memory.map(Bytes.init) }
            return quota
        }
        self.init(
            guaranteed: quota(request.guaranteed, now.guaranteed), maximum: quota(request.maximum, now.maximum),
            tenantMaximum: quota(request.tenantMaximum, now.tenantMaximum),
            weight: request.weight ?? (keepsAll ? now.weight : nil))
    }
}
