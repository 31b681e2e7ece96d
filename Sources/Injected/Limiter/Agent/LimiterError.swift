/// What keeps a container from being limited.
package struct LimiterError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
