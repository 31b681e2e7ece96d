import ArgumentParser
import Presentation

/// One thing done to several: goes on after one that cannot be done; the first failure decides the status.
enum Several {
    static func each(_ words: [String], _ body: (String) async throws -> Void) async throws {
        var first: Failure?
        for word in words {
            do {
                try await body(word)
            } catch {
                guard let failure = Failure(describing: error) else { throw error }
                if failure.status == .daemonUnreachable { throw failure }
                Console.report(failure)
                first = first ?? failure
            }
        }
        if let first { throw ExitCode(first.status.rawValue) }
    }
}

/// A command whose first word may be anything, so that a word which is no subcommand is no slip.
protocol TakesAnyWord {}
