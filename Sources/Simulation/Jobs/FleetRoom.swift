import Fleet
import Placement

/// What is free on every GPU, kept beside the planner's pool so that it can be measured and checked.
struct FleetRoom {
    /// A kind of request, and how often it comes, in parts of all.
    private struct Kind {
        var gpus: Int
        var milli: Int32
        var memory: Int64
        var model: String
        var weight: Double
    }

    /// The first GPU of each node, and one more at the end.
    private let firsts: [Int]
    private var freeMilli: [Int32]
    private var freeMemory: [Int64]
    private let allocatable: [Int64]
    private let kinds: [Kind]
    /// For each kind that names a model, whether each GPU is of it; empty for a kind that does not.
    private let isModel: [[Bool]]

    /// Kinds beyond these are too rare to matter.
    private static let mostKinds = 32

    init(_ nodes: [NodeObservation], mix jobs: [Job]) {
        var firsts = [0]
        var allocatable: [Int64] = []
        for node in nodes {
            allocatable += node.node.gpus.map(\.memory.allocatable.count)
            firsts.append(allocatable.count)
        }
        self.firsts = firsts
        self.allocatable = allocatable
        freeMilli = allocatable.map { _ in 1000 }
        freeMemory = allocatable
        kinds = Self.kinds(of: jobs)
        let gpus = nodes.flatMap(\.node.gpus)
        isModel = kinds.map { kind in kind.model.isEmpty ? [] : gpus.map { $0.matches(model: kind.model) } }
    }

    var gpuCount: Int { freeMilli.count }

    /// The most frequent kinds of requests with their frequencies; of a gang, what it asks of a node.
    private static func kinds(of jobs: [Job]) -> [Kind] {
        struct Key: Hashable {
            let gpus: Int
            let milli: Int32
            let memory: Int64
            let model: String
        }
        var places: [Key: Int] = [:]
        var kinds: [Kind] = []
        for job in jobs {
            let key = Key(
                gpus: job.gpus / (job.nodes ?? 1), milli: job.share.milli, memory: job.memory?.count ?? 0,
                model: job.model)
            if let place = places[key] {
                kinds[place].weight += 1
            } else {
                places[key] = kinds.count
                kinds.append(
                    Kind(gpus: key.gpus, milli: key.milli, memory: key.memory, model: key.model, weight: 1))
            }
        }
        let order = kinds.indices.sorted { (-kinds[$0].weight, $0) < (-kinds[$1].weight, $1) }.prefix(mostKinds)
        let all = order.reduce(0) { $0 + kinds[$1].weight }
        return order.map { place in
            var kind = kinds[place]
            kind.weight /= all
            return kind
        }
    }

    /// Traps where a placement takes what is not there: then planner and pool disagree about the fleet.
    mutating func take(_ placement: PoolPlacement) { change(placement, by: -1) }

    mutating func giveBack(_ placement: PoolPlacement) { change(placement, by: 1) }

    private mutating func change(_ placement: PoolPlacement, by sign: Int32) {
        for part in placement.parts {
            for grant in part.grants {
                let gpu = firsts[part.node] + grant.gpu
                freeMilli[gpu] += sign * grant.share.milli
                freeMemory[gpu] += Int64(sign) * grant.memory.count
                precondition(
                    (0...1000).contains(freeMilli[gpu]) && (0...allocatable[gpu]).contains(freeMemory[gpu]),
                    "GPU \(grant.gpu) of node \(part.node) has \(freeMilli[gpu]) milli and \(freeMemory[gpu]) B left")
            }
        }
    }

    /// Free GPU that a request drawn from the mix cannot use, in thousandths, expected over the mix: the
    /// fragmentation measure of Weng et al. (ATC 2023), with memory in the place of CPUs.
    ///
    /// A node that has too few GPUs with room for a request counts with all that is free on it, another one with the
    /// GPUs that have too little each.
    func fragmentedMilli() -> Double {
        var sum = 0.0
        for (place, kind) in kinds.enumerated() {
            var unusable: Int64 = 0
            for node in 0..<(firsts.count - 1) {
                let range = firsts[node]..<firsts[node + 1]
                var fitting = 0
                var (free, tooLittle): (Int64, Int64) = (0, 0)
                for gpu in range {
                    let memory = kind.memory > 0 ? kind.memory : allocatable[gpu] / 1000 * Int64(kind.milli)
                    let fits =
                        freeMilli[gpu] >= kind.milli && freeMemory[gpu] >= memory
                        && (isModel[place].isEmpty || isModel[place][gpu])
                    free += Int64(freeMilli[gpu])
                    if fits { fitting += 1 } else { tooLittle += Int64(freeMilli[gpu]) }
                }
                unusable += fitting >= min(kind.gpus, range.count) ? tooLittle : free
            }
            sum += kind.weight * Double(unusable)
        }
        return sum
    }
}
