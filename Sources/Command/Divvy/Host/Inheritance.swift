import Glibc

/// What this process was started with: which signals it ignores, as under `nohup`, which are blocked, and which files
/// are open.
///
/// A program that takes this process over is to find them as they were, and nothing of ours.
struct Inheritance: Sendable {
    private static let watched = [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD]

    private let ignored: Set<Int32>
    private let mask: sigset_t
    private let descriptors: Set<Int32>

    /// To be looked at before anything else happens.
    static let current = Inheritance()

    private init() {
        ignored = Set(
            Self.watched.filter { number in
                var action = sigaction()
                guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else {
                    return false
                }
                return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
            })
        var mask = sigset_t()
        sigemptyset(&mask)
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        self.mask = mask
        // Without the descriptor that the directory was read through.
        descriptors = Set(Self.openDescriptors.filter { fcntl($0, F_GETFD) >= 0 })
    }

    private static var openDescriptors: [Int32] { Files.names(in: "/proc/self/fd").compactMap { Int32($0) } }

    func isIgnored(_ number: Int32) -> Bool { ignored.contains(number) }

    /// Puts everything back for what this thread executes.
    func restore() {
        // Event loops of libraries hold descriptors that are not close-on-exec by themselves.
        for descriptor in Self.openDescriptors where !descriptors.contains(descriptor) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        for number in Self.watched { signal(number, isIgnored(number) ? SIG_IGN : SIG_DFL) }
        var mask = mask
        pthread_sigmask(SIG_SETMASK, &mask, nil)
    }
}
