import Fleet
import Foundation
import Queueing
import Testing

@Suite struct `Decayed usage` {
    private static let halfLife = Span(seconds: 7 * 86_400)
    private static let whole = Amount(1000, 80)

    private static func moment(_ seconds: Int64) -> Moment { Moment(nanoseconds: seconds * 1_000_000_000) }

    private static func near(_ left: Double, _ right: Double, _ error: Double = 1e-12) -> Bool {
        abs(left - right) <= error * max(abs(left), abs(right))
    }

    private static func milli(_ book: UsageBook, _ seconds: Int64, halfLife: Span = halfLife) -> Double {
        book.usage(tenant: 1, queue: "q", at: moment(seconds), halfLife: halfLife).milliGPUSeconds
    }

    @Test func `usage counts half after a half-life`() {
        let week: Int64 = 7 * 86_400
        var book = UsageBook()
        book.change(tenant: 1, queue: "q", by: Self.whole, at: Self.moment(0), halfLife: Self.halfLife)
        book.change(tenant: 1, queue: "q", by: .zero - Self.whole, at: Self.moment(1), halfLife: Self.halfLife)
        let first = Self.milli(book, 1)
        #expect(Self.near(first, 1000, 1e-6))
        #expect(Self.near(Self.milli(book, 1 + week), first / 2))
        #expect(Self.near(Self.milli(book, 1 + 3 * week), first / 8))
        #expect(Self.milli(book, 1 + 2000 * week) == 0)
        #expect(book.usage(tenant: 2, queue: "q", at: Self.moment(9), halfLife: Self.halfLife) == .zero)
        #expect(book.usage(tenant: 1, queue: "r", at: Self.moment(9), halfLife: Self.halfLife) == .zero)
    }

    @Test func `whoever holds a GPU for ever has used a half-life over ln 2`() {
        var book = UsageBook()
        book.change(tenant: 1, queue: "q", by: Self.whole, at: Self.moment(0), halfLife: Self.halfLife)
        let limit = 1000 * Self.halfLife.seconds / log(2)
        #expect(Self.near(Self.milli(book, 7 * 86_400), limit / 2))
        #expect(Self.near(Self.milli(book, 700 * 86_400), limit))
        // Early on nothing has decayed, and no digit is lost.
        let early = book.usage(
            tenant: 1, queue: "q", at: Moment(nanoseconds: 1000), halfLife: Self.halfLife)
        #expect(Self.near(early.milliGPUSeconds, 1e-3, 1e-11))
        #expect(Self.near(early.byteSeconds, Double(80 << 30) * 1e-6, 1e-11))
    }

    @Test(arguments: 1...20)
    func `the closed form is the sum over every moment, however often it is brought up to date`(seed: UInt64) {
        var dice = QueueDice(state: seed)
        let halfLife = Span(seconds: 500)
        var book = UsageBook()
        var touched = UsageBook()
        var takes: Int64 = 0
        var sum = 0.0
        for second in Int64(0)..<3000 {
            if dice.chance(2) {
                let change = takes > 0 && dice.chance(50) ? -takes : Int64(dice.below(4000))
                takes += change
                let amount = Amount(milliGPU: change, memory: .zero)
                book.change(tenant: 1, queue: "q", by: amount, at: Self.moment(second), halfLife: halfLife)
                touched.change(tenant: 1, queue: "q", by: amount, at: Self.moment(second), halfLife: halfLife)
            }
            touched.change(tenant: 1, queue: "q", by: .zero, at: Self.moment(second), halfLife: halfLife)
            // A second's usage as if had in its middle.
            sum += Double(takes) * pow(0.5, (3000 - Double(second) - 0.5) / 500)
        }
        let exact = Self.milli(book, 3000, halfLife: halfLife)
        #expect(Self.near(exact, sum, 1e-6))
        #expect(Self.near(exact, Self.milli(touched, 3000, halfLife: halfLife), 1e-11))
    }

    @Test func `a clock that goes back changes nothing, and no half-life forgets at once`() {
        var book = UsageBook()
        book.change(tenant: 1, queue: "q", by: Self.whole, at: Self.moment(100), halfLife: Self.halfLife)
        book.change(tenant: 1, queue: "q", by: Self.whole, at: Self.moment(50), halfLife: Self.halfLife)
        #expect(Self.milli(book, 60) == 0)
        #expect(Self.near(Self.milli(book, 101), 2000, 1e-6))
        #expect(Self.milli(book, 1000, halfLife: .zero) == 0)
    }

    @Test func `equal books are written alike, and read back equal`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var texts: Set<Data> = []
        for order in [[3, 1, 2], [1, 2, 3], [2, 3, 1]] {
            var book = UsageBook()
            for tenant in order {
                for queue in tenant == 2 ? ["b", "a"] : ["a", "b"] {
                    book.change(
                        tenant: UInt32(tenant), queue: queue, by: Amount(Int64(tenant) * 333, 7),
                        at: Self.moment(Int64(tenant)), halfLife: Self.halfLife)
                    book.change(
                        tenant: UInt32(tenant), queue: queue, by: Amount(1, 0), at: Self.moment(100_000),
                        halfLife: Self.halfLife)
                }
            }
            let text = try encoder.encode(book)
            #expect(try JSONDecoder().decode(UsageBook.self, from: text) == book)
            texts.insert(text)
        }
        #expect(texts.count == 1)
    }

    @Test func `everybody's usage comes by queue and tenant`() {
        var book = UsageBook()
        for (queue, tenant) in [("b", 2), ("a", 3), ("b", 1)] as [(String, UInt32)] {
            book.change(tenant: tenant, queue: queue, by: Self.whole, at: Self.moment(0), halfLife: Self.halfLife)
        }
        let all = book.all(at: Self.moment(10), halfLife: Self.halfLife)
        #expect(all.map(\.queue) == ["a", "b", "b"] && all.map(\.tenant) == [3, 1, 2])
        #expect(all.allSatisfy { Self.near($0.usage.gpuSeconds, 10, 1e-5) })
    }

    @Test func `the book stays small: who has long gone is forgotten, who holds something is not`() {
        var book = UsageBook()
        for tenant in UInt32(0)..<5000 {
            let start = Self.moment(Int64(tenant) * 86_400)
            book.change(tenant: tenant, queue: "q", by: Self.whole, at: start, halfLife: Self.halfLife)
            // Every tenth stays.
            if tenant % 10 > 0 {
                book.change(
                    tenant: tenant, queue: "q", by: .zero - Self.whole, at: start + Span(seconds: 9),
                    halfLife: Self.halfLife)
            }
        }
        let all = book.all(at: Self.moment(5000 * 86_400), halfLife: Self.halfLife)
        #expect(Set(all.map(\.tenant)).isSuperset(of: (0..<500).map { $0 * 10 }))
        #expect(Set(all.map(\.tenant)).isSuperset(of: 4990..<5000))
        #expect((500...1024).contains(all.count))
    }

    @Test func `the dominant resource is the one of which more of the whole was had`() {
        let usage = DecayedUsage(milliGPUSeconds: 4000, byteSeconds: Double(40 << 30))
        #expect(usage.dominantSeconds(of: Amount(8000, 640)) == 0.5)
        #expect(usage.dominantSeconds(of: Amount(8000, 20)) == 2)
        #expect(usage.dominantSeconds(of: .zero) == 0)
        #expect(usage.gpuSeconds == 4)
    }
}
