/// When leases end, the earliest first and then the job that came first: a binary heap.
struct EndHeap {
    struct End {
        let time: Int64
        let job: Int32
        let version: Int32
    }

    private var heap: [End] = []

    var next: End? { heap.first }

    private static func isBefore(_ left: End, _ right: End) -> Bool {
        (left.time, left.job, left.version) < (right.time, right.job, right.version)
    }

    mutating func add(_ end: End) {
        heap.append(end)
        var place = heap.count - 1
        while place > 0, Self.isBefore(heap[place], heap[(place - 1) / 2]) {
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
            where child < heap.count && Self.isBefore(heap[child], heap[least]) {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
