import Fleet
import Placement

/// What is free when.
extension Timeline {
    /// How many of the holds that begin later have begun before `end`; equal numbers mean equal room from now on.
    func begun(before end: Moment) -> Int { future.firstIndex { $0.from >= end } ?? future.count }

    /// What is free all the time from `start` to `end`, exactly: of each GPU what its fullest moment leaves.
    ///
    /// Of the running leases `without` are left out, as if they had gone by `start`.
    func room(from start: Moment, until end: Moment, without: Set<Int> = []) -> Pool {
        var room = start > now ? freed(by: start) : pool
        for number in without.sorted() where until(number) > start { giveBack(number, to: &room) }
        var later: [Int] = []
        for (from, number) in future {
            guard from < end else { break }
            guard until(number) > start, let hold = added[number - running.count] else { continue }
            if from <= start {
                room.take(hold.placement, for: hold.request)
            } else {
                later.append(number)
            }
        }
        guard !later.isEmpty else { return room }
        let peaks = peaks(of: later, from: start, until: end, without: without)
        if !peaks.parts.isEmpty { room.take(peaks, for: .filler) }
        for number in later {
            guard let hold = added[number - running.count], hold.request.takesMoreThanAmounts else { continue }
            room.take(hold.placement.withoutAmounts, for: hold.request)
        }
        return room
    }

    /// What is left when everything that ends by `moment` has ended, whatever begins before.
    func freed(by moment: Moment) -> Pool {
        var room = pool
        for (until, number) in endsInOrder {
            guard until <= moment else { break }
            giveBack(number, to: &room)
        }
        return room
    }

    func giveBack(_ number: Int, to room: inout Pool) {
        if number < running.count {
            room.giveBack(running[number].placement, of: running[number].request)
        } else if let hold = added[number - running.count] {
            room.giveBack(hold.placement, of: hold.request)
        }
    }

    /// What the fullest moment of each GPU takes beyond what is taken at `start`, where one of `later` begins.
    private func peaks(
        of later: [Int], from start: Moment, until end: Moment, without: Set<Int>
    ) -> PoolPlacement {
        var gpus: [(node: Int, gpu: Int)] = []
        for number in later {
            for part in placement(number)?.parts ?? [] { gpus += part.grants.map { (part.node, $0.gpu) } }
        }
        gpus.sort { $0 < $1 }
        var parts: [PoolPlacement.Part] = []
        var rest = gpus[...]
        while let node = rest.first?.node {
            let uses = uses(on: node)
            var grants: [PoolPlacement.Grant] = []
            var last = -1
            while let (next, gpu) = rest.first, next == node {
                rest.removeFirst()
                guard gpu != last else { continue }
                last = gpu
                let atStart = Self.taken(by: uses[gpu], at: start, without: without)
                let most = Self.most(taken: atStart, by: uses[gpu], from: start, until: end, without: without)
                guard most.share > atStart.share || most.memory > atStart.memory else { continue }
                grants.append(
                    PoolPlacement.Grant(
                        gpu: gpu, share: most.share - atStart.share, memory: most.memory - atStart.memory))
            }
            if !grants.isEmpty { parts.append(PoolPlacement.Part(node: node, grants: grants)) }
        }
        return PoolPlacement(parts: parts)
    }

    /// What uses of a GPU take together at a moment.
    static func taken(by uses: [Use], at moment: Moment, without: Set<Int> = []) -> (share: Share, memory: Bytes) {
        var (share, memory) = (Share.zero, Bytes.zero)
        for use in uses where use.from <= moment && use.until > moment {
            if !without.isEmpty, without.contains(use.hold) { continue }
            share += use.share
            memory += use.memory
        }
        return (share, memory)
    }

    /// The most that they take from `start`, when they take `first`, to `end`; compute and memory each by itself.
    static func most(
        taken first: (share: Share, memory: Bytes), by uses: [Use], from start: Moment, until end: Moment,
        without: Set<Int> = []
    ) -> (share: Share, memory: Bytes) {
        var most = first
        for use in uses where use.from > start && use.from < end {
            let then = taken(by: uses, at: use.from, without: without)
            most = (max(most.share, then.share), max(most.memory, then.memory))
        }
        return most
    }
}

extension Request {
    /// Whether it takes slices, or keeps others away: what is not a sum of shares and memory.
    var takesMoreThanAmounts: Bool {
        sliceWish != nil || antiAffinity != nil
    }
}

extension PoolPlacement {
    /// The same slices on the same GPUs, without compute and memory.
    var withoutAmounts: PoolPlacement {
        PoolPlacement(
            parts: parts.map { part in
                Part(
                    node: part.node,
                    grants: part.grants.map { Grant(gpu: $0.gpu, share: .zero, memory: .zero, slice: $0.slice) })
            })
    }
}
