import Glibc
import SystemPackage

/// Room on the disk that is kept so that leases can be given back when there is none left.
struct Reserve: Sendable {
    static let size = 1 << 20

    let path: FilePath
    private(set) var isHeld = false

    init(path: FilePath) {
        self.path = path
        var status = stat()
        let isThere = path.withPlatformString { stat($0, &status) } == 0
        isHeld = isThere && status.st_size == Self.size && Int(status.st_blocks) * 512 >= Self.size
    }

    /// Takes the room if it is to be had; says whether it is held now.
    mutating func take() -> Bool {
        if isHeld { return true }
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
            let failure = posix_fallocate(file.rawValue, 0, off_t(Self.size))
            try file.close()
            isHeld = failure == 0
        } catch {
            isHeld = false
        }
        if !isHeld { remove() }
        return isHeld
    }

    /// Gives the room to whoever writes next.
    mutating func spend() {
        remove()
        isHeld = false
    }

    private func remove() { _ = path.withPlatformString { unlink($0) } }
}
