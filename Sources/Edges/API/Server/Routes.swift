import Engine
import Fleet
import Glibc
import Hummingbird
import Ledger
import Logging
import NIOHTTP1

/// Every path of the API.
struct Routes: Sendable {
    let service: any PoolService
    let settings: APIServerSettings
    let logger: Logger
    let users = UserNames()
    let directory: GPUDirectory

    init(service: any PoolService, settings: APIServerSettings, logger: Logger) {
        self.service = service
        self.settings = settings
        self.logger = logger
        directory = GPUDirectory(service: service)
    }

    func router() -> Router<CallContext> {
        // Middleware holds for what is added after it, and this one needs to know what that is.
        let bare = Router(context: CallContext.self)
        add(to: bare)
        let router = Router(context: CallContext.self)
        router.add(middleware: ProblemMiddleware(logger: logger, allowed: AllowedMethods(bare.routes)))
        add(to: router)
        return router
    }

    private func add(to router: Router<CallContext>) {
        router.get("metrics") { _, _ in await metrics() }
        let v1 = router.group("v1")
        v1.get("version") { _, _ in try await version() }
        v1.get("fleet") { _, context in try await fleet(context.caller) }
        v1.get("leases") { request, _ in try await leases(request) }
        v1.post("leases") { request, context in try await ask(request, context.caller) }
        v1.get("leases/:id") { request, context in try await lease(request, context) }
        v1.delete("leases/:id") { _, context in try await end(context) }
        v1.post("leases/:id/extend") { request, context in try await extend(request, context) }
        v1.post("leases/:id/keepalive") { _, context in try await keepAlive(context) }
        v1.post("leases/:id/admission") { request, context in try await admit(request, context) }
        v1.post("leases/:id/holder") { request, context in try await hand(request, context) }
        v1.get("leases/:id/why") { _, context in try await why(context) }
        v1.post("offer") { request, context in try await offer(request, context.caller) }
        v1.get("queue") { _, _ in try await queue() }
        v1.patch("quota") { request, context in try await changeQuota(request, context.caller) }
        v1.delete("quota") { request, context in try await resetQuota(request, context.caller) }
        v1.get("reservations") { _, _ in try await reservations() }
        v1.post("reservations") { request, context in try await reserve(request, context.caller) }
        v1.delete("reservations/:name") { _, context in try await endReservation(context) }
        v1.post("gpus/:gpu/drain") { request, context in try await drain(request, context) }
        v1.delete("gpus/:gpu/drain") { _, context in try await undrain(context) }
        v1.get("events") { request, context in try await events(request, context) }
    }

    private func version() async throws -> Response {
        let node = await service.node
        return try JSONBody.response(
            VersionInfo(
                version: settings.version, driver: node.driver.map(DriverView.init), node: node.name, pid: getpid(),
                socket: settings.socket.path, state: settings.state))
    }

    private func fleet(_ caller: Caller) async throws -> Response {
        let (status, drained) = await (service.fleet(), service.drained)
        let tenant = Tenant(uid: caller.uid, name: users.name(of: caller.uid))
        var requestable: [RequestableView] = []
        for share in RequestableView.shares {
            // The engine has the last word on whether even one can be had.
            var count = 0
            if await service.wouldGrant(RequestableView.request(share), to: tenant) {
                count = max(1, RequestableView.count(share, on: status.gpus, drained: drained))
            }
            requestable.append(RequestableView(request: share.description, count: count))
        }
        return try JSONBody.response(FleetView(status, drained: drained, requestable: requestable))
    }
}

/// Turns whatever a route throws into an answer in the API's own form.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = CallContext

    let logger: Logger
    let allowed: AllowedMethods

    func handle(
        _ request: Request, context: CallContext, next: (Request, CallContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as ProblemReport {
            return JSONBody.response(problem)
        } catch let error as EngineError {
            return JSONBody.response(ProblemReport(error))
        } catch let error as HTTPError where error.status == .notFound {
            let methods = allowed.at(request.uri.path)
            guard !methods.isEmpty else { return JSONBody.response(.noSuchPath) }
            var response = JSONBody.response(.wrongMethod(request.method.rawValue, allowed: methods))
            response.headers[.allow] = methods.joined(separator: ", ")
            return response
        } catch is CancellationError {
            return JSONBody.response(.stopping)
        } catch let error as any HTTPResponseError {
            return JSONBody.response(
                ProblemReport(error.status.code, ErrorBody(code: .badRequest, message: error.status.reasonPhrase)))
        } catch {
            // A broken request (the parser's errors) is the transport's to answer; everything else is our fault.
            guard !(error is HTTPParserError) else { throw error }
            logger.error(
                "a call failed", metadata: ["path": "\(request.uri.path)", "error": "\(String(reflecting: error))"])
            return JSONBody.response(
                ProblemReport(500, ErrorBody(code: .internal, message: "the daemon failed: \(error)")))
        }
    }
}
