import Engine
import Fleet
import Hummingbird
import Ledger
import NIOCore

extension Routes {
    /// What monitoring reads, in the form that it reads everywhere.
    func metrics() async -> Response {
        let text = MetricsText(await service.watchdogReading).text
        return Response(
            status: .ok, headers: [.contentType: MetricsText.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension MetricsText {
    init(_ reading: WatchdogReading) {
        self.init()
        // Every combination is there from the start, so that the first finding is an increase.
        let counts = Finding.Kind.allCases.flatMap { kind in
            WatchdogAction.allCases.filter { $0 != .off }.map { action in
                Sample(
                    ("kind", kind.label), ("action", action.rawValue),
                    value: Int64(reading.counts[WatchdogCount(kind: kind, action: action)] ?? 0))
            }
        }
        add(
            "divvy_watchdog_findings_total", .counter,
            help: "What the watchdog has found since the daemon started, by what was to be done about it.", counts)
        add(
            "divvy_watchdog_open_findings", .gauge, help: "What the watchdog has found and what goes on.",
            Finding.Kind.allCases.map { kind in
                Sample(("kind", kind.label), value: Int64(reading.open.count { $0.finding.kind == kind }))
            })
        add(
            "divvy_gpu_unleased_processes", .gauge, help: "Processes on a GPU that have no lease.",
            reading.strangers.map { Sample(("gpu", $0.gpu.rawValue), value: Int64($0.processes)) })
        add(
            "divvy_gpu_unleased_memory_bytes", .gauge,
            help: "Memory of a GPU that processes without a lease hold.",
            reading.strangers.map { Sample(("gpu", $0.gpu.rawValue), value: $0.memory.count) })
    }
}

extension Finding.Kind {
    /// As labels are written.
    fileprivate var label: String {
        switch self {
        case .unleased: "unleased"
        case .misplaced: "misplaced"
        case .overMemory: "over_memory"
        case .overShare: "over_share"
        }
    }
}
