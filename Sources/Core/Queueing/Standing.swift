package import Fleet
package import Placement

/// A request that waits, as the planner sees it.
package struct WaitingRequest: Hashable, Sendable {
    package let id: LeaseID
    package let request: Request
    /// The user id of whoever pays.
    package let tenant: UInt32
    /// The position of its queue in the tree.
    package let queue: Int
    package let priority: Int
    package let asked: Moment
    /// How long it will run at most; nil when nobody knows.
    package let limit: Span?
    /// The number of the reservation that it names and whose room its tenant may use; nil when it names none.
    package let reservation: Int64?

    package init(
        id: LeaseID, request: Request, tenant: UInt32, queue: Int, priority: Int, asked: Moment, limit: Span?,
        reservation: Int64? = nil
    ) {
        self.id = id
        self.request = request
        self.tenant = tenant
        self.queue = queue
        self.priority = priority
        self.asked = asked
        self.limit = limit
        self.reservation = reservation
    }
}

/// A lease that has room, as the planner sees it.
package struct RunningLease: Hashable, Sendable {
    package let id: LeaseID
    package let request: Request
    package let tenant: UInt32
    package let queue: Int
    package let priority: Int
    package let placement: PoolPlacement
    package let amount: Amount
    package let since: Moment
    /// When it ends at the latest; nil when nobody knows.
    package let ends: Moment?
    /// It has been told to end, for a preemption or for another reason: it is no victim any more.
    package let isEnding: Bool
    /// It has been told that it will be stopped for somebody, and can still be spared.
    package let isAnnounced: Bool
    /// The number of the reservation whose room it takes; nil when it takes none.
    package let reservation: Int64?

    package init(
        id: LeaseID, request: Request, tenant: UInt32, queue: Int, priority: Int, placement: PoolPlacement,
        amount: Amount, since: Moment, ends: Moment?, isEnding: Bool, isAnnounced: Bool = false,
        reservation: Int64? = nil
    ) {
        self.id = id
        self.request = request
        self.tenant = tenant
        self.queue = queue
        self.priority = priority
        self.placement = placement
        self.amount = amount
        self.since = since
        self.ends = ends
        self.isEnding = isEnding
        self.isAnnounced = isAnnounced
        self.reservation = reservation
    }
}

/// Room that is kept for somebody from one moment to another.
package struct Reservation: Hashable, Sendable, Codable {
    package let number: Int64
    /// For display, and what a request names to use it.
    package let name: String
    package let request: Request
    package let placement: PoolPlacement
    package let from: Moment
    package let until: Moment
    /// Names of the tenants who may use it; empty means whoever made it.
    package let tenants: [String]
    package let maker: Tenant

    package init(
        number: Int64, name: String, request: Request, placement: PoolPlacement, from: Moment, until: Moment,
        tenants: [String], maker: Tenant
    ) {
        self.number = number
        self.name = name
        self.request = request
        self.placement = placement
        self.from = from
        self.until = until
        self.tenants = tenants
        self.maker = maker
    }

    /// The same room in other positions.
    package func with(placement: PoolPlacement) -> Reservation {
        Reservation(
            number: number, name: name, request: request, placement: placement, from: from, until: until,
            tenants: tenants, maker: maker)
    }
}
