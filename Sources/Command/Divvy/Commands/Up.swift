import ArgumentParser
import Logging
import Presentation

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve this machine's GPUs until it is told to stop; leases and containers live on.",
        discussion: """
            Examples:
              divvy up                          as root: for this machine's users
              divvy up --driver sim:dgx-a100    eight simulated A100, no GPU needed
              divvy up --policy spread --state /srv/divvy

            As root it keeps its state in /var/lib/divvy and listens on
            /run/divvy/divvy.sock, for the group divvy where there is one. As anybody
            else it serves that user alone, from the user's own directories. SIGTERM
            and Ctrl-C stop it; what runs goes on, and the next start takes it up.
            """)

    @Option(help: ArgumentHelp("\(SettingsKey.driver.form).", valueName: "driver"))
    var driver: String?

    @Option(
        help: ArgumentHelp("Where the device nodes lie: /dev unless said.", valueName: "path"), completion: .directory)
    var deviceRoot: String?

    @Option(
        help: ArgumentHelp("The directory with everything that must not be lost.", valueName: "path"),
        completion: .directory)
    var state: String?

    @Option(help: ArgumentHelp("Where to listen.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(help: ArgumentHelp("Where container engines look for devices.", valueName: "path"), completion: .directory)
    var cdiDir: String?

    @Option(help: ArgumentHelp("\(SettingsKey.placementPolicy.form).", valueName: "policy"))
    var policy: String?

    @Option(help: ArgumentHelp("How long what is stopped may take: \(SettingsKey.grace.form).", valueName: "time"))
    var grace: String?

    @Option(help: ArgumentHelp("Read settings from this file only.", valueName: "file"), completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Write a line to this descriptor and close it, once ready.", valueName: "number", visibility: .hidden))
    var readyFd: Int32?

    @Flag(name: .shortAndLong, help: "Log everything that is decided.")
    var debug = false

    private var flags: [SettingsKey: String] {
        let all: [(SettingsKey, String?)] = [
            (.driver, driver), (.deviceRoot, deviceRoot), (.stateDirectory, state), (.socket, socket),
            (.cdiDirectory, cdiDir), (.placementPolicy, policy), (.grace, grace),
        ]
        return Dictionary(uniqueKeysWithValues: all.compactMap { key, text in text.map { (key, $0) } })
    }

    func run() async throws {
        let sources = SettingsSources(flags: flags, environment: Console.environment)
        let settings = try sources.settings(file: config, read: Files.read)
        let isDebug = debug
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = isDebug ? .debug : .notice
            return handler
        }
        let pool = try Pool(settings, log: Logger(label: "divvy"))
        try await pool.serve(readyDescriptor: readyFd)
    }
}
