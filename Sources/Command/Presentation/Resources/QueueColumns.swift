package import API
import Fleet

extension Listing where Row == WaitingView {
    /// Everybody who waits, next first, with times counted to when the daemon was asked.
    package static var waiting: Listing {
        Listing(
            columns: [
                Column("#", key: "position", alignment: .right, value: { "\($0.position)" }),
                Column("LEASE", key: "id", value: { "\($0.id)" }),
                Column("NAME", key: "name", value: { $0.name ?? "" }),
                Column("USER", key: "user", value: { $0.tenant.name }),
                Column("UID", key: "uid", alignment: .right, isWide: true, value: { "\($0.tenant.uid)" }),
                Column("QUEUE", key: "queue", value: \.queue),
                Column("PRIORITY", key: "priority", alignment: .right, value: { "\($0.priority)" }),
                Column("REQUEST", key: "request", value: \.request),
                Column("WAITED", key: "waitedSeconds", alignment: .right, value: { Wording.seconds($0.waitedSeconds) })
                { Cell(Wording.span(seconds: $0.waitedSeconds)) },
                Column(
                    "STARTS IN", key: "startsInSeconds", alignment: .right,
                    value: { Wording.seconds($0.startsInSeconds) }
                ) {
                    Wording.starts(in: $0.startsInSeconds)
                },
                Column("STARTS", key: "startsAt", isWide: true, value: { $0.startsAt.map { "\($0)" } ?? "" }),
                Column("WOULD HELP", key: "unblocks", isWide: true, value: { $0.explanation.unblocks ?? "" }),
                Column("WAITS BECAUSE", key: "reason", value: \.explanation.summary),
            ],
            restless: ["waitedSeconds", "startsInSeconds", "startsAt"], name: { "\($0.id)" })
    }
}

extension Listing where Row == QueueView {
    /// What queues may have and have; parents before children.
    package static var queues: Listing {
        Listing(
            columns: [
                Column("QUEUE", key: "path", value: \.path) {
                    Cell($0.path + ($0.changed ? " *" : ""), $0.changed ? .warning : .plain)
                },
                Column("WEIGHT", key: "weight", alignment: .right, value: { "\($0.weight)" }),
                quota("GUARANTEED", "guaranteed", \.guaranteed),
                memory("GUARANTEED MEMORY", "guaranteedBytes", \.guaranteed),
                quota("MAX", "maximum", \.maximum),
                memory("MAX MEMORY", "maximumBytes", \.maximum),
                quota("MAX/USER", "tenantMaximum", \.tenantMaximum),
                memory("MAX MEMORY/USER", "tenantMaximumBytes", \.tenantMaximum),
                Column("USED", key: "usedMilliGPU", alignment: .right, value: { "\($0.used.milliGPU)" }) {
                    Cell(Wording.gpus($0.used.milliGPU), $0.used.milliGPU == 0 ? .muted : .plain)
                },
                Column("USED MEMORY", key: "usedBytes", alignment: .right, value: { "\($0.used.memoryBytes)" }) {
                    Cell(Wording.bytes($0.used.memoryBytes), $0.used.memoryBytes == 0 ? .muted : .plain)
                },
                Column("RUNNING", key: "running", alignment: .right, value: { "\($0.running)" }),
                Column("WAITING", key: "waiting", alignment: .right, value: { "\($0.waiting)" }) {
                    Cell("\($0.waiting)", $0.waiting > 0 ? .warning : .muted)
                },
                Column("PRIORITY", key: "priority", alignment: .right, isWide: true, value: { "\($0.priority)" }),
                Column("LENDS", key: "lends", isWide: true, value: { $0.lends ? "yes" : "no" }),
                Column("BORROWS", key: "borrows", isWide: true, value: { $0.borrows ? "yes" : "no" }),
                Column("LONGEST", key: "longestSeconds", isWide: true, value: { Wording.seconds($0.longestSeconds) }) {
                    $0.longestSeconds.map { Cell(Wording.span(seconds: $0)) } ?? .none
                },
                Column("POLICY", key: "placementPolicy", isWide: true, value: { $0.placementPolicy ?? "" }),
                Column("IDLE", key: "idleAction", isWide: true, value: { $0.idle?.action ?? "" }) {
                    guard let idle = $0.idle else { return .none }
                    let time = Wording.span(seconds: idle.warnAfterSeconds + idle.graceSeconds)
                    return Cell("\(idle.action) after \(time)")
                },
                Column("USERS", key: "tenants", isWide: true, value: { $0.tenants?.joined(separator: " ") ?? "" }) {
                    Cell($0.tenants?.joined(separator: " ") ?? "everybody")
                },
            ],
            name: \.path)
    }

    private static func memory(
        _ heading: String, _ key: String, _ quota: @escaping @Sendable (QueueView) -> QuotaView
    ) -> Column<QueueView> {
        Column(heading, key: key, alignment: .right, isForPrograms: true) {
            Wording.number(quota($0).memoryBytes)
        } cell: {
            quota($0).memoryBytes.map { Cell(Wording.bytes($0)) } ?? .none
        }
    }

    /// GPUs; what is bounded of memory stands beside it, so that nothing that holds goes unseen.
    private static func quota(
        _ heading: String, _ key: String, _ quota: @escaping @Sendable (QueueView) -> QuotaView
    ) -> Column<QueueView> {
        Column(
            heading, key: "\(key)MilliGPU", alignment: .right, value: { Wording.number(quota($0).milliGPU) },
            cell: { Wording.cell(quota($0)) })
    }
}

extension QueueReportView {
    /// By which rules the queue is served, for people.
    package var rules: String {
        let order =
            switch self.order {
            case "arrival": "first come, first served"
            case "fair": "whoever has had least goes first"
            default: "\(self.order) order"
            }
        let backfill = self.backfill == "none" ? "no backfill" : "\(self.backfill) backfill"
        let preemption = self.preemption == "none" ? "no preemption" : "preemption by \(self.preemption)"
        return "\(order), \(backfill), \(preemption)"
    }

    /// What queues and the fleet come to, for people.
    package var closing: [Cell] {
        var lines = [
            Cell("Fleet: \(Wording.gpus(capacity.milliGPU)) GPUs, \(Wording.bytes(capacity.memoryBytes)); \(rules)")
        ]
        if queues.contains(where: \.changed) {
            lines.append(Cell("* changed by hand; `divvy quota reset QUEUE` goes back to the configuration", .warning))
        }
        return lines
    }

    /// What remains when only one queue, by its path, and those below it matter.
    package func only(_ path: String) -> QueueReportView {
        func isInside(_ other: String) -> Bool { other == path || other.hasPrefix("\(path)/") }
        var part = self
        part.queues.removeAll { !isInside($0.path) }
        part.waiting.removeAll { !isInside($0.queue) }
        return part
    }

    /// The path that somebody means by a path, or by a last name that only one queue has.
    package func path(of name: String) throws(Failure) -> String {
        let paths = queues.map(\.path)
        if paths.contains(name) { return name }
        let found = paths.filter { $0.hasSuffix("/\(name)") }
        if found.count == 1 { return found[0] }
        guard found.isEmpty else {
            throw Failure(
                .notFound, "\"\(name)\" may be several queues: \(found.joined(separator: ", "))",
                hint: "say which by its path")
        }
        let lastNames = paths.map { String($0.split(separator: "/").last ?? "") }
        let meant = Suggestion.nearest(to: name, among: paths + lastNames).map { "did you mean \"\($0)\"?\n" } ?? ""
        throw Failure(.notFound, "there is no queue \"\(name)\"", hint: meant + "`divvy quota` lists the queues")
    }
}
