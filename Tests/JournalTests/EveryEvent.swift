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
    .timePassed,
]
