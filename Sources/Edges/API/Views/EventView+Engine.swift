package import Engine
package import Ledger

extension EventView {
    /// A notice from the history.
    package init(_ recorded: RecordedNotice) {
        let notice = recorded.notice
        self.init(
            sequence: recorded.sequence, at: Timestamp(wall: recorded.wall), kind: notice.kind, lease: notice.lease,
            gpu: notice.gpu, text: notice.text)
    }
}

extension ExplanationView {
    package init(_ explanation: Explanation) {
        self.init(
            summary: explanation.summary,
            counts: explanation.counts.map { Count(reason: $0.reason, gpus: $0.gpus) },
            unblocks: explanation.unblocks)
    }
}
