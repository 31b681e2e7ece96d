import Fleet
import Placement

/// The requests of a trace, made once for each kind, and whether the fleet could ever serve them.
struct RequestTable {
    private struct Kind: Hashable {
        let gpus: Int
        let share: Share
        let memory: Bytes?
        let nodes: Int?
        let model: String
        let limit: Span?
        let priority: Int
    }

    private var kinds: [Int] = []
    private var requests: [Request] = []
    private var servable: [Bool] = []

    init(_ simulation: JobSimulation, pool: Pool) {
        let largest = simulation.fleet.map(\.node.gpus.count).max() ?? 0
        var places: [Kind: Int] = [:]
        // What can be served does not depend on times and priorities.
        var answers: [Kind: Bool] = [:]
        for job in simulation.trace.jobs {
            func kind(_ limit: Span?, _ priority: Int) -> Kind {
                Kind(
                    gpus: job.gpus, share: job.share, memory: job.memory, nodes: job.nodes, model: job.model,
                    limit: limit, priority: priority)
            }
            let key = kind(job.limit, job.priority)
            if let place = places[key] {
                kinds.append(place)
                continue
            }
            let request = job.request(largestNode: largest)
            let shape = kind(nil, 0)
            let answer = answers[shape] ?? pool.couldEverFit(request)
            answers[shape] = answer
            places[key] = requests.count
            kinds.append(requests.count)
            requests.append(request)
            servable.append(answer)
        }
    }

    func request(_ job: Int) -> Request { requests[kinds[job]] }

    func canBeServed(_ job: Int) -> Bool { servable[kinds[job]] }
}
