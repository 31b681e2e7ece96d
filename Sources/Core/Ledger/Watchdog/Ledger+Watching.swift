import Fleet

extension Ledger {
    /// Takes in what the watchdog tells.
    mutating func watch(_ report: WatchdogReport, _ effects: inout [Effect]) {
        switch report {
        case .found(let finding, let action, let evidence):
            guard !findings.contains(where: { $0.finding == finding }) else { return }
            findings.append(OpenFinding(finding, action, evidence, since: now))
            findings.sort { $0.finding < $1.finding }
            tell(
                finding.kind.notice, finding, evidence, text: finding.words(evidence, on: name(of: finding.gpu)),
                &effects)
        case .acted(let finding, let act):
            guard let place = findings.firstIndex(where: { $0.finding == finding }) else {
                // It ended meanwhile: what was done is undone.
                lift(act.curbs, &effects)
                return
            }
            findings[place].handled = act.handled
            findings[place].curbs += act.curbs
            findings[place].problem = act.problem
            let parts = [act.done.map { "divvy has \($0)" }, act.problem].compactMap { $0 }
            let text = "\(finding.what(on: name(of: finding.gpu))): \(parts.joined(separator: "; "))"
            tell(.watchdogActed, finding, findings[place].evidence, text: text, &effects)
        case .cleared(let finding, let end):
            guard let place = findings.firstIndex(where: { $0.finding == finding }) else { return }
            let open = findings.remove(at: place)
            lift(open.curbs, &effects)
            let text = finding.endWords(end, open.evidence, on: name(of: finding.gpu))
            tell(.watchdogCleared, finding, open.evidence, text: text, &effects)
        }
    }

    /// Undoes what no other finding needs, the last first.
    private func lift(_ curbs: [Curb], _ effects: inout [Effect]) {
        let needed = Set(findings.flatMap(\.curbs))
        let undone = curbs.filter { !needed.contains($0) }
        if !undone.isEmpty { effects.append(.lift(undone.reversed())) }
    }

    private func name(of gpu: GPUID) -> String {
        observation?.node.gpus.first { $0.id == gpu }.map { "GPU \($0.index)" } ?? gpu.rawValue
    }

    private func tell(
        _ kind: Notice.Kind, _ finding: Finding, _ evidence: FindingEvidence, text: String, _ effects: inout [Effect]
    ) {
        var lease = evidence.lease
        if case .lease(let id) = finding.subject { lease = id }
        effects.append(.tell(Notice(kind, lease: lease, gpu: finding.gpu, text: text)))
    }
}

extension Finding.Kind {
    fileprivate var notice: Notice.Kind {
        switch self {
        case .unleased: .processUnleased
        case .misplaced: .processMisplaced
        case .overMemory: .leaseOverMemory
        case .overShare: .leaseOverShare
        }
    }
}

extension Finding {
    fileprivate var name: String {
        switch subject {
        case .process(let pid, _): "process \(pid)"
        case .lease(let lease): "\(lease)"
        }
    }

    /// `process 17 without a lease on GPU 0`.
    fileprivate func what(on gpu: String) -> String {
        switch kind {
        case .unleased: "\(name) without a lease on \(gpu)"
        case .misplaced: "\(name) on \(gpu), which is not its lease's"
        case .overMemory: "\(name) over its memory of \(gpu)"
        case .overShare: "\(name) over its share of \(gpu)"
        }
    }

    /// What was found, in one sentence.
    fileprivate func words(_ evidence: FindingEvidence, on gpu: String) -> String {
        let who = [evidence.user, evidence.command].compactMap { $0 }.joined(separator: ": ")
        let process = who.isEmpty ? name : "\(name) (\(who))"
        let holding = evidence.memory.map { " and holds \($0)" } ?? ""
        switch kind {
        case .unleased: return "\(process) is on \(gpu) without a lease\(holding)"
        case .misplaced:
            let owner = evidence.lease.map { " of \($0)" } ?? ""
            return "\(process)\(owner) is on \(gpu), which is not its lease's\(holding)"
        case .overMemory:
            let amounts = [evidence.memory, evidence.memoryGranted].map { "\($0 ?? .zero)" }
            return "\(name) holds \(amounts[0]) of \(gpu) and was granted \(amounts[1])"
        case .overShare:
            return "\(name) takes \(evidence.busyPercent ?? 0)% of \(gpu) and was granted "
                + "\(evidence.percentGranted ?? 0)%, while another lease gets less than its share"
        }
    }

    /// Why it is over, in one sentence.
    fileprivate func endWords(_ end: FindingEnd, _ evidence: FindingEvidence, on gpu: String) -> String {
        switch end {
        case .gone: "\(name) is not on \(gpu) any more"
        case .within: "\(name) is within its \(kind == .overShare ? "share" : "memory") of \(gpu) again"
        case .leased: "\(name) has a lease for \(gpu) now"
        case .leaseOver:
            "\(name) has ended or is being ended; it was over its "
                + "\(kind == .overShare ? "share" : "memory") of \(gpu)"
        case .gpuGone: "\(gpu) is gone, and with it \(what(on: gpu))"
        case .settings: "\(what(on: gpu)): the settings of the watchdog have changed"
        }
    }
}
