import Glibc
import Synchronization

/// Names of users by their ids, remembered for a while: a directory service may be slow.
final class UserNames: Sendable {
    private struct Entry {
        let name: String
        let expires: Int
    }

    private static let lifetime = 300
    private static let limit = 4096
    private let entries = Mutex<[UInt32: Entry]>([:])

    /// The user's name, or the id in digits where there is none.
    func name(of uid: UInt32) -> String {
        let now = Self.seconds()
        if let entry = entries.withLock({ $0[uid] }), entry.expires > now { return entry.name }
        let name = Self.lookUp(uid) ?? String(uid)
        entries.withLock { entries in
            if entries.count >= Self.limit { entries.removeAll() }
            entries[uid] = Entry(name: name, expires: now + Self.lifetime)
        }
        return name
    }

    private static func seconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec
    }

    private static func lookUp(_ uid: UInt32) -> String? {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var size = 1024
        while size <= 1 << 20 {
            let name: String?? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                guard let base = buffer.baseAddress else { return .some(nil) }
                let status = getpwuid_r(uid, &record, base, size, &found)
                if status == ERANGE { return nil }
                guard status == 0, let name = found?.pointee.pw_name else { return .some(nil) }
                return .some(String(cString: name))
            }
            if let name { return name }
            size *= 4
        }
        return nil
    }
}
