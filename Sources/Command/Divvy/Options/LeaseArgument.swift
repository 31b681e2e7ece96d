import ArgumentParser
import Fleet

extension LeaseID: ExpressibleByArgument {
    /// `17` and `lease-17` are the same lease.
    public init?(argument: String) { self.init(argument) }
}
