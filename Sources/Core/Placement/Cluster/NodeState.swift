/// What one node has left: 32 bytes, half a cache line.
package struct NodeState: NodeView, BitwiseCopyable, Sendable {
    /// Thousandths left of each GPU; -1 where the node has no such GPU.
    package var left: SIMD8<Int16>
    package var cpuLeft: Int32
    package var memoryLeft: Int32
    /// The most that is left of one GPU; 0 without GPUs.
    package var largest: Int16
    /// GPUs that nobody uses.
    package var full: UInt8
    package let model: UInt8
    package let gpus: UInt8
    let kind: UInt16

    init(_ kind: NodeKind, at index: UInt16) {
        left = SIMD8(repeating: -1)
        for gpu in 0..<Int(kind.gpus) { left[gpu] = 1000 }
        cpuLeft = kind.cpuMilli
        memoryLeft = kind.memoryMiB
        largest = kind.gpus > 0 ? 1000 : 0
        full = UInt8(kind.gpus)
        gpus = full
        model = kind.model
        self.kind = index
    }

    /// Whether a request fits; exact, and no search.
    @inline(__always) package func fits(_ request: RequestKind) -> Bool {
        guard cpuLeft >= request.cpuMilli, memoryLeft >= request.memoryMiB else { return false }
        if request.gpus == 0 { return true }
        guard request.models >> UInt64(model) & 1 == 1 else { return false }
        return request.gpus == 1 ? Int32(largest) >= request.gpuMilli : Int32(full) >= request.gpus
    }

    /// The first GPUs that nobody uses, as many as asked for.
    @inline(__always) package func firstFull(_ count: Int32) -> UInt8 {
        var mask: UInt8 = 0
        var missing = count
        for gpu in 0..<8 where missing > 0 && left[gpu] == 1000 {
            mask |= 1 << UInt8(gpu)
            missing -= 1
        }
        return mask
    }

    /// The GPU with the least left among those on which the share fits; the first of equals.
    @inline(__always) package func tightest(_ milli: Int32) -> UInt8 {
        var mask: UInt8 = 0
        var least: Int32 = .max
        for gpu in 0..<8 {
            let here = Int32(left[gpu])
            if here >= milli, here < least {
                least = here
                mask = 1 << UInt8(gpu)
            }
        }
        return mask
    }

    @inline(__always) func tightestLeft(_ milli: Int32) -> Int32 {
        Int32(left[tightest(milli).trailingZeroBitCount])
    }

    /// All that is left of its GPUs together.
    package var totalLeft: Int32 {
        var sum: Int32 = 0
        for gpu in 0..<Int(gpus) { sum += Int32(left[gpu]) }
        return sum
    }

    @inline(__always) mutating func take(_ request: RequestKind, gpus mask: UInt8, sign: Int32) {
        cpuLeft -= sign * request.cpuMilli
        memoryLeft -= sign * request.memoryMiB
        guard mask != 0 else { return }
        let milli = Int16(truncatingIfNeeded: sign * request.gpuMilli)
        var rest = mask
        withUnsafeMutablePointer(to: &left) { vector in
            let lefts = UnsafeMutableRawPointer(vector).assumingMemoryBound(to: Int16.self)
            while rest != 0 {
                lefts[rest.trailingZeroBitCount] -= milli
                rest &= rest &- 1
            }
            var most: Int16 = 0
            var untouched: UInt8 = 0
            for gpu in 0..<Int(gpus) {
                most = max(most, lefts[gpu])
                untouched += lefts[gpu] == 1000 ? 1 : 0
            }
            (largest, full) = (most, untouched)
        }
    }
}

/// A node where it lies in memory: its GPUs are read one at a time, and a copy of a vector for that costs more than the
/// rest of a decision.
typealias NodePointer = UnsafePointer<NodeState>

extension UnsafePointer<NodeState> {
    /// Thousandths left of a GPU. `left` is the first field of a node.
    @inline(__always) func left(_ gpu: Int) -> Int16 {
        UnsafeRawPointer(self).assumingMemoryBound(to: Int16.self)[gpu]
    }
}
