import Simulation
import Testing

/// What Go 1.19 gives, for numbers and for what is made of them.
@Suite struct `The published generator` {
    @Test(
        arguments: [
            (1, [5_577_006_791_947_779_410, 8_674_665_223_082_153_551, 6_129_484_611_666_145_821]),
            (42, [3_440_579_354_231_278_675, 608_747_136_543_856_411, 5_571_782_338_101_878_760]),
            (0, [8_717_895_732_742_165_505, 2_259_404_117_704_393_152, 6_050_128_673_802_995_827]),
            (2_147_483_647, [8_717_895_732_742_165_505, 2_259_404_117_704_393_152, 6_050_128_673_802_995_827]),
            (-1, [3_644_962_268_338_389_676, 550_171_362_161_912_239, 3_094_056_749_125_766_625]),
        ] as [(Int64, [Int64])])
    func `a seed gives the numbers that it gives there`(seed: Int64, expected: [Int64]) {
        var generator = PublishedGenerator(seed: seed)
        #expect(expected.map { _ in generator.int63() } == expected)
    }

    @Test func `bounded numbers, shuffles and permutations are those that are made there`() {
        var generator = PublishedGenerator(seed: 1)
        #expect((0..<10).map { _ in generator.below(100) } == [81, 87, 47, 59, 81, 18, 25, 40, 56, 0])
        generator = PublishedGenerator(seed: 1)
        var digits = Array(0..<10)
        generator.shuffle(&digits)
        #expect(digits == [1, 7, 4, 0, 9, 2, 3, 5, 8, 6])
        generator = PublishedGenerator(seed: 1)
        #expect(generator.permutation(10) == [9, 4, 2, 6, 8, 0, 3, 1, 7, 5])
    }

    /// Thousands of draws of every sort, by their checksum: bounds below and above 2^31, powers of two, and bounds that
    /// make it draw again.
    @Test(
        arguments: [
            (1, 16_584_301_189_304_116_432), (42, 11_325_642_584_690_697_359), (-1, 17_329_370_575_301_362_823),
            (1 << 40, 13_106_632_754_529_686_527),
        ] as [(Int64, UInt64)])
    func `long sequences of all draws agree`(seed: Int64, expected: UInt64) {
        var generator = PublishedGenerator(seed: seed)
        var checksum = Checksum()
        for _ in 0..<2000 { checksum.add(Int(generator.int63())) }
        for _ in 0..<2000 { checksum.add(generator.below(1000)) }
        for _ in 0..<2000 { checksum.add(generator.below(1 << 31)) }
        for _ in 0..<2000 { checksum.add(generator.below(3 << 40)) }
        for _ in 0..<200 { checksum.add(generator.below(1_500_000_000)) }
        for _ in 0..<200 { checksum.add(generator.below(1 << 20)) }
        var numbers = Array(0..<1000)
        generator.shuffle(&numbers)
        for number in numbers { checksum.add(number) }
        for number in generator.permutation(1000) { checksum.add(number) }
        #expect(checksum.value == expected)
    }
}

/// FNV-1a over whole numbers.
struct Checksum {
    private(set) var value: UInt64 = 14_695_981_039_346_656_037

    mutating func add(_ number: some BinaryInteger) {
        value = (value ^ UInt64(truncatingIfNeeded: number)) &* 1_099_511_628_211
    }
}
