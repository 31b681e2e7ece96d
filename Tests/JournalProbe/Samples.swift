package import Engine
package import Fleet
package import Ledger

/// Entries and ledgers that follow from a number alone, so that what is read back can be told to be right.
package enum Sample {
    package static let tenant = Tenant(uid: 1000, name: "ada")

    /// The entry with this number in a journal that asks, extends and ends over and over.
    package static func entry(_ sequence: Int64) -> JournalEntry {
        let lease = LeaseID(number: (sequence + 2) / 3)
        return switch sequence % 3 {
        case 1: entry(sequence, asks(named: "job \(sequence)"), .leaseGranted, lease)
        case 2: entry(sequence, .extended(lease, by: Span(seconds: sequence)), .leaseExtended, lease)
        default: entry(sequence, .endAsked(lease, .released), .leaseEnded, lease)
        }
    }

    package static func entries(_ range: ClosedRange<Int64>) -> [JournalEntry] { range.map(entry) }

    /// The first `count` entries; none for 0.
    package static func entries(first count: Int64) -> [JournalEntry] { count == 0 ? [] : entries(1...count) }

    /// An ask whose name makes it as long as wanted.
    package static func asks(named name: String) -> Event {
        var request = Request()
        request.portion = .share(Share(milli: 500))
        request.duration = Span(seconds: 3600)
        return .asked(Ask(request: request, tenant: tenant, name: name, idempotencyKey: "key of \(name)"))
    }

    package static func entry(
        _ sequence: Int64, _ event: Event, _ kind: Notice.Kind = .leaseEnded, _ lease: LeaseID? = nil
    ) -> JournalEntry {
        JournalEntry(
            sequence: sequence, at: Moment(nanoseconds: 1_700_000_000_000_000_000 + sequence * 1000),
            wall: 1_700_000_000_000_000_000 + sequence * 1001, event: event,
            notices: [Notice(kind, lease: lease, text: "entry \(sequence) of \(lease?.description ?? "nobody") “é”")])
    }

    /// A node with as many GPUs as wanted, 80 GiB each.
    package static func observation(gpus count: Int) -> NodeObservation {
        let gpus = (0..<count).map { index in
            GPU(
                id: GPUID("GPU-00000000-0000-0000-0000-\(100_000_000_000 + index)"), index: index, minor: index,
                name: "NVIDIA A100-SXM4-80GB", memory: GPU.Memory(total: .gibibytes(80), reserved: .mebibytes(500)),
                computeCapability: "8.0", multiprocessors: 108, pciAddress: "00000000:07:00.0", numaNode: 0,
                mig: .off)
        }
        let links = Array(
            repeating: Array(repeating: Link(path: .sameNUMANode, nvlinks: 12), count: count), count: count)
        let node = Node(
            name: "sample", driver: nil, gpus: gpus, links: links,
            cpuAffinity: Array(repeating: "0-63", count: count), whyEmpty: nil)
        return NodeObservation(node: node, conditions: Array(repeating: .good, count: count))
    }

    /// A ledger with as many granted leases as wanted, a thousandth of a GPU each.
    package static func ledger(leases count: Int) -> Ledger {
        var ledger = Ledger()
        let start = Moment(nanoseconds: 1_700_000_000_000_000_000)
        _ = ledger.handle(.observed(observation(gpus: max(count / 500, 1))), at: start)
        for number in 0..<count {
            var request = Request()
            request.portion = .share(Share(milli: 1))
            let identity = ProcessIdentity(
                pid: Int32(number), startTicks: 12345, boot: "5f1c0e9a-0d6b-4a3e-9a54-0c9b7f1d2e3f")
            let ask = Ask(
                request: request, tenant: tenant, name: "job \(number)", idempotencyKey: "key \(number)",
                holder: .process(identity))
            _ = ledger.handle(.asked(ask), at: start + Span(seconds: Int64(number)))
        }
        return ledger
    }
}
