import Fleet
import Placement

extension Ledger {
    mutating func take(_ ask: Ask, _ effects: inout [Effect]) {
        let tenantKey = ask.idempotencyKey.map { TenantKey(uid: ask.tenant.uid, key: $0) }
        if let tenantKey, let number = numbersByKey[tenantKey], let earlier = leasesByNumber[number] {
            let isSame = earlier.request == ask.request
            effects.append(.answer(isSame ? .lease(earlier) : .refused(.keyReused(key: tenantKey.key, earlier.id))))
            return
        }
        if let refusal = ask.request.unsupportedToday() {
            effects.append(.answer(.refused(.notYet(refusal.description))))
            return
        }
        if ask.request.wantsExclusive, ask.request.portion != .whole {
            effects.append(.answer(.refused(.never(.partIsNotExclusive))))
            return
        }
        guard let room else {
            effects.append(.answer(.refused(.never(.noNode))))
            return
        }
        if let obstacle = room.node.obstacle(toGradeOf: ask.request) {
            effects.append(
                .answer(.refused(.never(Explanation(summary: obstacle, counts: [], unblocks: nil)))))
            return
        }
        var placement: Placement?
        switch settings.policy.place(ask.request, in: room) {
        case .placed(let found):
            if queue.contains(where: couldEverFit) {
                guard mayWait(ask, behindOthers: true, &effects) else { return }
            } else {
                placement = found
            }
        case .notNow(let obstacles):
            let explanation = Explanation(obstacles, of: ask.request, in: room)
            guard mayWait(ask, explanation: explanation, behindOthers: false, &effects) else { return }
        case .never(let obstacles):
            effects.append(.answer(.refused(.never(Explanation(obstacles, of: ask.request, in: room)))))
            return
        }
        var lease = Lease(
            id: LeaseID(number: nextNumber), request: ask.request, tenant: ask.tenant, name: ask.name,
            idempotencyKey: ask.idempotencyKey, asked: now, holder: ask.holder, keepAlive: ask.keepAlive)
        nextNumber += 1
        if let tenantKey { numbersByKey[tenantKey] = lease.id.number }
        if let placement {
            grant(&lease, placement, &effects)
        } else {
            if case .wait(let limit?) = ask.request.patience { lease.patienceEnds = now + limit }
            store(lease)
            queue.append(lease.id)
            effects.append(
                .tell(
                    Notice(
                        .leaseWaiting, lease: lease.id,
                        text: "\(lease.id) waits for \(lease.request.canonical), number \(queue.count) in the queue")))
        }
        effects.append(.answer(.lease(lease)))
    }

    /// Whether an ask that cannot be served now may join the queue; says why if not.
    private func mayWait(
        _ ask: Ask, explanation: Explanation? = nil, behindOthers: Bool, _ effects: inout [Effect]
    ) -> Bool {
        if ask.request.patience == .refuse {
            let others = Explanation(
                summary: "it would fit, but \(queue.count) asked before and wait", counts: [],
                unblocks: "waiting: leave --no-wait away")
            effects.append(.answer(.refused(.notNow(explanation ?? others))))
            return false
        }
        guard queue.count < settings.queueLimit else {
            effects.append(.answer(.refused(.queueFull(settings.queueLimit))))
            return false
        }
        return true
    }

    func couldEverFit(_ id: LeaseID) -> Bool {
        guard let room, let lease = leasesByNumber[id.number] else { return false }
        return Fit(lease.request, in: room).couldEverFit
    }

    mutating func grant(_ lease: inout Lease, _ placement: Placement, _ effects: inout [Effect]) {
        room?.take(placement)
        lease.state = .granted(placement, since: now)
        lease.deadline = lease.request.duration.map { now + $0 }
        lease.lapses = lease.keepAlive.map { now + $0 }
        lease.patienceEnds = nil
        store(lease)
        effects.append(.prepare(lease))
        effects.append(
            .tell(
                Notice(
                    .leaseGranted, lease: lease.id,
                    text:
                        "\(lease.id) granted to \(lease.tenant.name): \(placement.words(in: room)), \(placement.grade.rawValue)"
                )))
    }

    /// Serves the queue from its head until somebody who could fit does not fit now.
    mutating func serveQueue(_ effects: inout [Effect]) {
        guard !queue.isEmpty else { return }
        var stillWaiting: [LeaseID] = []
        var isBlocked = false
        for id in queue {
            guard var lease = leasesByNumber[id.number], let room, !isBlocked else {
                stillWaiting.append(id)
                continue
            }
            switch settings.policy.place(lease.request, in: room) {
            case .placed(let placement): grant(&lease, placement, &effects)
            case .notNow:
                isBlocked = true
                stillWaiting.append(id)
            case .never: stillWaiting.append(id)
            }
        }
        queue = stillWaiting
    }
}

extension Request {
    fileprivate var wantsExclusive: Bool { minimumGrade == .exclusive || sharing == .exclusive }
}

extension Explanation {
    fileprivate static let partIsNotExclusive = Explanation(
        summary: "a part of a GPU is never exclusive: ask for whole GPUs, or leave the grade away", counts: [],
        unblocks: nil)
}

extension Placement {
    /// `0.5 of GPU 0 with 10 GiB`, in the node's numbering where it is known.
    func words(in room: NodeRoom?) -> String {
        grants.map { grant in
            let index = room?.position(of: grant.gpu).map { "GPU \(room?.node.gpus[$0].index ?? $0)" }
            let part = grant.share == .whole ? "" : "\(grant.share) of "
            return "\(part)\(index ?? grant.gpu.rawValue) with \(grant.memory)"
        }.joined(separator: ", ")
    }
}
