import Dispatch
import Glibc

/// What a terminal's Ctrl-C and a polite kill do while something would be left behind.
enum Interruption {
    /// Runs `body`, ready to clean up when somebody interrupts.
    ///
    /// When SIGINT, SIGTERM or SIGHUP comes in the meantime, it runs `cleanUp` and ends this process with the status that
    /// a shell expects of it; the next signal ends it without waiting for that.
    static func handled<Value: Sendable>(
        cleanUp: @escaping @Sendable () async -> Void, during body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let (numbers, received) = AsyncStream.makeStream(of: Int32.self)
        let handled = [SIGINT, SIGTERM, SIGHUP].filter { !Inheritance.current.isIgnored($0) }
        let sources = handled.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { received.yield(number) }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            for number in handled { signal(number, SIG_DFL) }
        }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                for await number in numbers {
                    for other in handled { signal(other, SIG_DFL) }
                    await cleanUp()
                    exit(128 + number)
                }
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
