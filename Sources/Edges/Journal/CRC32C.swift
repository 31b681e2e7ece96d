/// The Castagnoli checksum (RFC 3720 appendix B.4), continued from a value that came before.
enum CRC32C {
    /// Eight tables of 256, so that eight bytes are taken in one step.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[index] = value
        }
        for index in 256..<tables.count {
            let shorter = tables[index - 256]
            tables[index] = shorter >> 8 ^ tables[Int(shorter & 0xFF)]
        }
        return tables
    }()

    /// The checksum of `bytes` after those that gave `previous`; 0 is the checksum of nothing.
    static func checksum(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var value = ~previous
            var offset = 0
            while offset &+ 8 <= bytes.count {
                let word =
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    ^ UInt64(value)
                value =
                    tables[7 &* 256 &+ Int(word & 0xFF)]
                    ^ tables[6 &* 256 &+ Int(word >> 8 & 0xFF)]
                    ^ tables[5 &* 256 &+ Int(word >> 16 & 0xFF)]
                    ^ tables[4 &* 256 &+ Int(word >> 24 & 0xFF)]
                    ^ tables[3 &* 256 &+ Int(word >> 32 & 0xFF)]
                    ^ tables[2 &* 256 &+ Int(word >> 40 & 0xFF)]
                    ^ tables[256 &+ Int(word >> 48 & 0xFF)]
                    ^ tables[Int(word >> 56)]
                offset &+= 8
            }
            while offset < bytes.count {
                value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[offset])) & 0xFF)]
                offset &+= 1
            }
            return ~value
        }
    }

    /// The checksum of a number's eight bytes, least first, after `previous`.
    static func checksum(_ number: Int64, after previous: UInt32) -> UInt32 {
        withUnsafeBytes(of: number.littleEndian) { checksum($0, after: previous) }
    }
}
