import Glibc
import Presentation

/// Where a daemon's things lie, with the directories above them made.
struct ServingPaths {
    let socket: String
    let stateDirectory: String
    let cdiDirectory: String
    /// Beside the socket, which lies in memory where the system has such a place.
    let limiterDirectory: String
    /// Beside it: what stands there is gone with the next boot, and so are cgroups.
    let driverLimitsDirectory: String
    /// Beside it, for sockets.
    let serviceDirectory: String

    init(_ settings: Settings) throws {
        let standard = StandardPaths(uid: getuid(), environment: Console.environment)
        socket = settings.socket ?? standard.socket
        stateDirectory = settings.stateDirectory ?? standard.stateDirectory
        cdiDirectory = settings.cdiDirectory ?? standard.cdiDirectory
        let beside = socket.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        limiterDirectory = beside + "/limiter"
        driverLimitsDirectory = beside + "/driver-limits"
        serviceDirectory = beside + "/mps"
        // The last part of each is made by whoever keeps it, with the rights that it needs.
        for path in [socket, stateDirectory, cdiDirectory] {
            let parent = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
            if !parent.isEmpty { try Files.makeOwnDirectory(parent) }
        }
    }
}
