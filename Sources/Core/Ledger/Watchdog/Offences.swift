import Fleet

/// What is wrong in one look, taken by itself.
struct Offences {
    /// In the order of findings.
    private(set) var all: [(finding: Finding, evidence: FindingEvidence)] = []
    private(set) var evidence: [Finding: FindingEvidence] = [:]
    /// What is to be done about each.
    private(set) var actions: [Finding: WatchdogAction] = [:]

    /// Per cent of a GPU's time from which on it counts as having none left: samples of many processes never add up.
    private static let fullPercent = 90

    /// - Parameter open: what is found already has to fall to half the slack before it is over.
    init(in look: WatchdogLook, settings: WatchdogSettings, open: Set<Finding>) {
        for gpu in look.gpus {
            let grants = look.grants.filter { $0.gpu == gpu.id }
            for process in gpu.processes { judge(process, on: gpu.id, grants, settings) }
            for grant in grants where !grant.isEnding {
                judgeMemory(of: grant, gpu, settings, open)
                judgeShare(of: grant, gpu, grants, settings, open)
            }
        }
        all.sort { $0.finding < $1.finding }
    }

    private mutating func add(_ finding: Finding, _ action: WatchdogAction, _ found: FindingEvidence) {
        guard action != .off, evidence[finding] == nil else { return }
        all.append((finding, found))
        evidence[finding] = found
        actions[finding] = action
    }

    private mutating func judge(
        _ process: WatchdogLook.Process, on gpu: GPUID, _ grants: [WatchdogLook.Grant], _ settings: WatchdogSettings
    ) {
        let subject = Finding.Subject.process(pid: process.pid, startTicks: process.startTicks)
        var found = FindingEvidence(
            memory: process.memory, busyPercent: process.busyPercent, user: process.user, command: process.command)
        func action(_ kind: Finding.Kind) -> WatchdogAction {
            let action = settings.action(for: kind)
            return process.isSpared ? min(action, .warn) : action
        }
        switch process.owner {
        case .someLease, .divvy: break
        case .nobody: add(Finding(.unleased, gpu: gpu, subject), action(.unleased), found)
        case .lease(let lease):
            guard !grants.contains(where: { $0.lease == lease }) else { return }
            found.lease = lease
            add(Finding(.misplaced, gpu: gpu, subject), action(.misplaced), found)
        }
    }

    private mutating func judgeMemory(
        of grant: WatchdogLook.Grant, _ gpu: WatchdogLook.GPU, _ settings: WatchdogSettings, _ open: Set<Finding>
    ) {
        guard !grant.isSlice, grant.grade != .exclusive, grant.grade != .partitioned else { return }
        let own = gpu.processes.filter { $0.owner == .lease(grant.lease) }
        guard !own.isEmpty else { return }
        let held = own.compactMap(\.memory).reduce(.zero, +)
        let finding = Finding(.overMemory, gpu: gpu.id, .lease(grant.lease))
        let slack = settings.memorySlack.count * Int64(own.count) / (open.contains(finding) ? 2 : 1)
        guard held > grant.memory + Bytes(slack) else { return }
        add(finding, settings.overMemory, FindingEvidence(memory: held, memoryGranted: grant.memory))
    }

    private mutating func judgeShare(
        of grant: WatchdogLook.Grant, _ gpu: WatchdogLook.GPU, _ grants: [WatchdogLook.Grant],
        _ settings: WatchdogSettings, _ open: Set<Finding>
    ) {
        guard !grant.isSlice, [.cooperative, .enforced].contains(grant.grade), grant.share < .whole else { return }
        let finding = Finding(.overShare, gpu: gpu.id, .lease(grant.lease))
        let slack = open.contains(finding) ? settings.shareSlackPercent / 2 : settings.shareSlackPercent
        let taken = Self.percent(of: grant.lease, gpu)
        guard taken > grant.percent + slack else { return }
        let total = gpu.processes.compactMap(\.busyPercent).reduce(0, +)
        let isSomebodyShort = grants.contains { other in
            guard other.lease != grant.lease else { return false }
            let percent = Self.percent(of: other.lease, gpu)
            return percent > 0 && percent < other.percent
        }
        guard total >= Self.fullPercent, isSomebodyShort else { return }
        add(finding, settings.overShare, FindingEvidence(busyPercent: taken, percentGranted: grant.percent))
    }

    private static func percent(of lease: LeaseID, _ gpu: WatchdogLook.GPU) -> Int {
        gpu.processes.filter { $0.owner == .lease(lease) }.compactMap(\.busyPercent).reduce(0, +)
    }
}

extension WatchdogLook.Grant {
    fileprivate var percent: Int { Int(share.milli) / 10 }
}
