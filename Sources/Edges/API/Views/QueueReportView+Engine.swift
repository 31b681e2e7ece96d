import Fleet
package import Ledger
import Placement
package import Queueing

extension AmountView {
    package init(_ amount: Amount) { self.init(milliGPU: amount.milliGPU, memoryBytes: amount.memory.count) }
}

extension QuotaView {
    package init(_ quota: Quota) { self.init(milliGPU: quota.milliGPU, memoryBytes: quota.memory?.count) }
}

extension QueueView {
    package init(_ state: QueueState) {
        let queue = state.specification
        self.init(
            path: queue.path, weight: queue.weight, guaranteed: QuotaView(queue.guaranteed),
            maximum: QuotaView(queue.maximum), tenantMaximum: QuotaView(queue.tenantMaximum), lends: queue.lends,
            borrows: queue.borrows, priority: queue.priority, tenants: queue.tenants,
            placementPolicy: queue.placement?.rawValue, longestSeconds: queue.longest?.seconds,
            minimumRunSeconds: queue.minimumRun.seconds, idle: queue.idle.map(Idle.init), changed: state.isChanged,
            used: AmountView(state.used), running: state.running, waiting: state.waiting,
            users: state.tenants.map(User.init))
    }
}

extension QueueView.Idle {
    init(_ policy: IdlePolicy) {
        self.init(
            warnAfterSeconds: policy.warnAfter.seconds, graceSeconds: policy.grace.seconds,
            action: policy.action.rawValue, keepMilliGPU: policy.keep.milli)
    }
}

extension QueueView.User {
    init(_ state: TenantState) {
        self.init(
            tenant: TenantView(uid: state.tenant.uid, name: state.tenant.name), used: AmountView(state.used),
            decayedGPUSeconds: state.decayedGPUSeconds, fairShare: state.fairShare)
    }
}

extension WaitingView {
    package init(_ waiting: Waiting, at clock: ClockReading) {
        let lease = waiting.lease
        self.init(
            id: lease.id, name: lease.name, tenant: TenantView(uid: lease.tenant.uid, name: lease.tenant.name),
            queue: waiting.queue, position: waiting.position, priority: waiting.priority,
            request: lease.request.canonical, askedAt: clock.timestamp(lease.asked),
            waitedSeconds: (clock.now - lease.asked).seconds, explanation: ExplanationView(waiting.explanation),
            startsAt: waiting.start.map(clock.timestamp), startsInSeconds: waiting.start.map(clock.seconds(until:)))
    }
}

extension QueueReportView {
    package init(_ report: QueueReport, at clock: ClockReading) {
        self.init(
            order: report.settings.order.rawValue, backfill: report.settings.backfill.rawValue,
            preemption: report.settings.preemption.rawValue, capacity: AmountView(report.capacity),
            queues: report.queues.map(QueueView.init), waiting: report.waiting.map { WaitingView($0, at: clock) })
    }
}

extension WhyView {
    /// Why a lease waits; for one that does not, what it does.
    package init(_ lease: LeaseView, waiting: WaitingView?) {
        self.init(answer: Self.answer(lease, waiting), lease: lease, waiting: waiting)
    }

    private static func answer(_ lease: LeaseView, _ waiting: WaitingView?) -> String {
        switch lease.state {
        case .waiting: return "\(lease.id) waits: \(waiting?.explanation.summary ?? "it has just been asked for")"
        case .granted:
            let grants = lease.grants.count == 1 ? "a GPU" : "\(lease.grants.count) GPUs"
            let since = lease.grantedAt.map { " since \($0)" } ?? ""
            guard let end = lease.announcedEnd else { return "\(lease.id) does not wait: it has \(grants)\(since)" }
            return "\(lease.id) does not wait: it has \(grants)\(since), and is to make room for \(end.beneficiary) "
                + "at \(end.at)"
        case .ending:
            return "\(lease.id) does not wait: it is being stopped (\(lease.endReason?.words ?? "no reason is known"))"
        case .ended:
            let at = lease.endedAt.map { " at \($0)" } ?? ""
            return "\(lease.id) does not wait: it has ended\(at) (\(lease.endReason?.words ?? "no reason is known"))"
        }
    }
}
