import Engine
import FoundationEssentials
import SystemPackage

/// Looks through SQLite's write-ahead log before SQLite does.
///
/// SQLite takes the first frame that does not add up for the end of the log and goes on without the rest, without a
/// word. That is right after a crash, when the last transaction was cut off, and wrong when a byte has changed since:
/// decisions that were told to somebody would be gone. The two are told apart by what follows. Transactions are synced
/// one by one, so behind a torn one there is none.
///
/// Source: https://www.sqlite.org/fileformat2.html, section 4, "The Write-Ahead Log".
struct WriteAheadLog {
    private static let headerSize = 32
    private static let frameHeaderSize = 24

    private let bytes: [UInt8]

    /// Reads the log at `path`; a log that is not there is empty.
    init(path: FilePath) throws(JournalError) {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
            let size = Int(try file.seek(offset: 0, from: .end))
            bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                while count < size {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                    let read = try file.read(fromAbsoluteOffset: Int64(count), into: rest)
                    if read == 0 { break }
                    count += read
                }
            }
        } catch Errno.noSuchFileOrDirectory {
            bytes = []
        } catch {
            throw JournalError(opening: path, error)
        }
    }

    /// What shows that synced transactions are lost; nil when the log is whole or merely cut off at its end.
    func damage() -> String? {
        guard bytes.count > Self.headerSize + Self.frameHeaderSize else { return nil }
        let isBigEndian = word(at: 0) & 1 == 1
        let pageSize = Int(word(at: 8))
        guard word(at: 0) & ~1 == 0x377F_0682, word(at: 4) == 3_007_000, (512...65_536).contains(pageSize),
            pageSize & (pageSize - 1) == 0
        else { return "the header of its log is not one" }
        var sum = Sum(isBigEndian: isBigEndian)
        sum.add(bytes[0..<24])
        guard sum.first == word(at: 24), sum.second == word(at: 28) else {
            return "the header of its log does not match its checksum"
        }

        let frameSize = Self.frameHeaderSize + pageSize
        let offsets = stride(from: Self.headerSize, through: bytes.count - frameSize, by: frameSize)
        /// Frames of this log behind the last whole transaction, in order: whether each ends a transaction.
        var behind: [Bool] = []
        var isWhole = true
        for offset in offsets {
            let isOfThisLog = word(at: offset + 8) == word(at: 16) && word(at: offset + 12) == word(at: 20)
            let endsTransaction = word(at: offset + 4) != 0
            if isWhole {
                sum.add(bytes[offset..<offset + 8])
                sum.add(bytes[offset + Self.frameHeaderSize..<offset + frameSize])
                isWhole = isOfThisLog && sum.first == word(at: offset + 16) && sum.second == word(at: offset + 20)
            }
            if isWhole, endsTransaction {
                behind.removeAll(keepingCapacity: true)
            } else if isOfThisLog {
                behind.append(endsTransaction)
            }
        }
        guard let end = behind.firstIndex(of: true), end < behind.count - 1 else { return nil }
        return "its log does not match its checksums, and transactions that were synced follow the damage"
    }

    private func word(at offset: Int) -> UInt32 {
        UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16 | UInt32(bytes[offset + 2]) << 8
            | UInt32(bytes[offset + 3])
    }

    /// The log's running checksum, over pairs of words in the byte order that its header names.
    private struct Sum {
        let isBigEndian: Bool
        private(set) var first: UInt32 = 0
        private(set) var second: UInt32 = 0

        init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { bytes in
                for offset in stride(from: 0, to: bytes.count, by: 8) {
                    first &+= word(bytes, offset) &+ second
                    second &+= word(bytes, offset + 4) &+ first
                }
            }
        }

        private func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
        }
    }
}
