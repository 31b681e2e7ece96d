import Placement

/// When a placed request leaves.
struct Departure {
    let time: Double
    let kind: Int32
    let placement: ClusterPlacement
}

/// Departures, the earliest first: a binary heap.
struct DepartureHeap {
    private var heap: [Departure] = []

    var next: Departure? { heap.first }
    var count: Int { heap.count }

    mutating func add(_ departure: Departure) {
        heap.append(departure)
        var place = heap.count - 1
        while place > 0, heap[place].time < heap[(place - 1) / 2].time {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func removeNext() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in (place * 2 + 1)...(place * 2 + 2)
            where child < heap.count && heap[child].time < heap[least].time {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
