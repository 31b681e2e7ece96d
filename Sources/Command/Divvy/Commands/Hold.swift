import API
import ArgumentParser
import Fleet
import Presentation

struct Hold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a lease without running anything; it lasts until it is given back.",
        discussion: """
            Examples:
              divvy hold --gpus 1 --for 2h
              eval "$(divvy hold --gpus 0.5 --env)"
              python infer.py; divvy release $DIVVY_LEASE
              id=$(divvy hold -q --gpus 2 --keep-alive 60s)
              divvy extend $id                  at least once a minute
              docker run --device divvy.dev/gpu=$(divvy hold -q --for 1h) IMAGE
            """)

    @OptionGroup var request: RequestFlags

    @Option(help: ArgumentHelp("End it unless it is kept alive this often: 60s.", valueName: "time"))
    var keepAlive: String?

    @Option(help: ArgumentHelp("A name for people.", valueName: "name"))
    var name: String?

    @Flag(help: "Print what a shell needs to use the GPUs: export lines.")
    var env = false

    @Flag(help: "Print the lease as JSON.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print the id and nothing else, on any stream.")
    var quiet = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if [env, json].filter({ $0 }).count > 1 { throw ValidationError("--env and --json contradict each other") }
        if let keepAlive, Span(written: keepAlive) == nil {
            throw ValidationError("--keep-alive takes \(SettingsKey.grace.form), not \"\(keepAlive)\"")
        }
    }

    func run() async throws {
        let read = try ReadRequest(request.options)
        let asking = Asking(daemon: try Daemon(connection), request: read, isQuiet: quiet)
        var body = read.body(name: name, keepAlive: keepAlive, holder: .init(kind: .nobody))
        if env, read.mayBeFenced {
            body = try read.unfenced(
                body, because: "a shell that only has variables of the lease sees the driver as it is", isQuiet: quiet)
        }
        let lease = try await asking.lease(body)
        if json {
            Console.print(try JSONValue(lease).pretty)
        } else if env {
            Console.print((lease.preparation?.processEnvironment ?? []).map(Self.export))
        } else {
            Console.print("\(lease.id)")
        }
        let isBounded = lease.deadline != nil || keepAlive != nil
        if !quiet, !isBounded { Console.note("divvy: held until `divvy release \(lease.id.number)`") }
    }

    /// `export NAME=value`, the value quoted for a shell.
    private static func export(_ entry: String) -> String {
        let name = entry.prefix { $0 != "=" }
        return "export \(name)=\(Shell.quoted(String(entry.dropFirst(name.count + 1))))"
    }
}
