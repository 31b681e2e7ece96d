import Glibc

/// Where a daemon listens and who may connect.
package struct SocketSettings: Hashable, Sendable {
    package var path: String
    /// Permission bits; connecting needs write permission.
    package var mode: UInt32
    /// The group that the socket is given to; nil leaves it with the daemon's own.
    package var group: UInt32?

    package init(path: String, mode: UInt32, group: UInt32?) {
        self.path = path
        self.mode = mode
        self.group = group
    }

    /// Root's daemon serves the group `divvy` where there is one; everybody else's daemon serves its own user only.
    package static func usual(path: String) -> SocketSettings {
        guard geteuid() == 0, let group = gid(ofGroup: "divvy") else {
            return SocketSettings(path: path, mode: 0o600, group: nil)
        }
        return SocketSettings(path: path, mode: 0o660, group: group)
    }

    static func gid(ofGroup name: String) -> UInt32? {
        var record = group_()
        var found: UnsafeMutablePointer<group_>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 16) { buffer in
            guard getgrnam_r(name, &record, buffer.baseAddress, buffer.count, &found) == 0 else { return nil }
            return found?.pointee.gr_gid
        }
    }

    private typealias group_ = Glibc.group
}
