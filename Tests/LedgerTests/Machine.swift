import Fleet
import Ledger

/// Nodes and requests that tests are about.
enum Machine {
    static func gpu(_ index: Int, name: String = "NVIDIA A100-SXM4-40GB", memory: Bytes = .gibibytes(40)) -> GPU {
        GPU(
            id: GPUID("GPU-0000000\(index)-aaaa-bbbb-cccc-dddddddddddd"), index: index, minor: index, name: name,
            memory: .init(total: memory, reserved: .mebibytes(512)), computeCapability: "8.0", multiprocessors: 108,
            pciAddress: "00000000:0\(index):00.0", numaNode: 0, mig: .off)
    }

    static func node(_ gpus: [GPU]) -> Node {
        let link = Link(path: .acrossNUMANodes, nvlinks: 0)
        return Node(
            name: "box", driver: DriverInfo(version: "535.1", cudaVersion: "12.2", library: "/lib/nvml", note: nil),
            gpus: gpus, links: gpus.map { _ in gpus.map { _ in link } }, cpuAffinity: gpus.map { _ in "0-3" },
            whyEmpty: nil)
    }

    static func observation(_ count: Int, conditions: [GPUCondition]? = nil) -> NodeObservation {
        let gpus = (0..<count).map { gpu($0) }
        return NodeObservation(node: node(gpus), conditions: conditions ?? gpus.map { _ in .good })
    }

    /// The first GPU, cut into slices of 1g.5gb that begin at these memory slots; nil does not cut it.
    static func cutGPU(at starts: [Int]?) -> GPU {
        let whole = gpu(0)
        let slices = starts?.enumerated().map { index, start in
            ExistingSlice(
                uuid: "MIG-\(start)", index: index, gpuInstance: 7 + start, computeInstance: 0, profile: "1g.5gb",
                profileID: 19, start: start, computeSlices: 1, memory: .mebibytes(4864), multiprocessors: 14,
                gpuInstanceMinor: nil, computeInstanceMinor: nil, isAlone: true)
        }
        return GPU(
            id: whole.id, index: 0, minor: 0, name: whole.name, memory: whole.memory, computeCapability: "8.0",
            multiprocessors: 108, pciAddress: whole.pciAddress, numaNode: 0, mig: starts == nil ? .off : .on,
            slices: slices)
    }

    /// Two GPUs, of which the first is cut and the second is not.
    static func cut(at starts: [Int]?, foreign: [String]? = nil) -> NodeObservation {
        var conditions = [GPUCondition.good, .good]
        conditions[0].foreignSlices = foreign
        return NodeObservation(node: node([cutGPU(at: starts), gpu(1)]), conditions: conditions)
    }

    static let alice = Tenant(uid: 1000, name: "alice")
    static let bob = Tenant(uid: 1001, name: "bob")
}

extension Request {
    /// Reads a request as it is written on a command line.
    static func written(_ words: String...) throws -> Request {
        try RequestParser.parse(RequestOptions(arguments: words)).0
    }
}

extension Ledger {
    /// A ledger that has seen a box with `count` GPUs.
    static func seeing(_ count: Int, settings: LedgerSettings = LedgerSettings()) -> Ledger {
        var ledger = Ledger(settings: settings)
        _ = ledger.handle(.observed(Machine.observation(count)), at: .seconds(0))
        return ledger
    }

    /// Asks and returns the answer.
    mutating func ask(
        _ request: Request, by tenant: Tenant = Machine.alice, key: String? = nil, holder: Holder = .nobody,
        keepAlive: Span? = nil, at moment: Moment = .seconds(1)
    ) -> Answer? {
        handle(
            .asked(Ask(request: request, tenant: tenant, idempotencyKey: key, holder: holder, keepAlive: keepAlive)),
            at: moment
        ).answer
    }
}

extension [Effect] {
    var answer: Answer? {
        for case .answer(let answer) in self { return answer }
        return nil
    }

    var prepared: [LeaseID] { compactMap { if case .prepare(let lease) = $0 { lease.id } else { nil } } }
    var stopped: [LeaseID] { compactMap { if case .stop(let lease) = $0 { lease.id } else { nil } } }
    var dismissed: [LeaseID] { compactMap { if case .dismiss(let lease) = $0 { lease.id } else { nil } } }
}

extension Answer {
    var lease: Lease? { if case .lease(let lease) = self { lease } else { nil } }
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}

extension Moment {
    static func seconds(_ seconds: Int64) -> Moment { Moment(nanoseconds: seconds * 1_000_000_000) }
}

/// SplitMix64: the same numbers from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
