import Fleet

/// How each two GPUs of a node are joined, as plain numbers.
struct TopologyJoints: Sendable {
    let count: Int
    /// By row and column, row by row; 0 on the diagonal.
    private let nvlinks: [Int32]
    /// What the path counts, without NVLinks.
    private let paths: [Int32]
    /// One bit for each requirement that the pair meets, by its raw value.
    private let met: [UInt8]
    /// By GPU: the first GPU of its NUMA node.
    let numaGroups: [Int]

    /// One NVLink counts this much, as published.
    static let pointsForNVLink: Int32 = 100

    /// More NVLinks between two GPUs than this are no better; today's GPUs have 18.
    private static let mostNVLinks = 255

    init(links: [[Link]], numaNodes: [Int?]) {
        let count = numaNodes.count
        func link(_ row: Int, _ column: Int) -> Link {
            let (first, second) = (min(row, column), max(row, column))
            guard links.indices.contains(first), links[first].indices.contains(second) else {
                return Link(path: .unknown, nvlinks: 0)
            }
            return links[first][second]
        }
        let known = numaNodes.compactMap(\.self)
        let numaGroups = (0..<count).reduce(into: [Int]()) { groups, gpu in
            let first = (0..<gpu).first { other in
                known.count == count ? known[other] == known[gpu] : link(other, gpu).path.isOnOneNUMANode
            }
            groups.append(first.map { groups[$0] } ?? gpu)
        }
        var nvlinks = [Int32](repeating: 0, count: count * count)
        var paths = nvlinks
        var met = [UInt8](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0..<count where row != column {
                let link = link(row, column)
                let place = row * count + column
                nvlinks[place] = Int32(min(max(link.nvlinks, 0), Self.mostNVLinks))
                paths[place] = link.path.points
                let isNear = link.nvlinks > 0 || link.path == .oneSwitch || link.path == .sameBoard
                if link.nvlinks > 0 { met[place] |= 1 << TopologyRequirement.nvlink.rawValue }
                if isNear { met[place] |= 1 << TopologyRequirement.sameSwitch.rawValue }
                if numaGroups[row] == numaGroups[column] { met[place] |= 1 << TopologyRequirement.sameNUMA.rawValue }
            }
        }
        (self.count, self.nvlinks, self.paths, self.met, self.numaGroups) = (count, nvlinks, paths, met, numaGroups)
    }

    func nvlinks(_ first: Int, _ second: Int) -> Int32 { nvlinks[first * count + second] }
    func path(_ first: Int, _ second: Int) -> Int32 { paths[first * count + second] }
    /// One bit for each requirement that the pair meets.
    func met(_ first: Int, _ second: Int) -> UInt8 { met[first * count + second] }

    func score(_ first: Int, _ second: Int) -> Int {
        Int(nvlinks(first, second)) * Int(Self.pointsForNVLink) + Int(path(first, second))
    }

    func score(_ positions: [Int]) -> Int {
        var sum = 0
        for (place, first) in positions.enumerated() {
            for second in positions[(place + 1)...] { sum += score(first, second) }
        }
        return sum
    }

    func meets(_ requirement: TopologyRequirement, _ positions: [Int]) -> Bool {
        positions.indices.allSatisfy { place in
            positions[(place + 1)...].allSatisfy { met(positions[place], $0) >> requirement.rawValue & 1 == 1 }
        }
    }

    /// From each free GPU on, the set that takes in whatever adds most, the lowest position of equal ones; of these the
    /// one with the highest score, the first of equal ones. Ascending.
    func greedy(_ size: Int, among free: [Int], requiring requirement: TopologyRequirement?) -> [Int]? {
        guard size <= free.count else { return nil }
        var best: (score: Int, set: [Int])?
        for seed in free {
            var set = [seed]
            var total = 0
            // What each GPU would add; nil once it is taken or fails the requirement.
            var gains: [Int?] = free.map { $0 == seed ? nil : 0 }
            var last = seed
            while set.count < size {
                var next: (gain: Int, place: Int)?
                for place in free.indices {
                    guard let gain = gains[place] else { continue }
                    if let requirement, met(last, free[place]) >> requirement.rawValue & 1 == 0 {
                        gains[place] = nil
                        continue
                    }
                    let sum = gain + score(last, free[place])
                    gains[place] = sum
                    if next.map({ sum > $0.gain }) ?? true { next = (sum, place) }
                }
                guard let next else { break }
                last = free[next.place]
                gains[next.place] = nil
                set.append(last)
                total += next.gain
            }
            guard set.count == size else { continue }
            if best.map({ total > $0.score }) ?? true { best = (total, set.sorted()) }
        }
        return best?.set
    }
}

extension Link.Path {
    /// As published for go-gpuallocator; 0 where nothing is known.
    var points: Int32 {
        switch self {
        case .sameBoard: 60
        case .oneSwitch: 50
        case .severalSwitches: 40
        case .hostBridge: 30
        case .sameNUMANode: 20
        case .acrossNUMANodes: 10
        case .unknown: 0
        }
    }

    var isOnOneNUMANode: Bool { self != .acrossNUMANodes && self != .unknown }
}
