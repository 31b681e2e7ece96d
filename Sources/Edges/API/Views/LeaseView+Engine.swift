package import Engine
package import Fleet
package import Ledger

extension LeaseView {
    /// A lease as the engine knows it; `gpus` gives indices and names to what it holds, `waiting` its place among those
    /// that wait. Why it waits is left out where that is not asked for.
    package init(
        _ prepared: PreparedLease, at clock: ClockReading, gpus: [GPUID: GPU], waiting: Waiting? = nil,
        withExplanation: Bool = false, notes: [String] = []
    ) {
        let lease = prepared.lease
        self.init(
            id: lease.id, name: lease.name, state: State(lease.state), request: lease.request.canonical,
            tenant: TenantView(uid: lease.tenant.uid, name: lease.tenant.name), askedAt: clock.timestamp(lease.asked),
            grantedAt: nil, endedAt: nil, endReason: lease.endReason, deadline: nil, lapsesAt: nil, heldSeconds: nil,
            gpuSeconds: lease.gpuSeconds(at: clock.now), queue: waiting?.queue ?? lease.request.queue,
            priority: waiting?.priority ?? lease.request.priority, position: waiting?.position,
            startsAt: waiting?.start.map(clock.timestamp),
            explanation: withExplanation ? waiting.map { ExplanationView($0.explanation) } : nil, grade: nil,
            fences: nil, grants: [], node: nil, holder: HolderView(lease.holder), preparation: nil, notes: notes)
        show(lease, at: clock)
        if let placement = lease.placementEver { show(placement, gpus: gpus) }
        heldBy = prepared.fences.map(FenceView.init)
        if let preparation = prepared.preparation { self.preparation = PreparationView(preparation) }
    }

    private mutating func show(_ lease: Lease, at clock: ClockReading) {
        if let metered = lease.metered(at: clock.now) {
            grantedAt = clock.timestamp(metered.since)
            heldSeconds = metered.length.seconds
        }
        if let ended = lease.ended { endedAt = clock.timestamp(ended) }
        if let deadline = lease.deadline { self.deadline = clock.timestamp(deadline) }
        if let lapses = lease.lapses { lapsesAt = clock.timestamp(lapses) }
        guard lease.placement != nil else { return }
        announcedEnd = lease.announcedEnd.map {
            AnnouncedEndView(beneficiary: $0.beneficiary, at: clock.timestamp($0.at))
        }
        idle = lease.idle.map {
            IdleView(lastActive: clock.timestamp($0.lastActive), warnedAt: $0.warned.map(clock.timestamp))
        }
    }

    private mutating func show(_ placement: Placement, gpus: [GPUID: GPU]) {
        grade = placement.grade
        fences = placement.grade.fences
        grants = placement.grants.map { GrantView($0, of: id, gpu: gpus[$0.gpu]) }
        node = placement.node
    }
}

extension LeaseView.State {
    init(_ state: Lease.State) {
        self =
            switch state {
            case .waiting: .waiting
            case .granted: .granted
            case .ending: .ending
            case .ended: .ended
            }
    }
}

extension Lease {
    fileprivate var ended: Moment? {
        if case .ended(_, let at, _, _) = state { at } else { nil }
    }

    fileprivate var endReason: EndReason? {
        switch state {
        case .waiting, .granted: nil
        case .ending(_, _, let reason), .ended(let reason, _, _, _): reason
        }
    }
}

extension GrantView {
    init(_ grant: GPUGrant, of lease: LeaseID?, gpu: GPU?) {
        let slice = grant.slice.flatMap { gpu?.slice(at: $0) }
        self.init(
            gpu: grant.gpu, index: gpu?.index, gpuName: gpu?.name, milliGPU: grant.share.milli,
            memoryBytes: grant.memory.count, slice: slice.map { SliceView($0, lease: lease, isForeign: false) })
    }
}

extension HolderView {
    init(_ holder: Holder) {
        switch holder {
        case .nobody: self.init(kind: .nobody)
        case .process(let process): self.init(kind: .process, pid: process.pid)
        case .starting(let engine, let process): self.init(kind: .starting, pid: process.pid, engine: engine)
        case .container(let engine, let id): self.init(kind: .container, engine: engine, container: id)
        }
    }
}

extension PreparationView {
    init(_ preparation: Preparation) {
        self.init(
            cdiDevice: preparation.cdiDevice, cdiSpecification: preparation.cdiSpecification, edits: preparation.edits,
            processEnvironment: preparation.processEnvironment, hiddenDevices: preparation.hiddenDevices,
            processMounts: preparation.processMounts, needsAdmission: preparation.needsAdmission)
    }
}
