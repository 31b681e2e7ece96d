import Engine
import Fleet
import Foundation
import Hummingbird
import Ledger
import Logging
import Queueing
import Testing
import Yams

@testable import API

/// The description of the API against the API itself.
@Suite struct OpenAPITests {
    private typealias Object = [String: Any]

    private let document: Object

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/openapi.yaml")
        document = try #require(Yams.load(yaml: String(contentsOf: file, encoding: .utf8)) as? Object)
    }

    private func schema(_ name: String) throws -> Object {
        let components = try #require(document["components"] as? Object)
        let schemas = try #require(components["schemas"] as? Object)
        return try #require(schemas[name] as? Object, "no schema \(name)")
    }

    @Test func `every route that is served is described, and every one that is described is served`() throws {
        let settings = APIServerSettings(
            socket: SocketSettings(path: "/x", mode: 0o600, group: nil), version: "0.1.0", state: "/x")
        let router = Routes(service: StandInPool(), settings: settings, logger: Logger(label: "test")).router()
        let served = Set(
            router.routes.map { route in
                let path = route.path.description.split(separator: "/").map {
                    $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0)
                }
                return "\(route.method) /\(path.joined(separator: "/"))"
            })
        let paths = try #require(document["paths"] as? [String: Object])
        let described = Set(
            paths.flatMap { path, operations in
                operations.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" }
            })
        #expect(served == described)
        #expect(served.count == 22)
    }

    @Test func `every reference leads somewhere, and every schema is used`() throws {
        var references: Set<String> = []
        func collect(_ value: Any) {
            if let object = value as? Object {
                if let reference = object["$ref"] as? String { references.insert(reference) }
                object.values.forEach(collect)
            } else if let list = value as? [Any] {
                list.forEach(collect)
            }
        }
        collect(document)
        for reference in references {
            var place: Any? = document
            for key in reference.dropFirst(2).split(separator: "/") { place = (place as? Object)?[String(key)] }
            #expect(place != nil, "\(reference)")
        }
        let components = try #require(document["components"] as? [String: Object])
        for (kind, named) in components {
            for name in named.keys { #expect(references.contains("#/components/\(kind)/\(name)")) }
        }
    }

    /// Values with everything set; a schema is compared wherever a value of it comes up.
    private var samples: [(String, any Encodable)] {
        let ask = Ask(request: Fleet.Request(), tenant: Tenant(uid: 1, name: "ada"), name: "train")
        let explanation = ExplanationView(Sample.explanation)
        let clock = ClockReading(now: Sample.now, wallOffset: 0)
        var held = Sample.lease(1, ask: ask)
        held.announcedEnd = AnnouncedEnd(beneficiary: LeaseID(number: 2), at: Sample.now)
        held.idle = IdleState(lastActive: Sample.now, warned: Sample.now)
        var lease = LeaseView(
            PreparedLease(lease: held, preparation: Sample.preparation(LeaseID(number: 1)), fences: [Sample.fence]),
            at: clock, gpus: [:])
        lease.explanation = explanation
        let waiting = WaitingView(
            Sample.waiting(Sample.lease(2, ask: ask, waits: true), position: 1), at: clock)
        let reservation = ReservationView(
            Sample.reservation(
                1,
                ReservationAsk(
                    name: "demo", request: Fleet.Request(), from: nil, length: Span(seconds: 60), tenants: ["ada"],
                    maker: Tenant(uid: 0, name: "root"))), at: clock, gpus: [Sample.gpu])
        let bound = QuotaRequest.Bound(milliGPU: 1000, memoryBytes: .some(nil))
        let report = QueueReport(
            queues: [Sample.queue], waiting: [], reservations: [], capacity: Sample.capacity,
            settings: QueueingSettings())
        var queue = QueueReportView(report, at: clock)
        queue.waiting = [waiting]
        let driver = DriverView(version: "1", cudaVersion: "2", library: "l", note: "n")
        return [
            ("VersionInfo", VersionInfo(version: "1", driver: driver, node: "n", pid: 1, socket: "s", state: "d")),
            ("Fleet", FleetView(Sample.fleet, requestable: [RequestableView(request: "1", count: 1)])),
            ("GPU", Sample.cutGPUView(Sample.status(of: Sample.cutGPU))),
            ("Grant", Sample.sliceGrantView(uuid: "MIG-1")),
            ("Lease", lease), ("LeaseList", LeaseList(items: [lease])),
            ("EventList", EventList(items: [EventView(Sample.notice(1))])),
            ("Error", ErrorBody(code: .never, message: "m", hint: "h", explanation: explanation)),
            ("LeaseRequest", LeaseRequest(gpus: "1", holder: .init(kind: .starting, engine: "docker"))),
            ("ExtendRequest", ExtendRequest(duration: "1h")), ("AdmissionRequest", AdmissionRequest(container: 1)),
            ("HandoverRequest", HandoverRequest(pid: 1)),
            ("QueueReport", queue), ("Queue", QueueView(Sample.queue)), ("Why", WhyView(lease, waiting: waiting)),
            ("Offer", OfferView(.now(Sample.placement), of: Fleet.Request(), at: clock, gpus: [:])),
            (
                "Offer",
                OfferView(
                    .later(position: 1, Sample.explanation, start: Sample.now), of: Fleet.Request(), at: clock,
                    gpus: [:])
            ),
            ("ReservationList", ReservationList(items: [reservation])),
            (
                "ReservationRequest",
                ReservationRequest(
                    name: "demo", request: LeaseRequest(gpus: "1"), from: Timestamp(wall: 0), duration: "1h",
                    tenants: ["ada"])
            ),
            (
                "QuotaRequest",
                QuotaRequest(guaranteed: bound, maximum: bound, tenantMaximum: bound, weight: 2)
            ),
            ("Drain", DrainView(gpu: Sample.gpu.id, index: 0, reason: "r", leases: [LeaseID(number: 1)])),
            ("DrainRequest", DrainRequest(reason: "r")),
        ]
    }

    @Test func `the properties are those that are sent, no more and no fewer`() throws {
        for (name, value) in samples {
            let sent = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
            try compare(sent, with: try schema(name), at: name)
        }
    }

    private func compare(_ value: Any, with schema: Object, at path: String) throws {
        if let reference = schema["$ref"] as? String {
            let name = try #require(reference.split(separator: "/").last)
            return try compare(value, with: try self.schema(String(name)), at: path)
        }
        if let choices = schema["oneOf"] as? [Object] {
            if value is NSNull { return }
            return try compare(value, with: try #require(choices.first), at: path)
        }
        if let object = value as? Object {
            let properties = try #require(schema["properties"] as? [String: Object], "\(path) is no object")
            #expect(Set(object.keys) == Set(properties.keys), "\(path)")
            // What a client sends may leave fields out; what the daemon sends has them all.
            if let required = schema["required"] as? [String], schema["additionalProperties"] == nil,
                path != "LeaseRequest.holder"
            {
                #expect(Set(required) == Set(properties.keys), "\(path)")
            }
            for (key, part) in object { try compare(part, with: properties[key] ?? [:], at: "\(path).\(key)") }
        } else if let list = value as? [Any] {
            let items = try #require(schema["items"] as? Object, "\(path) is no array")
            for part in list { try compare(part, with: items, at: "\(path)[]") }
        } else {
            #expect(allows(value, schema), "\(path): \(value)")
        }
    }

    /// Whether a string, number, truth value or null is of the schema's type, or one of its values.
    private func allows(_ value: Any, _ schema: Object) -> Bool {
        if let constant = schema["const"] as? String { return value as? String == constant }
        if let values = schema["enum"] as? [Any] {
            return values.contains { $0 is NSNull ? value is NSNull : $0 as? String == value as? String }
        }
        let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] } ?? []
        switch value {
        case is NSNull: return types.contains("null")
        case is String: return types.contains("string")
        case let number as NSNumber:
            let isWhole = number.doubleValue == number.doubleValue.rounded()
            return types.contains("number") || types.contains("boolean") || (isWhole && types.contains("integer"))
        default: return false
        }
    }

    @Test func `every value of every enumeration is described`() throws {
        func values(_ schema: String, _ property: String) throws -> [String] {
            let properties = try #require(try self.schema(schema)["properties"] as? [String: Object])
            return try #require(properties[property]?["enum"] as? [Any]).compactMap { $0 as? String }
        }
        #expect(try values("Error", "code") == ErrorBody.Code.allCases.map(\.rawValue))
        #expect(try values("Lease", "state") == LeaseView.State.allCases.map(\.rawValue))
        #expect(try values("Lease", "grade") == Grade.allCases.map(\.rawValue))
        #expect(try values("Event", "kind") == Notice.Kind.allCases.map(\.rawValue))
        #expect(try values("Holder", "kind") == HolderView.Kind.allCases.map(\.rawValue))
        #expect(try values("HolderRequest", "kind") == LeaseRequest.Holder.Kind.allCases.map(\.rawValue))
        #expect(try values("Health", "state") == GPUView.Health.State.allCases.map(\.rawValue))
        #expect(try values("GPU", "mig") == ["unsupported", "off", "on"])
        for reason in try values("Lease", "endReason") { #expect(EndReason(rawValue: reason) != nil) }
        #expect(try values("Offer", "answer") == OfferView.Answer.allCases.map(\.rawValue))
        #expect(try values("QueueReport", "order") == QueueingSettings.Order.allCases.map(\.rawValue))
        #expect(try values("QueueReport", "backfill") == QueueingSettings.Backfill.allCases.map(\.rawValue))
        #expect(try values("QueueReport", "preemption") == QueueingSettings.Preemption.allCases.map(\.rawValue))
        #expect(try values("QueueIdle", "action") == IdlePolicy.Action.allCases.map(\.rawValue))
    }
}
