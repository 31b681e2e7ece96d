import Fleet
import Queueing

/// Everybody who waits, in as many lines as the planner's order can tell apart.
///
/// Within a line the order is that of arrival whatever the settings say, and the planner looks at no more than its depth
/// of requests. So nobody beyond the depth of a line can matter to a plan, and `front` leaves them out: a plan then
/// costs the same with a hundred or ten thousand jobs in the queue. It holds without ageing only.
struct WaitingLines {
    private struct Line {
        var requests: [WaitingRequest] = []
        /// What stands before has left.
        var head = 0
    }

    private var lines: [Line] = []
    /// For each job of the trace, its line.
    private let lineOf: [Int]
    private let depth: Int
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// By arrival priorities make lines, by a fair share also queues and tenants.
    init(_ trace: JobTrace, settings: QueueingSettings) {
        struct Key: Hashable {
            let queue: Int
            let tenant: Int
            let priority: Int
        }
        var places: [Key: Int] = [:]
        let isByArrival = settings.order == .arrival
        var lineOf: [Int] = []
        for job in trace.jobs {
            let key = Key(
                queue: isByArrival ? 0 : job.queue, tenant: isByArrival ? 0 : job.tenant, priority: job.priority)
            let place = places[key] ?? places.count
            places[key] = place
            lineOf.append(place)
        }
        self.lineOf = lineOf
        lines = (0..<places.count).map { _ in Line() }
        depth = settings.ageing == nil ? max(settings.depth, 1) : .max
    }

    /// Those who can matter to a plan.
    var front: [WaitingRequest] {
        if lines.count == 1, let line = lines.first { return Array(line.requests[line.head...].prefix(depth)) }
        var front: [WaitingRequest] = []
        for line in lines { front += line.requests[line.head...].prefix(depth) }
        return front
    }

    /// Everybody.
    var all: [WaitingRequest] { lines.flatMap { $0.requests[$0.head...] } }

    /// Who comes for the first time comes last; who was stopped gets the place back that it had.
    mutating func add(_ request: WaitingRequest) {
        let line = lineOf[JobClockwork.job(request.id)]
        lines[line].requests.insert(request, at: position(of: request.id, in: line))
        count += 1
    }

    /// Takes somebody out. Traps where it does not wait: then the planner starts what nobody asked it to.
    mutating func remove(_ lease: LeaseID) -> WaitingRequest {
        let line = lineOf[JobClockwork.job(lease)]
        var place = position(of: lease, in: line)
        precondition(
            place < lines[line].requests.count && lines[line].requests[place].id == lease,
            "the plan starts \(lease), which does not wait")
        let request = lines[line].requests[place]
        // Those before it, who are few, move up; those behind, who may be many, stay where they are.
        while place > lines[line].head {
            lines[line].requests.swapAt(place, place - 1)
            place -= 1
        }
        lines[line].head += 1
        if lines[line].head > 1000, lines[line].head * 2 > lines[line].requests.count {
            lines[line].requests.removeFirst(lines[line].head)
            lines[line].head = 0
        }
        count -= 1
        return request
    }

    /// Where a lease stands in its line, or would stand.
    private func position(of lease: LeaseID, in line: Int) -> Int {
        let requests = lines[line].requests
        var (low, high) = (lines[line].head, requests.count)
        if low == high { return high }
        if let last = requests.last, last.id < lease { return high }
        while low < high {
            let middle = (low + high) / 2
            if requests[middle].id < lease { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
