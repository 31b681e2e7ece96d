import Fleet
import JournalProbe
import Ledger

/// One event of every kind, with something in every part that may be left out.
let everyEvent: [Event] = [
    .configured(LedgerSettings()),
    .anchored(boot: "5f1c0e9a-0d6b-4a3e-9a54-0c9b7f1d2e3f", offset: .max),
    .observed(Sample.observation(gpus: 8)),
    Sample.asks(named: "quotes \" and \\ and / and \u{1F600}"),
    .held(LeaseID(number: 1), by: .nobody),
    .held(LeaseID(number: 1), by: .process(ProcessIdentity(pid: 7, startTicks: .max, boot: "b"))),
    .held(LeaseID(number: 1), by: .starting(engine: "podman", ProcessIdentity(pid: 7, startTicks: 8, boot: "b"))),
    .held(LeaseID(number: .max), by: .container(engine: "docker", id: "0123456789abcdef")),
    .keptAlive(LeaseID(number: 3)),
    .extended(LeaseID(number: 4), by: Span(nanoseconds: -1)),
    .endAsked(LeaseID(number: 5), .cancelled),
    .holderGone(LeaseID(number: 6), .gpuLost),
    .watched(
        .found(
            Finding(.misplaced, gpu: GPUID("GPU-1"), .process(pid: 7, startTicks: .max)), .throttle,
            FindingEvidence(
                memory: Bytes(1), memoryGranted: Bytes(2), busyPercent: 3, percentGranted: 4,
                lease: LeaseID(number: 5), user: "ada", command: "train \u{1F600}"))),
    .watched(
        .acted(
            Finding(.overShare, gpu: GPUID("GPU-1"), .lease(LeaseID(number: 6))),
            WatchdogAct(
                handled: [ProcessIdentity(pid: 7, startTicks: 8, boot: "b")],
                curbs: [
                    .stopped(ProcessIdentity(pid: 7, startTicks: 8, boot: "b")),
                    .wrote(file: "/sys/fs/cgroup/x/cpu.max", before: "max 100000"), .gateClosed(LeaseID(number: 6)),
                ], done: nil, problem: "no"))),
    .watched(.cleared(Finding(.unleased, gpu: GPUID("GPU-1"), .lease(LeaseID(number: 6))), .leaseOver)),
    .timePassed,
]
