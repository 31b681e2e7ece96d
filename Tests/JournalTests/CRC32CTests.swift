import Testing

@testable import SQLiteJournal

@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    static let published: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E),
        ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
        ([], 0),
    ]

    @Test(arguments: published)
    func `the published values come out`(bytes: [UInt8], expected: UInt32) {
        #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) } == expected)
    }

    @Test func `it can be continued at every byte`() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37) }
        let whole = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        for cut in 0...bytes.count {
            let first = bytes[..<cut].withUnsafeBytes { CRC32C.checksum($0) }
            #expect(bytes[cut...].withUnsafeBytes { CRC32C.checksum($0, after: first) } == whole)
        }
    }
}
