import ArgumentParser
import Fleet
import Glibc
import Presentation

/// What a container engine's runtime runs between making a container and starting its program: a `createRuntime` hook
/// of the CDI specification, or `divvy-runtime`. The container does not start unless it succeeds.
struct Hook: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have a container's limits put in place before it starts; its engine's runtime calls this.",
        shouldDisplay: false)

    @Argument(help: ArgumentHelp("The container's lease.", valueName: "lease"))
    var lease: String

    @OptionGroup var connection: ConnectionOptions

    /// In seconds: a container that waits for ever is worse than one that does not start.
    private static let patience: UInt32 = 15

    func run() async throws {
        guard let id = LeaseID(lease) else {
            throw Failure(.badUsage, "\"\(lease)\" is no lease; they look like lease-17")
        }
        Self.giveUp(after: Self.patience)
        let state = try ContainerState(Self.input())
        do {
            _ = try await Daemon(connection).admit(to: id, container: state.pid)
        } catch let failure as Failure {
            throw Self.failure(id, failure)
        }
    }

    /// Ends this process then, whatever it waits for.
    private static func giveUp(after seconds: UInt32) {
        signal(SIGALRM) { _ in
            // All that a signal may do.
            let words: StaticString =
                "divvy: the limits of this container are not in place, so it must not start: no answer within 15 s\n"
            _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
            _exit(ExitStatus.daemonUnreachable.rawValue)
        }
        alarm(seconds)
    }

    private static func input() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= 1 << 20 {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw Failure(.inputOutput, "\(SystemFailure.last("cannot read the container's state"))")
            }
        }
        throw Failure(.badData, "the container's state, on standard input, is longer than 1 MiB")
    }

    /// One line: engines show no more of it.
    private static func failure(_ lease: LeaseID, _ why: Failure) -> Failure {
        let reason = (why.message.split(separator: "\n") + (why.hint?.split(separator: "\n") ?? []))
            .joined(separator: "; ")
        return Failure(
            why.status, "the limits of \(lease) are not in place, so its container must not start: \(reason)")
    }
}

/// What a runtime tells a hook of its container: the OCI state, a JSON object.
struct ContainerState: Hashable {
    /// The first process of the container.
    let pid: Int32

    init(_ bytes: [UInt8]) throws(Failure) {
        let state: JSONValue
        do throws(JSONValue.ParsingError) {
            state = try JSONValue(parsing: bytes)
        } catch {
            throw Failure(.badData, "the container's state, on standard input, is \(error)")
        }
        guard case .number(let text)? = state["pid"], let pid = Int32(text), pid > 0 else {
            throw Failure(.badData, "the container's state, on standard input, has no pid of a process that is there")
        }
        self.pid = pid
    }
}
