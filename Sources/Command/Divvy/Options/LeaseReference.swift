import API
import ArgumentParser
import Fleet
import Presentation

/// A lease as people write it: `17` and `lease-17` are the same lease, any other word is a name.
///
/// What looks like an id is one: a lease that somebody named `17` is reached by its own id only.
enum LeaseReference: Hashable, Sendable, ExpressibleByArgument {
    case id(LeaseID)
    case name(String)

    init?(argument: String) {
        if let id = LeaseID(argument) {
            self = .id(id)
            return
        }
        // Numbers that are no ids, such as 0, are slips and no names.
        let number = argument.hasPrefix("lease-") ? argument.dropFirst(6) : argument[...]
        guard !number.isEmpty, !number.allSatisfy(\.isNumber) else { return nil }
        self = .name(argument)
    }

    /// The lease that is meant among those that live; throws 66 when there is none or more than one.
    func id(among leases: [LeaseView]) throws(Failure) -> LeaseID {
        switch self {
        case .id(let id): return id
        case .name(let name):
            let found = leases.filter { $0.name == name && $0.state != .ended }
            if found.count == 1 { return found[0].id }
            guard found.isEmpty else {
                let ids = found.map { "\($0.id)" }.joined(separator: ", ")
                throw Failure(
                    .notFound, "\"\(name)\" is the name of several leases: \(ids)", hint: "say which by its id")
            }
            let names = leases.compactMap(\.name)
            let meant = Suggestion.nearest(to: name, among: names).map { "did you mean \"\($0)\"?\n" } ?? ""
            throw Failure(
                .notFound, "no lease has the name \"\(name)\" now",
                hint: meant + "`divvy ps` lists leases; their ids look like lease-17")
        }
    }
}

extension Daemon {
    /// The id of a lease; asks for the list only where a name was written.
    func id(of lease: LeaseReference) async throws -> LeaseID {
        if case .id(let id) = lease { return id }
        return try lease.id(among: try await leases(includingEnded: false).items)
    }
}
