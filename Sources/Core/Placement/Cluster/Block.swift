/// Memory for a fixed number of plain values, owned by one variable and freed with it.
///
/// The search over a hundred thousand nodes reads and writes a few of these in every decision. An `Array` costs a
/// uniqueness test for each write and a retain where it is passed on; this has neither. Indices are checked in debug
/// builds.
struct Block<Element: BitwiseCopyable>: ~Copyable {
    let count: Int
    private let base: UnsafeMutablePointer<Element>

    init(repeating value: Element, count: Int) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: value, count: count)
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            assert(index >= 0 && index < count, "\(index) is outside 0..<\(count)")
            return base[index]
        }
        @inline(__always) nonmutating set {
            assert(index >= 0 && index < count, "\(index) is outside 0..<\(count)")
            base[index] = newValue
        }
    }

    @inline(__always) func pointer(at index: Int) -> UnsafeMutablePointer<Element> {
        assert(index >= 0 && index < max(count, 1), "\(index) is outside 0..<\(count)")
        return base + index
    }
}
