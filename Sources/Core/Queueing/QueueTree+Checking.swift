import Fleet

extension QueueTree {
    private static let largest: Int64 = 1_000_000

    /// A path and all paths above it, from the top.
    static func prefixes(of path: String) -> [String] {
        var prefix = ""
        return path.split(separator: "/").map { name in
            prefix += prefix.isEmpty ? "\(name)" : "/\(name)"
            return prefix
        }
    }

    /// Checks what can be checked of one queue alone.
    static func check(_ queue: QueueSpecification) throws(QueueTreeError) {
        try checkPath(queue.path)
        func fail(_ text: String) -> QueueTreeError { QueueTreeError(queue.path, text) }
        guard (1...largest).contains(queue.weight) else {
            throw fail("has weight \(queue.weight); write a whole number from 1 to \(largest)")
        }
        guard (-largest...largest).contains(Int64(queue.priority)) else {
            throw fail("has priority \(queue.priority); write a whole number from -\(largest) to \(largest)")
        }
        if let highest = queue.highestPriority, !(-largest...largest).contains(Int64(highest)) {
            throw fail("lets requests name priority \(highest); write a whole number from -\(largest) to \(largest)")
        }
        let bounds = [
            ("guaranteed", queue.guaranteed), ("maximum", queue.maximum), ("tenant maximum", queue.tenantMaximum),
        ]
        for (name, bound) in bounds where bound.milliGPU ?? 0 < 0 || bound.memory ?? .zero < .zero {
            throw fail("has the \(name) \(bound); write 0 or more, or leave it out")
        }
        if let longest = queue.longest, longest <= .zero {
            throw fail("has the longest lease \(longest); write a time above 0 as in \"12h\", or leave it out")
        }
        guard queue.minimumRun >= .zero else {
            throw fail("has the minimum run \(queue.minimumRun); write a time of 0 or more, as in \"10m\"")
        }
        if let longest = queue.longest, queue.minimumRun > longest {
            throw fail(
                "has the minimum run \(queue.minimumRun), more than its longest lease, \(longest); write a shorter one")
        }
        if let idle = queue.idle { try check(idle, of: queue) }
    }

    private static func check(_ idle: IdlePolicy, of queue: QueueSpecification) throws(QueueTreeError) {
        guard idle.warnAfter > .zero else {
            throw QueueTreeError(
                queue.path, "warns of idle GPUs after \(idle.warnAfter); write a time above 0, as in \"30m\"")
        }
        guard idle.grace >= .zero else {
            throw QueueTreeError(
                queue.path, "gives a grace of \(idle.grace) to idle leases; write a time of 0 or more, as in \"10m\"")
        }
        guard Share(milli: 1) <= idle.keep, idle.keep <= .whole else {
            throw QueueTreeError(
                queue.path, "lets idle leases keep \(idle.keep) of each GPU; write a share from 0.001 to 1")
        }
    }

    private static func checkPath(_ path: String) throws(QueueTreeError) {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        let form =
            "write names of letters, digits, \"-\", \"_\" and \".\" with one slash between, as in "
            + "\"research/vision\""
        guard !path.isEmpty else { throw QueueTreeError("", "a queue has no path; \(form)") }
        guard names.count <= deepest else {
            throw QueueTreeError(path, "lies \(names.count) levels deep; write a path of at most \(deepest) names")
        }
        for name in names {
            guard let first = name.utf8.first else { throw QueueTreeError(path, "has an empty name in it; \(form)") }
            guard name.utf8.allSatisfy(isAllowed), first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else {
                throw QueueTreeError(
                    path, "has the name \"\(name)\" in it; \(form), each with a letter, a digit or \"_\" first")
            }
            guard name.utf8.count <= 63 else {
                throw QueueTreeError(path, "has a name of \(name.utf8.count) letters in it; write at most 63")
            }
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// Checks what queues may have against those around them.
    func checkAsTree() throws(QueueTreeError) {
        guard isLeaf(defaultQueue) else {
            throw QueueTreeError(
                Self.defaultPath,
                "has \"\(queues[defaultQueue + 1].path)\" below it, but requests that name no queue wait in it; "
                    + "write that one elsewhere")
        }
        for position in queues.indices.dropFirst() {
            let queue = queues[position]
            let below = children(of: position).reduce(into: Quota.none) { $0.add(guaranteed[$1]) }.amount
            guard queue.guaranteed.allows(below) else {
                throw QueueTreeError(
                    queue.path,
                    "has \(queue.guaranteed) guaranteed, but the queues below it have \(below); "
                        + "write more here or less there")
            }
            guard queue.maximum.allows(guaranteed[position].amount) else {
                throw QueueTreeError(
                    queue.path,
                    "has \(guaranteed[position]) guaranteed, more than its maximum, \(queue.maximum); "
                        + "write a larger maximum or guarantee less")
            }
            guard queue.borrows || guaranteed[position] != .none else {
                throw QueueTreeError(
                    queue.path,
                    "may not borrow and has nothing guaranteed, so nothing could ever start in it; "
                        + "write what is guaranteed or let it borrow")
            }
        }
    }
}
