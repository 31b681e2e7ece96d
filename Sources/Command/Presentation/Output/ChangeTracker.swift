/// Turns one listing after another into what was added, changed and deleted between them.
package struct ChangeTracker: Sendable {
    package enum Kind: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }

    package struct Change: Hashable, Sendable {
        package let kind: Kind
        package let object: JSONValue

        /// `{"type":"ADDED","object":...}`, the shape of `kubectl get --output-watch-events`.
        package var line: String {
            JSONValue.object([.init("type", .string(kind.rawValue)), .init("object", object)]).compact
        }
    }

    /// Members that change by themselves as time passes, which is no change of the object.
    private let ignored: Set<String>
    private var known: [String: JSONValue] = [:]
    private var order: [String] = []

    package init(ignoring ignored: Set<String> = []) { self.ignored = ignored }

    /// What differs from the listing before: first what is gone, then what is new or other, in the listing's order.
    package mutating func changes(to listing: [(id: String, object: JSONValue)]) -> [Change] {
        let now = Set(listing.map(\.id))
        var changes = order.filter { !now.contains($0) }.compactMap { id in
            known[id].map { Change(kind: .deleted, object: $0) }
        }
        for (id, object) in listing {
            if let before = known[id] {
                if before.without(ignored) != object.without(ignored) {
                    changes.append(Change(kind: .modified, object: object))
                }
            } else {
                changes.append(Change(kind: .added, object: object))
            }
        }
        known = Dictionary(listing.map { ($0.id, $0.object) }) { first, _ in first }
        order = listing.map(\.id)
        return changes
    }
}

extension JSONValue {
    /// The same object without some of its members.
    fileprivate func without(_ keys: Set<String>) -> JSONValue {
        guard !keys.isEmpty, case .object(let members) = self else { return self }
        return .object(members.filter { !keys.contains($0.key) })
    }
}
