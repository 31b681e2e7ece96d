import Engine
import Hummingbird

extension Routes {
    static let mostEvents: Int64 = 10_000
    static let usualEvents: Int64 = 1000

    func events(_ request: Request, _ context: CallContext) async throws -> Response {
        let query = try Query(request, allows: ["after", "limit", "follow"])
        let after = try query.number("after", in: 0...Int64.max)
        let limit = try query.number("limit", in: 1...Self.mostEvents)
        guard try query.flag("follow") else {
            let page = try await service.history(after: after ?? 0, limit: Int(limit ?? Self.usualEvents))
            return try JSONBody.response(EventList(items: page.map(EventView.init)))
        }
        guard limit == nil else { throw ProblemReport.badRequest("limit and follow do not go together") }
        let feed = try await EventFeed(service: service, after: after, backlog: settings.followerBacklog)
        let channel = context.channel
        return Response(
            status: .ok, headers: [.contentType: "application/jsonl"],
            body: ResponseBody { writer in try await feed.write(to: &writer, request: request, channel: channel) })
    }
}
