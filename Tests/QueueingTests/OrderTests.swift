import Fleet
import Queueing
import Testing

@Suite struct `Who is next` {
    private static let capacity = Amount(8000, 640)
    private static let now = Moment(nanoseconds: 100 * 3_600_000_000_000)

    private static func waiting(
        _ id: Int64, tenant: UInt32 = 1, queue: Int = 1, priority: Int = 0, hours: Double = 0
    ) -> WaitingRequest {
        WaitingRequest(
            id: LeaseID(number: id), request: Request(), tenant: tenant, queue: queue, priority: priority,
            asked: Moment(nanoseconds: now.nanoseconds - Int64(hours * 3.6e12)), limit: nil)
    }

    private static func order(
        _ settings: QueueingSettings = QueueingSettings(), tree: QueueTree = QueueTree(),
        change: (inout QuotaUse, inout UsageBook) -> Void = { _, _ in }
    ) -> QueueOrder {
        var use = QuotaUse(tree)
        var book = UsageBook()
        change(&use, &book)
        return QueueOrder(settings, use: use, usage: book, capacity: capacity, at: now)
    }

    @Test func `of the same priority whoever asked first is first, and of the same moment the lower id`() {
        let sorted = Self.order().sorted([
            Self.waiting(3, hours: 0.5), Self.waiting(2, hours: 0.2), Self.waiting(1, hours: 0.2),
            Self.waiting(4, priority: 1),
        ])
        #expect(sorted.map(\.id.number) == [4, 3, 1, 2])
    }

    @Test func `waiting raises the priority by one for every full ageing`() {
        var settings = QueueingSettings()
        #expect(Self.order(settings).priority(of: Self.waiting(1, priority: -2, hours: 0.99)) == -2)
        #expect(Self.order(settings).priority(of: Self.waiting(1, priority: -2, hours: 3)) == 1)
        #expect(Self.order(settings).priority(of: Self.waiting(1, priority: .max, hours: 3)) == .max)
        #expect(Self.order(settings).priority(of: Self.waiting(1, priority: 5, hours: -1)) == 5)
        settings.ageing = nil
        #expect(Self.order(settings).priority(of: Self.waiting(1, priority: -2, hours: 90)) == -2)
    }

    private static func use(
        _ tenant: UInt32, _ queue: String, _ milliGPU: Int64, hours: Int64, in book: inout UsageBook
    ) {
        let start = Moment(nanoseconds: now.nanoseconds - hours * 3_600_000_000_000)
        book.change(
            tenant: tenant, queue: queue, by: Amount(milliGPU, 0), at: start, halfLife: QueueingSettings().halfLife)
    }

    @Test(arguments: [QueueingSettings.Order.fair, .classic])
    func `where shares decide, whoever has had less goes first, whenever it asked`(
        order: QueueingSettings.Order
    ) {
        var settings = QueueingSettings()
        settings.order = order
        settings.ageing = nil
        let sorted = Self.order(settings) { _, book in
            Self.use(1, "default", 4000, hours: 10, in: &book)
            Self.use(2, "default", 1000, hours: 10, in: &book)
        }.sorted([
            Self.waiting(1, tenant: 1, hours: 9), Self.waiting(2, tenant: 2, hours: 5), Self.waiting(3, tenant: 3),
            Self.waiting(4, tenant: 4, hours: 1), Self.waiting(5, tenant: 1, priority: 1),
        ])
        #expect(sorted.map(\.id.number) == [5, 4, 3, 2, 1])
    }

    @Test func `where arrival decides, shares do not`() {
        let sorted = Self.order { _, book in Self.use(1, "default", 4000, hours: 10, in: &book) }
            .sorted([Self.waiting(2, tenant: 2, hours: 0.1), Self.waiting(1, tenant: 1, hours: 0.2)])
        #expect(sorted.map(\.id.number) == [1, 2])
    }

    @Test func `where shares decide, queues below their guarantee go before all others`() throws {
        var settings = QueueingSettings()
        settings.order = .fair
        let tree = try QueueTree([
            .init("a") { $0.guaranteed = Quota(2000, nil) }, .init("b") { $0.guaranteed = Quota(2000, nil) },
        ])
        let (a, b) = (try tree.leaf(named: "a"), try tree.leaf(named: "b"))
        let requests = [
            Self.waiting(1, tenant: 3, queue: tree.defaultQueue), Self.waiting(2, tenant: 1, queue: a),
            Self.waiting(3, tenant: 2, queue: b),
        ]
        let sorted = Self.order(settings, tree: tree) { use, book in
            use.add(Amount(1000, 0), tenant: 1, queue: a)
            use.add(Amount(2000, 0), tenant: 2, queue: b)
            Self.use(1, "a", 8000, hours: 50, in: &book)
            Self.use(2, "b", 1000, hours: 1, in: &book)
        }.sorted(requests)
        #expect(sorted.map(\.id.number) == [2, 1, 3])
    }

    @Test(arguments: QueueingSettings.Order.allCases, 1...5)
    func `the order does not depend on how the requests are handed in`(order: QueueingSettings.Order, seed: UInt64) {
        var dice = QueueDice(state: seed)
        var settings = QueueingSettings()
        settings.order = order
        let requests = (1...60).map {
            Self.waiting(
                $0, tenant: UInt32(dice.below(5)), priority: dice.below(3), hours: Double(dice.below(8)) / 2)
        }
        let planner = Self.order(settings) { _, book in
            for tenant in 0..<5 { Self.use(UInt32(tenant), "default", Int64(dice.below(3)) * 500, hours: 5, in: &book) }
        }
        let sorted = planner.sorted(requests)
        for _ in 0..<5 { #expect(planner.sorted(requests.shuffled(using: &dice)) == sorted) }
        #expect(Set(sorted) == Set(requests))
    }

    /// Two new requests of a high priority come every hour and one is served: the low one would wait for ever.
    @Test(arguments: QueueingSettings.Order.allCases)
    func `with ageing nobody starves, and without it somebody does`(order: QueueingSettings.Order) {
        func hoursUntilServed(ageing: Span?) -> Int? {
            var settings = QueueingSettings()
            settings.order = order
            settings.ageing = ageing
            var book = UsageBook()
            book.change(
                tenant: 7, queue: "default", by: Amount(8000, 0), at: Moment(nanoseconds: 0),
                halfLife: settings.halfLife)
            func request(_ id: Int64, tenant: UInt32, priority: Int, hour: Int) -> WaitingRequest {
                WaitingRequest(
                    id: LeaseID(number: id), request: Request(), tenant: tenant, queue: 1, priority: priority,
                    asked: Moment(nanoseconds: Int64(hour) * 3_600_000_000_000), limit: nil)
            }
            var waiting = [request(1, tenant: 7, priority: 0, hour: 0)]
            for hour in 0..<200 {
                for number in 0..<2 {
                    waiting.append(request(Int64(2 + hour * 2 + number), tenant: 8, priority: 10, hour: hour))
                }
                let order = QueueOrder(
                    settings, use: QuotaUse(QueueTree()), usage: book, capacity: Self.capacity,
                    at: Moment(nanoseconds: Int64(hour) * 3_600_000_000_000 + 1))
                guard let next = order.sorted(waiting).first else { return nil }
                if next.id.number == 1 { return hour }
                waiting.removeAll { $0.id == next.id }
            }
            return nil
        }
        #expect(hoursUntilServed(ageing: nil) == nil)
        // At most those who asked in its first 10 hours, two an hour, are ever before it, and some of the 11th.
        let hours = hoursUntilServed(ageing: Span(seconds: 3600))
        #expect(hours.map { (10...22).contains($0) } == true)
    }
}
