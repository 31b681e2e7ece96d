import API
import ArgumentParser
import Presentation

struct Version: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show this program's version and the daemon's.",
        discussion: """
            Examples:
              divvy version
              divvy version -o json             the daemon's answer
              divvy --version                   this program's only
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("How to write it.", valueName: "format"))
    var output = FormatChoice<DocumentFormats>(.table)

    @OptionGroup var connection: ConnectionOptions

    /// A daemon that is not there is no failure for people, who asked for our version too, but is one for programs.
    func run() async throws {
        if output.format != .table {
            let tree = try JSONValue(try await Daemon(connection).version())
            return Console.print(output.format == .json ? tree.pretty : tree.yaml)
        }
        Console.print("divvy \(Release.version)")
        do {
            let info = try await Daemon(connection).version()
            var facts: [(label: String, value: Cell?)] = [
                ("Daemon", Cell("\(info.version), API \(info.apiVersion), pid \(info.pid)")),
                ("Socket", Cell(info.socket)),
                ("State", Cell(info.state)),
                ("Node", Cell(info.node)),
            ]
            if let driver = info.driver {
                let cuda = driver.cudaVersion.map { ", CUDA up to \($0)" } ?? ""
                facts.append(("Driver", Cell("\(driver.version)\(cuda), \(driver.note ?? driver.library)")))
            }
            Console.print(Details(facts).lines(palette: Console.palette()))
        } catch let failure as Failure where failure.status == .daemonUnreachable {
            Console.note("no daemon: \(failure.message)")
        }
    }
}
