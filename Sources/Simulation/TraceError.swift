/// A trace that cannot be used, and what to do about it.
package struct TraceError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
