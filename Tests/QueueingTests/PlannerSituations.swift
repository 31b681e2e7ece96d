import Fleet
import Placement
import Queueing
import Testing

/// A situation that a planner is asked about: seconds for moments, and numbers for ids.
struct Situation {
    var settings = QueueingSettings()
    var queues: [QueueSpecification] = []
    var pool: Pool
    var running: [RunningLease] = []
    var waiting: [WaitingRequest] = []
    var reservations: [Reservation] = []
    var now = 0

    /// Nodes of equal GPUs with 40 GiB each.
    init(nodes: Int = 1, gpus: Int = 4, backfill: QueueingSettings.Backfill = .easy) {
        pool = Pool((0..<nodes).map { Self.node("node-\($0)", gpus: gpus) })
        settings.backfill = backfill
        settings.ageing = nil
    }

    static func node(_ name: String, gpus: Int) -> NodeRoom {
        let gpus = (0..<gpus).map { index in
            GPU(
                id: GPUID("\(name)-\(index)"), index: index, minor: index, name: "NVIDIA A100-SXM4-40GB",
                memory: .init(total: .gibibytes(40), reserved: .zero), computeCapability: "8.0",
                multiprocessors: 108, pciAddress: "", numaNode: nil, mig: .off)
        }
        let links = gpus.map { _ in gpus.map { _ in Link(path: .sameNUMANode, nvlinks: 0) } }
        let node = Node(
            name: name, driver: nil, gpus: gpus, links: links, cpuAffinity: gpus.map { _ in "" }, whyEmpty: nil)
        return NodeRoom(NodeObservation(node: node, conditions: gpus.map { _ in .good }))
    }

    static func moment(_ seconds: Int) -> Moment { Moment(nanoseconds: 0) + Span(seconds: Int64(seconds)) }

    static func request(_ options: String) throws -> Request {
        try RequestParser.parse(RequestOptions(arguments: options.split(separator: " ").map(String.init))).0
    }

    func tree() throws -> QueueTree { try QueueTree(queues) }

    private func position(_ queue: String) throws -> Int { try #require(try tree().position(of: queue)) }

    /// Lets somebody wait.
    mutating func ask(
        _ id: Int, _ options: String, for limit: Int? = nil, in queue: String = "default", priority: Int = 0,
        tenant: UInt32 = 1, asked: Int? = nil, reservation: Int64? = nil
    ) throws {
        waiting.append(
            WaitingRequest(
                id: LeaseID(number: Int64(id)), request: try Self.request(options), tenant: tenant,
                queue: try position(queue), priority: priority, asked: Self.moment(asked ?? id - 1000),
                limit: limit.map { Span(seconds: Int64($0)) }, reservation: reservation))
    }

    /// Lets somebody run on GPUs of a node, with that share of each and its memory in proportion.
    mutating func run(
        _ id: Int, _ options: String, on gpus: [Int], of node: Int = 0, until end: Int? = nil, since: Int = -100,
        in queue: String = "default", priority: Int = 0, tenant: UInt32 = 1, isEnding: Bool = false,
        reservation: Int64? = nil
    ) throws {
        let request = try Self.request(options)
        let share = if case .share(let share) = request.portion { share } else { Share.whole }
        let grants = gpus.map {
            PoolPlacement.Grant(gpu: $0, share: share, memory: Bytes.gibibytes(40).part(share))
        }
        let placement = PoolPlacement(parts: [.init(node: node, grants: grants)])
        pool.take(placement, for: request)
        running.append(
            RunningLease(
                id: LeaseID(number: Int64(id)), request: request, tenant: tenant, queue: try position(queue),
                priority: priority, placement: placement, amount: placement.amount, since: Self.moment(since),
                ends: end.map(Self.moment), isEnding: isEnding, reservation: reservation))
    }

    mutating func reserve(
        _ number: Int64, _ options: String, on gpus: [Int], of node: Int = 0, from: Int, until: Int
    ) throws {
        let grants = gpus.map { PoolPlacement.Grant(gpu: $0, share: .whole, memory: .gibibytes(40)) }
        reservations.append(
            Reservation(
                number: number, name: "reservation-\(number)", request: try Self.request(options),
                placement: PoolPlacement(parts: [.init(node: node, grants: grants)]), from: Self.moment(from),
                until: Self.moment(until), tenants: [], maker: Tenant(uid: 1, name: "ada")))
    }

    func planner() throws -> Planner {
        var settings = settings
        settings.queues = queues
        return Planner(try tree(), settings: settings, placement: .bestFit)
    }

    func plan(promised: [QueuePlan.Promise] = [], foreseeing: Bool = true) throws -> QueuePlan {
        try planner().plan(
            waiting: waiting, running: running, reservations: reservations, usage: UsageBook(), pool: pool,
            at: Self.moment(now), promised: promised, foreseeing: foreseeing)
    }
}

extension QueuePlan {
    var started: [Int] { starts.map { Int($0.id.number) } }
    var victims: [Int] { preemptions.map { Int($0.victim.number) } }

    func outlook(_ id: Int) -> Outlook? { waiting.first { $0.id.number == Int64(id) } }
    func reason(_ id: Int) -> WaitReason? { outlook(id)?.reason }
    /// In seconds.
    func start(_ id: Int) -> Int? { outlook(id)?.start.map { Int($0.nanoseconds / 1_000_000_000) } }
}

func lease(_ number: Int) -> LeaseID { LeaseID(number: Int64(number)) }
