import ArgumentParser
import Glibc
import Presentation

/// Which daemon to talk to.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(help: ArgumentHelp("Read settings from this file only.", valueName: "file"), completion: .file())
    var config: String?

    init() {}

    /// For `run`, which reads its words itself.
    init(socket: String?, config: String?) {
        self.socket = socket
        self.config = config
    }

    /// The socket: as set, else the user's own where a daemon has made it, else the machine's.
    ///
    /// Files are read only when neither flag nor environment names a socket.
    func socketPath() throws -> String {
        let environment = Console.environment
        let sources = SettingsSources(flags: flags, environment: environment)
        if let text = sources.strongText(of: .socket) {
            var settings = Settings()
            guard settings.set(.socket, to: text), let socket = settings.socket else {
                throw Failure(.badConfiguration, "\"\(text)\" is no socket; it is \(SettingsKey.socket.form)")
            }
            return socket
        }
        if let socket = try sources.settings(file: config, read: Files.read).socket { return socket }
        let paths = StandardPaths(uid: getuid(), environment: environment)
        return paths.clientSockets.first(where: Files.exists) ?? paths.socket
    }

    func settings() throws -> Settings {
        try SettingsSources(flags: flags, environment: Console.environment).settings(file: config, read: Files.read)
    }

    private var flags: [SettingsKey: String] { socket.map { [.socket: $0] } ?? [:] }
}
