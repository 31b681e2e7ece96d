import Fleet
import Ledger
import Testing

@Suite struct `The watchdog` {
    private let gpu = GPUID("GPU-0")
    private let ours = LeaseID(number: 1)
    private let theirs = LeaseID(number: 2)

    /// A watchdog over what the test puts on one GPU, looked at once a second.
    private struct Watch {
        var watchdog: Watchdog
        var open: [OpenFinding] = []
        var seconds: Int64 = 0
        var processes: [WatchdogLook.Process] = []
        var grants: [WatchdogLook.Grant] = []
        var answers = true
        var isThere = true
        let gpu: GPUID

        /// Looks so many times; what was found and cleared in all of them.
        mutating func look(_ times: Int = 1) -> [WatchdogReport] {
            var all: [WatchdogReport] = []
            for _ in 0..<times {
                seconds += 1
                let look = WatchdogLook(
                    gpus: answers && isThere ? [.init(id: gpu, processes: processes)] : [],
                    present: isThere ? [gpu] : [], grants: grants)
                let reports = watchdog.judge(look, open: open, at: .seconds(seconds))
                for report in reports {
                    switch report {
                    case .found(let finding, let action, let evidence):
                        open.append(OpenFinding(finding, action, evidence, since: .seconds(seconds)))
                    case .cleared(let finding, _): open.removeAll { $0.finding == finding }
                    case .acted: break
                    }
                }
                all += reports
            }
            return all
        }
    }

    private func watch(_ change: (inout WatchdogSettings) -> Void = { _ in }) -> Watch {
        var settings = WatchdogSettings()
        change(&settings)
        return Watch(watchdog: Watchdog(settings), gpu: gpu)
    }

    private func process(
        _ pid: Int32, _ owner: WatchdogLook.Owner, started: UInt64 = 1, memory: Bytes? = nil, busy: Int? = nil,
        isSpared: Bool = false
    ) -> WatchdogLook.Process {
        WatchdogLook.Process(
            pid: pid, startTicks: started, memory: memory, busyPercent: busy, owner: owner, isSpared: isSpared)
    }

    private func grant(
        _ lease: LeaseID, _ milli: Int32 = 500, _ memory: Bytes = .gibibytes(10), _ grade: Grade = .cooperative,
        isSlice: Bool = false, isEnding: Bool = false, on other: GPUID? = nil
    ) -> WatchdogLook.Grant {
        WatchdogLook.Grant(
            lease: lease, gpu: other ?? gpu, share: Share(milli: milli), memory: memory, grade: grade,
            isSlice: isSlice, isEnding: isEnding)
    }

    // MARK: Processes

    @Test func `finds a process without a lease at the third look, once, and its end at the third look without it`() {
        var watch = watch()
        watch.processes = [process(7, .nobody, memory: .gibibytes(3))]
        #expect(watch.look(2) == [])
        let finding = Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 1))
        #expect(watch.look() == [.found(finding, .warn, FindingEvidence(memory: .gibibytes(3)))])
        #expect(watch.look(30) == [])
        watch.processes = []
        #expect(watch.look(2) == [])
        #expect(watch.look() == [.cleared(finding, .gone)])
        #expect(watch.look(30) == [])
    }

    @Test func `begins to count anew when a process is away for one look`() {
        var watch = watch()
        for _ in 0..<10 {
            watch.processes = [process(7, .nobody)]
            #expect(watch.look(2) == [])
            watch.processes = []
            #expect(watch.look() == [])
        }
    }

    @Test func `takes a later process with the same pid for another`() {
        var watch = watch()
        watch.processes = [process(7, .nobody, started: 1)]
        _ = watch.look(2)
        watch.processes = [process(7, .nobody, started: 2)]
        #expect(watch.look(2) == [], "two looks at the one and two at the other are not three at either")
        #expect(watch.look() == [.found(Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 2)), .warn, .init())])
        watch.processes = [process(7, .nobody, started: 3)]
        let reports = watch.look(3)
        #expect(
            reports == [
                .cleared(Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 2)), .gone),
                .found(Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 3)), .warn, .init()),
            ])
    }

    @Test func `lets a process be that gets its lease before the third look, or that is a part of Divvy`() {
        var watch = watch { $0.unleased = .kill }
        watch.grants = [grant(ours)]
        watch.processes = [process(7, .nobody), process(8, .divvy), process(9, .someLease)]
        #expect(watch.look(2) == [])
        watch.processes[0] = process(7, .lease(ours))
        #expect(watch.look(20) == [])
    }

    @Test func `ends a finding when the process has a lease after all`() {
        var watch = watch()
        watch.processes = [process(7, .nobody)]
        _ = watch.look(3)
        watch.grants = [grant(ours)]
        watch.processes = [process(7, .lease(ours))]
        #expect(watch.look(3) == [.cleared(Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 1)), .leased)])
    }

    @Test func `finds a process on a GPU that is not its lease's`() {
        var watch = watch { $0.misplaced = .freeze }
        watch.grants = [grant(ours, on: GPUID("GPU-1"))]
        watch.processes = [process(7, .lease(ours))]
        var evidence = FindingEvidence()
        evidence.lease = ours
        let finding = Finding(.misplaced, gpu: gpu, .process(pid: 7, startTicks: 1))
        #expect(watch.look(10) == [.found(finding, .freeze, evidence)])
    }

    @Test func `only tells of spared programs, and of nothing that is off`() {
        var watch = watch { $0.unleased = .kill }
        watch.processes = [process(7, .nobody, isSpared: true)]
        #expect(
            watch.look(5) == [.found(Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 1)), .warn, .init())])
        var off = self.watch { $0.unleased = .off }
        off.processes = [process(7, .nobody, isSpared: true), process(8, .nobody)]
        #expect(off.look(10) == [])
    }

    // MARK: Memory

    private func overMemory(_ memory: Bytes, processes count: Int32 = 1, _ grant: WatchdogLook.Grant)
        -> [WatchdogReport]
    {
        var watch = watch()
        watch.grants = [grant]
        let each = Bytes(memory.count / Int64(count))
        watch.processes = (0..<count).map { process(7 + $0, .lease(ours), memory: each) }
        return watch.look(10)
    }

    @Test func `finds a lease that holds more than its memory and the slack of its processes`() {
        let limit = Bytes.gibibytes(10) + .mebibytes(512)
        #expect(overMemory(limit, grant(ours)) == [])
        let finding = Finding(.overMemory, gpu: gpu, .lease(ours))
        let evidence = FindingEvidence(memory: limit + Bytes(1), memoryGranted: .gibibytes(10))
        #expect(overMemory(limit + Bytes(1), grant(ours)) == [.found(finding, .warn, evidence)])
        #expect(overMemory(.gibibytes(12), processes: 4, grant(ours)) == [], "each process has a context of its own")
        #expect(overMemory(.gibibytes(13), processes: 4, grant(ours)).count == 1)
    }

    @Test(arguments: [Grade.unfenced, .cooperative, .enforced])
    func `finds too much memory of parts of every grade`(grade: Grade) {
        #expect(overMemory(.gibibytes(12), grant(ours, 500, .gibibytes(10), grade)).count == 1)
    }

    @Test func `does not look at the memory of whole GPUs and slices, nor of leases that are ending`() {
        #expect(overMemory(.gibibytes(12), grant(ours, 1000, .gibibytes(10), .exclusive)) == [])
        #expect(overMemory(.gibibytes(12), grant(ours, 140, .gibibytes(10), .partitioned, isSlice: true)) == [])
        #expect(overMemory(.gibibytes(12), grant(ours, isEnding: true)) == [])
    }

    @Test func `counts what the driver tells, and does not take silence for memory`() {
        var watch = watch()
        watch.grants = [grant(ours)]
        watch.processes = [process(7, .lease(ours), memory: nil), process(8, .lease(ours), memory: .gibibytes(12))]
        #expect(watch.look(3).count == 1)
        watch.processes[1] = process(8, .lease(theirs), memory: .gibibytes(12))
        #expect(watch.look(3).contains(.cleared(Finding(.overMemory, gpu: gpu, .lease(ours)), .within)))
    }

    @Test func `does not repeat itself for memory that goes up and down about the limit`() {
        var watch = watch()
        watch.grants = [grant(ours)]
        var reports: [WatchdogReport] = []
        for second in 0..<300 {
            // 10.6 GiB and 10.4 GiB: beyond the slack, and not below half of it.
            let memory = Bytes.gibibytes(10) + .mebibytes(second.isMultiple(of: 2) || second < 3 ? 614 : 410)
            watch.processes = [process(7, .lease(ours), memory: memory)]
            reports += watch.look()
        }
        #expect(reports.count == 1)
        watch.processes = [process(7, .lease(ours), memory: .gibibytes(10))]
        #expect(watch.look(3) == [.cleared(Finding(.overMemory, gpu: gpu, .lease(ours)), .within)])
    }

    @Test func `waits longer each time before it calls a relapse over`() {
        var watch = watch()
        watch.grants = [grant(ours)]
        var lengths: [Int] = []
        for _ in 0..<4 {
            watch.processes = [process(7, .lease(ours), memory: .gibibytes(12))]
            #expect(watch.look(3).count == 1)
            watch.processes = [process(7, .lease(ours), memory: .gibibytes(1))]
            var length = 0
            while watch.look() == [], length < 1000 { length += 1 }
            lengths.append(length + 1)
        }
        #expect(lengths == [3, 6, 12, 24])
        _ = watch.look(601)
        watch.processes = [process(7, .lease(ours), memory: .gibibytes(12))]
        #expect(watch.look(3).count == 1)
        watch.processes = []
        #expect(watch.look(3).count == 1, "what was good for ten minutes is no relapse")
    }

    @Test func `ends what it found of a lease at once when the lease ends`() {
        for end in [[], [grant(ours, isEnding: true)]] {
            var watch = watch()
            watch.grants = [grant(ours)]
            watch.processes = [process(7, .lease(ours), memory: .gibibytes(12))]
            #expect(watch.look(3).count == 1)
            watch.grants = end
            #expect(watch.look() == [.cleared(Finding(.overMemory, gpu: gpu, .lease(ours)), .leaseOver)])
        }
    }

    // MARK: Share

    private func shares(_ ours: Int, _ theirs: Int, _ grade: Grade = .cooperative) -> Watch {
        var watch = watch { $0.overShare = .throttle }
        watch.grants = [grant(self.ours, 500, .gibibytes(10), grade), grant(self.theirs, 500)]
        watch.processes = [
            process(7, .lease(self.ours), memory: .gibibytes(1), busy: ours),
            process(8, .lease(self.theirs), memory: .gibibytes(1), busy: theirs),
        ]
        return watch
    }

    @Test func `finds a lease that takes more than its share for ten seconds while another gets less`() {
        var watch = shares(66, 34)
        #expect(watch.look(10) == [])
        let finding = Finding(.overShare, gpu: gpu, .lease(ours))
        let evidence = FindingEvidence(busyPercent: 66, percentGranted: 50)
        #expect(watch.look() == [.found(finding, .throttle, evidence)])
        watch.processes[0] = process(7, .lease(ours), busy: 58)
        #expect(watch.look(60) == [], "within the slack, but not within half of it")
        watch.processes[0] = process(7, .lease(ours), busy: 50)
        #expect(watch.look(10) == [])
        #expect(watch.look() == [.cleared(finding, .within)])
    }

    @Test func `lets a lease take what nobody else wants`() {
        var watch = shares(95, 0)
        #expect(watch.look(60) == [], "the other has nothing to do")
        watch = shares(65, 35)
        #expect(watch.look(60) == [], "within the slack")
        watch = shares(70, 10)
        #expect(watch.look(60) == [], "the GPU has time left")
        watch = shares(70, 30)
        for _ in 0..<10 {
            #expect(watch.look(8) == [])
            watch.processes[0] = process(7, .lease(ours), busy: 60)
            #expect(watch.look() == [], "not for ten seconds on end")
            watch.processes[0] = process(7, .lease(ours), busy: 70)
        }
    }

    @Test func `adds up what all processes of a lease take`() {
        var watch = shares(33, 34)
        watch.processes.append(process(9, .lease(ours), busy: 33))
        #expect(watch.look(11).count == 1)
    }

    @Test func `looks at the shares of grades that keep compute apart, and at no others`() {
        for (grade, count) in [(Grade.cooperative, 1), (.enforced, 1), (.unfenced, 0), (.partitioned, 0)] {
            var watch = shares(70, 30, grade)
            #expect(watch.look(15).count == count, "\(grade)")
        }
    }

    // MARK: What cannot be seen

    @Test func `neither finds nor ends anything while a GPU does not answer`() {
        var watch = watch()
        watch.processes = [process(7, .nobody)]
        _ = watch.look(2)
        watch.answers = false
        #expect(watch.look(20) == [])
        watch.answers = true
        #expect(watch.look().count == 1)
        watch.answers = false
        #expect(watch.look(20) == [])
        watch.isThere = false
        #expect(watch.look() == [.cleared(Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 1)), .gpuGone)])
    }

    @Test func `takes up what was found before a start, and ends what the settings see otherwise now`() {
        var before = watch { $0.unleased = .freeze }
        before.processes = [process(7, .nobody)]
        _ = before.look(3)
        var same = watch { $0.unleased = .freeze }
        same.open = before.open
        same.processes = before.processes
        #expect(same.look(20) == [])
        var other = watch()
        other.open = before.open
        other.processes = before.processes
        let finding = Finding(.unleased, gpu: gpu, .process(pid: 7, startTicks: 1))
        #expect(other.look() == [.cleared(finding, .settings)])
        #expect(other.look(3) == [.found(finding, .warn, .init())])
        var off = watch { $0.unleased = .off }
        off.open = before.open
        #expect(off.look() == [.cleared(finding, .settings)])
    }
}
