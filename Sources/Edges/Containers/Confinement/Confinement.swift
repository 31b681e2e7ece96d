import CLinux
package import Engine

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps GPUs that are not its lease's out of the sight of a plain process, and puts its lease's files where it looks.
///
/// What it holds against: a process without privilege cannot undo it, nor can its children. Root can. What it costs: in
/// a user's case the process lives in a user namespace, where programs that change the user, such as `sudo`, do not
/// work, and what it mounts is not seen outside.
package struct Confinement: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Opening any of the devices fails with EACCES, and the files are there, for this thread and what it executes.
        case done
        /// Nothing was changed; the sentence says why, for the user.
        case notDone(reason: String)
    }

    /// Device nodes that do not open any more.
    package let hidden: [String]
    /// Files that stand in the place of others, put there in this order.
    package let mounts: [ContainerEdits.Mount]

    package init(hidden: [String], mounts: [ContainerEdits.Mount] = []) {
        self.hidden = hidden
        self.mounts = mounts
    }

    package var isEmpty: Bool { hidden.isEmpty && mounts.isEmpty }

    /// Changes what the calling thread sees; to be followed by `execve` in the same thread.
    ///
    /// Without privilege the process must have no other thread. It is tried in a child process first, so that when it
    /// cannot be done, the process is as it was.
    package func enter() -> Outcome { isEmpty ? .done : attempt(isRehearsal: false) }

    /// Whether a process like this one can have files of its own, found out in a child process that ends at once.
    package static func rehearse() -> Outcome { Confinement(hidden: ["/dev/null"]).attempt(isRehearsal: true) }

    private func attempt(isRehearsal: Bool) -> Outcome {
        let withoutUserNamespace = geteuid() == 0 ? attempt(isRehearsal, userNamespace: false) : nil
        if case .done? = withoutUserNamespace { return .done }
        // Root of a container may lack the right to mount, and still make a user namespace.
        let result = attempt(isRehearsal, userNamespace: true)
        if case .notDone = result, let withoutUserNamespace { return withoutUserNamespace }
        return result
    }

    private func attempt(_ isRehearsal: Bool, userNamespace: Bool) -> Outcome {
        let words = hidden + mounts.flatMap { [$0.hostPath, $0.containerPath] }
        let copies = words.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let texts = copies.map { UnsafePointer($0) }
        guard !texts.contains(nil) else { return .notDone(reason: "there is no memory left") }
        let files = mounts.enumerated().map { index, mount in
            divvy_mount(
                source: texts[hidden.count + 2 * index], target: texts[hidden.count + 2 * index + 1],
                read_only: mount.options.contains("ro"))
        }
        return texts.withUnsafeBufferPointer { buffer in
            files.withUnsafeBufferPointer { files in
                let list = divvy_mounts(list: files.baseAddress, count: Int32(files.count))
                let count = Int32(hidden.count)
                var step = divvy_rehearse_confine(buffer.baseAddress, count, list, userNamespace)
                if step == 0, !isRehearsal { step = divvy_confine(buffer.baseAddress, count, list, userNamespace) }
                guard step != 0 else { return .done }
                return .notDone(reason: Self.reason(step: step, code: errno, userNamespace: userNamespace))
            }
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
        case DIVVY_CONFINE_MOUNT.rawValue: "a file could not be put in the place of another: \(why); \(advice)"
        case DIVVY_CONFINE_COVER.rawValue: "a device could not be covered: \(why); \(advice)"
        default: "no process could be started to try it in: \(why)"
        }
    }
}
