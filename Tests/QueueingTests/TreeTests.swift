import Fleet
import Placement
import Queueing
import Testing

@Suite struct `The tree of queues` {
    @Test func `the whole fleet and the default queue are always there`() throws {
        for tree in [QueueTree(), try QueueTree([])] {
            #expect(tree.queues.map(\.path) == ["", "default"])
            #expect(tree.parents == [-1, 0])
            #expect(tree.defaultQueue == 1)
            #expect(tree.isLeaf(1) && !tree.isLeaf(0))
            #expect(tree.guaranteed == [.none, .none])
        }
        #expect(QueueTree() == (try QueueTree([QueueSpecification(path: "default")])))
    }

    @Test func `parents are added and come before their children, siblings by name`() throws {
        let tree = try QueueTree(
            ["research/vision/eyes", "research-2", "ops", "research/audio"].map { .init(path: $0) })
        #expect(
            tree.queues.map(\.path) == [
                "", "default", "ops", "research", "research/audio", "research/vision", "research/vision/eyes",
                "research-2",
            ])
        #expect(tree.parents == [-1, 0, 0, 0, 3, 3, 5, 0])
        #expect(tree.children(of: QueueTree.root) == [1, 2, 3, 7])
        #expect(tree.children(of: 3) == [4, 5])
        #expect(tree.ancestors(of: 6) == [5, 3, 0])
        #expect(tree.queues.indices.filter(tree.isLeaf) == [1, 2, 4, 6, 7])
        #expect(tree.isIn(6, 3) && tree.isIn(3, 3) && !tree.isIn(7, 3) && !tree.isIn(3, 6))
    }

    @Test func `a queue is found by its path, or by its last name where that is unique`() throws {
        let tree = try QueueTree(["a/x", "b/x", "b/y", "y/z"].map { .init(path: $0) })
        func path(_ name: String) -> String? { tree.position(of: name).map { tree.queues[$0].path } }
        #expect(path("b/x") == "b/x")
        #expect(path("x") == nil)
        #expect(path("z") == "y/z")
        // Both a path and a last name: the path wins.
        #expect(path("y") == "y")
        #expect(path("") == nil)
        #expect(path("c") == nil)
    }

    @Test func `what is guaranteed below is guaranteed above where nothing is stated`() throws {
        let tree = try QueueTree([
            QueueSpecification("a/x") { $0.guaranteed = Quota(1000, nil) },
            QueueSpecification("a/y") { $0.guaranteed = Quota(2000, 40) },
            QueueSpecification("b") { $0.guaranteed = Quota(nil, 80) },
            QueueSpecification("b/z") { $0.guaranteed = Quota(500, 80) },
        ])
        func guaranteed(_ name: String) throws -> Quota { tree.guaranteed[try #require(tree.position(of: name))] }
        #expect(try guaranteed("a") == Quota(3000, 40))
        #expect(try guaranteed("b") == Quota(500, 80))
        #expect(tree.guaranteed[QueueTree.root] == Quota(3500, 120))
        #expect(try guaranteed("default") == .none)
    }

    private static func refusal(_ queues: [QueueSpecification]) -> String? {
        do {
            _ = try QueueTree(queues)
            return nil
        } catch { return error.description }
    }

    @Test func `what makes no tree is refused with its path, the value, and what to write`() {
        let cases: [(QueueSpecification, String)] = [
            (.init("a") { $0.weight = 0 }, "queue \"a\" has weight 0; write a whole number from 1 to 1000000"),
            (
                .init("a") { $0.priority = 1_000_001 },
                "queue \"a\" has priority 1000001; write a whole number from -1000000 to 1000000"
            ),
            (
                .init("a") { $0.maximum = Quota(-500, nil) },
                "queue \"a\" has the maximum -0.5 GPUs; write 0 or more, or leave it out"
            ),
            (
                .init("a") {
                    $0.guaranteed = Quota(4500, 40)
                    $0.maximum = Quota(4000, nil)
                },
                "queue \"a\" has 4.5 GPUs and 40 GiB guaranteed, more than its maximum, 4 GPUs; "
                    + "write a larger maximum or guarantee less"
            ),
            (
                .init("a") { $0.borrows = false },
                "queue \"a\" may not borrow and has nothing guaranteed, so nothing could ever start in it; "
                    + "write what is guaranteed or let it borrow"
            ),
            (
                .init("a") { $0.longest = .zero },
                "queue \"a\" has the longest lease 0s; write a time above 0 as in \"12h\", or leave it out"
            ),
            (
                .init("a") {
                    $0.longest = Span(seconds: 60)
                    $0.minimumRun = Span(seconds: 61)
                }, "queue \"a\" has the minimum run 1m1s, more than its longest lease, 1m; write a shorter one"
            ),
            (
                .init("a") { $0.minimumRun = Span(seconds: -1) },
                "queue \"a\" has the minimum run -1s; write a time of 0 or more, as in \"10m\""
            ),
            (
                .init("a") { $0.idle = IdlePolicy(warnAfter: .zero, grace: .zero, action: .warn) },
                "queue \"a\" warns of idle GPUs after 0s; write a time above 0, as in \"30m\""
            ),
            (
                .init("a") {
                    $0.idle = IdlePolicy(warnAfter: Span(seconds: 1), grace: Span(seconds: -1), action: .warn)
                },
                "queue \"a\" gives a grace of -1s to idle leases; write a time of 0 or more, as in \"10m\""
            ),
            (
                .init("a") {
                    $0.idle = IdlePolicy(warnAfter: Span(seconds: 1), grace: .zero, action: .shrink)
                    $0.idle?.keep = .zero
                }, "queue \"a\" lets idle leases keep 0 of each GPU; write a share from 0.001 to 1"
            ),
            (
                .init(path: "default/x"),
                "queue \"default\" has \"default/x\" below it, but requests that name no queue wait in it; "
                    + "write that one elsewhere"
            ),
        ]
        for (queue, text) in cases { #expect(Self.refusal([queue]) == text) }
        #expect(
            Self.refusal([.init(path: "a"), .init(path: "a")]) == "queue \"a\" is written down twice; write it once")
        #expect(
            Self.refusal([
                .init("a") { $0.guaranteed = Quota(4000, nil) },
                .init("a/x") { $0.guaranteed = Quota(2500, nil) },
                .init("a/y") { $0.guaranteed = Quota(1501, nil) },
            ])
                == "queue \"a\" has 4 GPUs guaranteed, but the queues below it have 4.001 GPUs and 0 B; "
                + "write more here or less there")
    }

    @Test(arguments: ["", "/", "a//b", "a/", "/a", "a b", "a/ü", "-a", "a/.b", String(repeating: "n", count: 64)])
    func `a path that is none is refused`(path: String) {
        let text = Self.refusal([QueueSpecification(path: path)])
        #expect(text?.contains("write names of letters") == true || text?.contains("write at most 63") == true)
    }

    @Test func `paths are eight levels deep and there are a thousand queues, and no more`() {
        #expect(Self.refusal([.init(path: "1/2/3/4/5/6/7/8")]) == nil)
        #expect(
            Self.refusal([.init(path: "1/2/3/4/5/6/7/8/9")])
                == "queue \"1/2/3/4/5/6/7/8/9\" lies 9 levels deep; write a path of at most 8 names")
        #expect(Self.refusal((1...999).map { QueueSpecification(path: "q\($0)") }) == nil)
        #expect(
            Self.refusal((1...1000).map { QueueSpecification(path: "q\($0)") })
                == "there are 1001 queues; write at most 1000")
    }

    @Test func `absurd guarantees are refused or held, never an overflow`() throws {
        let huge = Quota(milliGPU: .max, memory: Bytes(.max))
        let children = ["a/x", "a/y"].map { QueueSpecification($0) { $0.guaranteed = huge } }
        #expect(try QueueTree(children).guaranteed[QueueTree.root] == huge)
        let parent = QueueSpecification("a") { $0.guaranteed = Quota(1000, nil) }
        #expect(Self.refusal(children + [parent]) != nil)
    }

    @Test func `requests wait in leaves, and who names another queue is told which there are`() throws {
        let tree = try QueueTree(["a/x", "b/x", "b/y"].map { .init(path: $0) })
        func leaf(_ name: String?) -> String {
            do { return tree.queues[try tree.leaf(named: name)].path } catch { return error.description }
        }
        #expect(leaf(nil) == "default")
        #expect(leaf("y") == "b/y")
        #expect(leaf("x") == "queue \"x\" could be \"a/x\" or \"b/x\"; write the whole path")
        #expect(leaf("b") == "queue \"b\" is shared by the queues below it; write \"b/x\" or \"b/y\"")
        #expect(
            leaf("c") == "queue \"c\" does not exist; write \"a/x\", \"b/x\", \"b/y\" or \"default\"")
    }

    @Test func `a queue has from those above it what it does not say`() throws {
        let idle = IdlePolicy(warnAfter: Span(seconds: 60), grace: .zero, action: .warn)
        let tree = try QueueTree([
            .init("a") {
                $0.placement = .spread
                $0.idle = idle
                $0.longest = Span(seconds: 100)
                $0.minimumRun = Span(seconds: 10)
                $0.tenants = ["ada", "bob"]
            },
            .init("a/x") {
                $0.placement = .bestFit
                $0.longest = Span(seconds: 200)
                $0.minimumRun = Span(seconds: 5)
                $0.tenants = ["bob", "eve"]
            },
            .init(path: "a/y"),
        ])
        let (x, y) = (try tree.leaf(named: "x"), try tree.leaf(named: "y"))
        #expect(tree.placement(of: x) == .bestFit && tree.placement(of: y) == .spread)
        #expect(tree.placement(of: tree.defaultQueue) == nil)
        #expect(tree.idle(of: x) == idle && tree.idle(of: tree.defaultQueue) == nil)
        #expect(tree.longest(of: x) == Span(seconds: 100) && tree.longest(of: tree.defaultQueue) == nil)
        #expect(tree.minimumRun(of: x) == Span(seconds: 10) && tree.minimumRun(of: tree.defaultQueue) == .zero)
        let admitted = ["ada", "bob", "eve"].map { name in
            [x, y, tree.defaultQueue].map { tree.admits(Tenant(uid: 1, name: name), to: $0) }
        }
        #expect(admitted == [[false, true, true], [true, true, true], [false, false, true]])
    }

    @Test func `settings that make no sense are refused with what to write`() {
        func refusal(_ change: (inout QueueingSettings) -> Void) -> String? {
            var settings = QueueingSettings()
            change(&settings)
            do {
                _ = try settings.tree()
                return nil
            } catch { return error.description }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.ageing = nil } == nil)
        #expect(
            refusal { $0.halfLife = .zero } == "the half-life of usage is 0s; write a time above 0, as in \"7d\"")
        #expect(refusal { $0.ageing = .zero }?.hasPrefix("waiting raises priorities every 0s; write") == true)
        #expect(refusal { $0.preemptionNotice = Span(seconds: -1) }?.contains("is -1s; write") == true)
        #expect(refusal { $0.depth = 0 }?.hasPrefix("0 of those who wait") == true)
        #expect(refusal { $0.queues = [.init("a") { $0.weight = 0 }] }?.contains("weight 0") == true)
    }

    @Test(arguments: 1...20)
    func `in any tree parents are prefixes and subtrees are ranges`(seed: UInt64) throws {
        var dice = QueueDice(state: seed)
        let paths = (0..<30).map { _ in
            (0...dice.below(5)).map { _ in dice.pick(["a", "b", "c", "a-", "a.b", "B", "1"]) }.joined(separator: "/")
        }
        let tree = try QueueTree(Set(paths).sorted().map { QueueSpecification(path: $0) })
        for (position, queue) in tree.queues.enumerated().dropFirst() {
            let names = queue.path.split(separator: "/")
            #expect(tree.queues[tree.parents[position]].path == names.dropLast().joined(separator: "/"))
            #expect(tree.parents[position] < position)
            #expect(tree.position(of: queue.path) == position)
            for other in tree.queues.indices.dropFirst() {
                let isBelow = (tree.queues[other].path + "/").hasPrefix(queue.path + "/")
                #expect(tree.isIn(other, position) == isBelow)
            }
        }
        #expect(Set(tree.queues.map(\.path)).isSuperset(of: paths))
    }
}
