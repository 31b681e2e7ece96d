import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A program that does not outlive whoever runs it.
package enum BoundProgram {
    /// Runs a program to its end with this process's open files and streams; it is killed when this process dies before.
    ///
    /// Blocks the thread that calls it. Returns the program's exit status, or 128 and the signal that ended it; nil, with
    /// `errno`, when there was no process for it.
    ///
    /// - Parameter words: the program's path, then its arguments.
    package static func run(_ words: [String], environment: [String]) -> Int32? {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        guard let path = arguments[0] else { return nil }
        let status = divvy_run_bound(path, &arguments, &variables)
        guard status >= 0 else { return nil }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    }
}
