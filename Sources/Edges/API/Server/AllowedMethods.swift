import Hummingbird

/// Which methods each path takes, for a call that names a path with a method that it does not take.
struct AllowedMethods: Sendable {
    private let methods: [(path: [Substring], method: String)]

    init(_ routes: [Router<CallContext>.RouteDescription]) {
        methods = routes.map { route in
            // The route's own text, kept apart at its slashes: `v1`, `leases`, `{id}`.
            let path = route.path.description
            return (path.split(separator: "/"), route.method.rawValue)
        }
    }

    /// The methods of a path in the order of the alphabet; none where there is no such path.
    func at(_ path: String) -> [String] {
        let wanted = path.split(separator: "/")
        return methods.filter { route in
            route.path.count == wanted.count
                && zip(route.path, wanted).allSatisfy { part, word in part.hasPrefix("{") || part == word }
        }.map(\.method).sorted()
    }
}
