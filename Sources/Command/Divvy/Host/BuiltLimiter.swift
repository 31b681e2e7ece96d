/// The limiter's libraries that came with this program: beside it where it was built, in ../lib/divvy where it was
/// installed, or where DIVVY_LIMITER says.
///
/// They lie under names that no loader looks for: they are of use only where the daemon puts them.
enum BuiltLimiter {
    static var library: String? { find("libdivvy-limiter.so") }
    /// The one that shows tools a lease's own memory.
    static var view: String? { find("libdivvy-limiter-view.so") }

    private static func find(_ name: String) -> String? {
        let own = Host.executable.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        let said = Console.environment["DIVVY_LIMITER"].flatMap { $0.isEmpty ? nil : $0 }
        return (said.map { [$0] } ?? ["\(own)/../lib/divvy", own]).map { "\($0)/\(name)" }.first(where: Files.exists)
    }
}
