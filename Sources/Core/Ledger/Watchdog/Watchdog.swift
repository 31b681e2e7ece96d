package import Fleet

/// Compares what is on the GPUs with what the leases grant, look by look, and says when something is wrong and when it
/// is over.
///
/// It holds no clock and looks at nothing itself. It remembers only what it suspects; what it has found is handed in,
/// from the ledger, so that nothing is found twice after a restart.
///
/// Each kind of finding is looked for only where the grade of a lease makes it mean something:
/// - a process without a lease, or on a GPU that is not its lease's: on every GPU;
/// - too much memory: for parts of a GPU of every grade, `unfenced` too, for what one takes was promised to others. Not
///   for whole GPUs, which have nobody to take from, nor for slices, where the hardware refuses;
/// - too much of the GPU's time: for `cooperative` and `enforced` parts, and only while the GPU has no time left and
///   another lease gets less of it than its share, for a share may be exceeded while nobody wants the rest. Not for
///   `unfenced` parts, of which no compute was promised to be kept apart. A neighbour that simply has little to do looks
///   the same as one that is pushed aside, so this finding is the least certain.
package struct Watchdog: Sendable {
    package let settings: WatchdogSettings
    private var suspected: [Finding: Streak] = [:]
    private var quiet: [Finding: Streak] = [:]
    private var relapses: [Finding: Relapse] = [:]

    /// Looks in a row that agree.
    private struct Streak {
        var looks = 0
        let since: Moment
    }

    /// How often a finding has come back soon after its end.
    private struct Relapse {
        var times = 0
        var ended: Moment
    }

    /// A finding that comes back within this time has to be over for twice as long as before.
    private static let relapseTime = Span(seconds: 600)
    /// Six doublings of ten seconds are over ten minutes.
    private static let mostDoublings = 6

    package init(_ settings: WatchdogSettings) { self.settings = settings }

    /// Takes a look in; says what has begun and what is over, those that are over first.
    /// - Parameter open: the findings that have begun and are not over.
    package mutating func judge(
        _ look: WatchdogLook, open: [OpenFinding], at now: Moment
    ) -> [WatchdogReport] {
        let known = Set(open.map(\.finding))
        let offences = Offences(in: look, settings: settings, open: known)
        let seen = Set(look.gpus.map(\.id))
        var reports: [WatchdogReport] = []
        for finding in open.sorted(by: { $0.finding < $1.finding }) {
            guard let end = end(of: finding, offences, look, seen, at: now) else { continue }
            forget(finding.finding, end, at: now)
            reports.append(.cleared(finding.finding, end))
        }
        for (finding, evidence) in offences.all where !known.contains(finding) {
            var streak = suspected[finding] ?? Streak(since: now)
            streak.looks += 1
            suspected[finding] = streak
            guard isLong(streak, for: finding.kind, doublings: 0, at: now) else { continue }
            reports.append(.found(finding, offences.actions[finding] ?? .warn, evidence))
        }
        // Whoever was not seen at all this time is neither better nor worse.
        suspected = suspected.filter { finding, _ in
            !known.contains(finding) && (offences.evidence[finding] != nil || !seen.contains(finding.gpu))
                && look.present.contains(finding.gpu)
        }
        quiet = quiet.filter { known.contains($0.key) }
        relapses = relapses.filter { now - $0.value.ended < Self.relapseTime || known.contains($0.key) }
        return reports
    }

    /// Why a finding is over; nil while it is not.
    private mutating func end(
        of open: OpenFinding, _ offences: Offences, _ look: WatchdogLook, _ seen: Set<GPUID>, at now: Moment
    ) -> FindingEnd? {
        let finding = open.finding
        if settings.action(for: finding.kind) == .off { return .settings }
        guard look.present.contains(finding.gpu) else { return .gpuGone }
        if case .lease(let lease) = finding.subject {
            let grant = look.grants.first { $0.lease == lease && $0.gpu == finding.gpu }
            guard let grant, !grant.isEnding else { return .leaseOver }
        }
        guard seen.contains(finding.gpu) else { return nil }
        if let action = offences.actions[finding] {
            quiet[finding] = nil
            return action == open.action ? nil : .settings
        }
        var streak = quiet[finding] ?? Streak(since: now)
        streak.looks += 1
        quiet[finding] = streak
        let doublings = min(relapses[finding]?.times ?? 0, Self.mostDoublings)
        guard isLong(streak, for: finding.kind, doublings: doublings, at: now) else { return nil }
        return reason(finding, look)
    }

    private func reason(_ finding: Finding, _ look: WatchdogLook) -> FindingEnd {
        guard case .process(let pid, let startTicks) = finding.subject else { return .within }
        let processes = look.gpus.first { $0.id == finding.gpu }?.processes ?? []
        return processes.contains { $0.pid == pid && $0.startTicks == startTicks } ? .leased : .gone
    }

    /// Whether looks have agreed for long enough. Time alone does not do: between two looks a machine may have slept.
    private func isLong(_ streak: Streak, for kind: Finding.Kind, doublings: Int, at now: Moment) -> Bool {
        switch kind {
        case .unleased, .misplaced: return streak.looks >= settings.samples
        case .overMemory: return streak.looks >= settings.samples << doublings
        case .overShare:
            let span = Span(nanoseconds: settings.shareAfter.nanoseconds << doublings)
            // Looks are at most two seconds apart while there is something to look at.
            return now - streak.since >= span && streak.looks > Int(span.nanoseconds / 2_000_000_000)
        }
    }

    private mutating func forget(_ finding: Finding, _ end: FindingEnd, at now: Moment) {
        quiet[finding] = nil
        guard end == .within else {
            relapses[finding] = nil
            return
        }
        // The first time is none: it counts when it comes back.
        relapses[finding] = Relapse(times: (relapses[finding]?.times ?? 0) + 1, ended: now)
    }
}
