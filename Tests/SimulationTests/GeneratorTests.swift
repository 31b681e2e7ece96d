import Simulation
import Testing

@Suite struct `Random numbers` {
    @Test func `the same seed gives the same numbers, another seed others`() {
        var (one, same, other) = (SeededGenerator(seed: 7), SeededGenerator(seed: 7), SeededGenerator(seed: 8))
        let numbers = (0..<100).map { _ in one.next() }
        #expect(numbers == (0..<100).map { _ in same.next() })
        #expect(numbers != (0..<100).map { _ in other.next() })
    }

    @Test func `a shuffle keeps every element`() {
        var generator = SeededGenerator(seed: 1)
        var elements = Array(0..<1000)
        generator.shuffle(&elements)
        #expect(elements != Array(0..<1000))
        #expect(elements.sorted() == Array(0..<1000))
    }
}
