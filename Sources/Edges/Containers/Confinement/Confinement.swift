import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps GPUs that are not its lease's out of the sight of a plain process.
///
/// What it holds against: a process without privilege cannot undo it, nor can its children. Root can. What it costs: in
/// a user's case the process lives in a user namespace, where programs that change the user, such as `sudo`, do not
/// work, and what it mounts is not seen outside.
package enum Confinement {
    package enum Outcome: Hashable, Sendable {
        /// Opening any of the devices fails with EACCES, for this thread and what it executes.
        case hidden
        /// Nothing was changed; the sentence says why, for the user.
        case notHidden(reason: String)
    }

    /// Hides devices from the calling thread; to be followed by `execve` in the same thread.
    ///
    /// Without privilege the process must have no other thread. It is tried in a child process first, so that when it
    /// cannot be done, the process is as it was.
    package static func hide(_ devices: [String]) -> Outcome {
        guard !devices.isEmpty else { return .hidden }
        let withoutUserNamespace = geteuid() == 0 ? attempt(devices, userNamespace: false) : nil
        if case .hidden? = withoutUserNamespace { return .hidden }
        // Root of a container may lack the right to mount, and still make a user namespace.
        let result = attempt(devices, userNamespace: true)
        if case .notHidden = result, let withoutUserNamespace { return withoutUserNamespace }
        return result
    }

    private static func attempt(_ devices: [String], userNamespace: Bool) -> Outcome {
        let copies = devices.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let paths = copies.map { UnsafePointer($0) }
        guard !paths.contains(nil) else { return .notHidden(reason: "there is no memory left") }
        return paths.withUnsafeBufferPointer { buffer in
            let count = Int32(buffer.count)
            var step = divvy_rehearse_confine(buffer.baseAddress, count, userNamespace)
            if step == 0 { step = divvy_confine(buffer.baseAddress, count, userNamespace) }
            guard step != 0 else { return .hidden }
            return .notHidden(reason: reason(step: step, code: errno, userNamespace: userNamespace))
        }
    }

    private static func reason(step: Int32, code: Int32, userNamespace: Bool) -> String {
        let why = String(cString: strerror(code))
        let advice =
            userNamespace
            ? "a user may have to be allowed to make user namespaces (sysctl user.max_user_namespaces, and on Ubuntu "
                + "kernel.apparmor_restrict_unprivileged_userns)"
            : "root needs the capability CAP_SYS_ADMIN for it"
        return switch UInt32(step) {
        case DIVVY_CONFINE_UNSHARE.rawValue where code == EINVAL:
            "the program already has several threads, which cannot move into a user namespace"
        case DIVVY_CONFINE_UNSHARE.rawValue: "no mount namespace could be made: \(why); \(advice)"
        case DIVVY_CONFINE_MAP.rawValue: "the user could not be mapped to itself: \(why); \(advice)"
        case DIVVY_CONFINE_PRIVATE.rawValue: "the mounts could not be parted from the machine's: \(why); \(advice)"
        case DIVVY_CONFINE_COVER.rawValue: "a device could not be covered: \(why); \(advice)"
        default: "no process could be started to try it in: \(why)"
        }
    }
}
