import API
import ArgumentParser
import Glibc
import Presentation

struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch GPUs, leases and processes; it changes nothing.",
        discussion: """
            Examples:
              divvy top                         q or Ctrl-C ends it
              divvy top --once
              divvy top -o json                 GPUs, leases and processes as one document
            """)

    @Flag(name: [.customShort("1"), .long], help: "Print one picture and end.")
    var once = false

    @Option(
        name: [.customShort("d"), .long], help: ArgumentHelp("Seconds between two pictures.", valueName: "seconds"))
    var interval = 2.0

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How to write it; json and yaml print one picture, as --once does.", valueName: "format"))
    var output = FormatChoice<DocumentFormats>(.table)

    @Flag(help: "Print without colour.")
    var noColor = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard interval >= 0.1, interval <= 3600 else { throw ValidationError("--interval takes 0.1 to 3600 seconds") }
    }

    /// What `-o json` writes.
    private struct Picture: Encodable {
        let schema = "divvy.v1/Top"
        let fleet: FleetView
        let leases: [LeaseView]
    }

    func run() async throws {
        let daemon = try Daemon(connection)
        let palette = Console.palette(noColor: noColor)
        if once || output.format != .table || !Console.outputIsTerminal {
            let screen = try await picture(daemon)
            switch output.format {
            case .json: return Console.print(try JSONValue(Picture(fleet: screen.fleet, leases: screen.leases)).pretty)
            case .yaml: return Console.print(try JSONValue(Picture(fleet: screen.fleet, leases: screen.leases)).yaml)
            default: return Console.print(screen.lines(palette: palette))
            }
        }
        let first = try await picture(daemon)
        let screen = FullScreen()
        defer { screen.leave() }
        screen.draw(first.lines(palette: palette))
        while screen.wait(seconds: interval) == .timeToDraw {
            screen.draw(try await picture(daemon).lines(palette: palette))
        }
    }

    private func picture(_ daemon: Daemon) async throws -> TopScreen {
        let fleet = try await daemon.fleet()
        let leases = try await daemon.leases(includingEnded: false)
        return TopScreen(fleet: fleet, leases: leases.items, now: WallClock.now)
    }
}
