#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A user of the machine, as far as a program needs to be started as that user.
package struct Account: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    package let groups: [UInt32]
    package let name: String
    package let home: String

    package init(uid: UInt32, gid: UInt32, groups: [UInt32], name: String, home: String) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.name = name
        self.home = home
    }

    /// Looks a user up in the machine's user data base; nil for a uid without an entry.
    package init?(uid: UInt32) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var text = [CChar](repeating: 0, count: 16384)
        let account = text.withUnsafeMutableBufferPointer { buffer -> Account? in
            guard let base = buffer.baseAddress,
                getpwuid_r(uid, &entry, base, buffer.count, &found) == 0, found != nil
            else { return nil }
            guard let rawName = entry.pw_name, let home = entry.pw_dir else { return nil }
            let name = String(cString: rawName)
            var groups = [gid_t](repeating: 0, count: 256)
            var count = Int32(groups.count)
            let isWhole = getgrouplist(name, entry.pw_gid, &groups, &count) >= 0
            return Account(
                uid: uid, gid: entry.pw_gid, groups: isWhole ? Array(groups.prefix(Int(count))) : [entry.pw_gid],
                name: name, home: String(cString: home))
        }
        guard let account else { return nil }
        self = account
    }
}
