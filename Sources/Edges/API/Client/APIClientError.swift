/// Why a call to the daemon failed.
package enum APIClientError: Error, Hashable, Sendable {
    package enum Unreachable: Hashable, Sendable {
        case noSocket
        /// There is a socket, but the daemon that made it is gone.
        case nobodyListens
        case notPermitted
        /// What the system said.
        case failed(String)
    }

    case unreachable(socket: String, Unreachable)
    /// The connection broke, or what came over it cannot be read: the call may or may not have been done.
    case lost(socket: String, String)
    /// The daemon did not do it, and says why.
    case refused(status: Int, ErrorBody)
}

extension APIClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let socket, .noSocket):
            "no daemon: there is no socket \(socket); start the daemon with `divvy up`"
        case .unreachable(let socket, .nobodyListens):
            "no daemon: nobody answers at \(socket); start the daemon with `divvy up`"
        case .unreachable(let socket, .notPermitted):
            "you may not connect to \(socket): ask to be added to its group, or start your own daemon with `divvy up`"
        case .unreachable(let socket, .failed(let why)): "cannot connect to \(socket): \(why)"
        case .lost(let socket, let why): "lost the daemon at \(socket): \(why)"
        case .refused(_, let body): body.hint.map { "\(body.message)\n  \($0)" } ?? body.message
        }
    }
}
