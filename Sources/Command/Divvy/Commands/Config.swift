import ArgumentParser
import Glibc
import Presentation

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look after settings.",
        discussion: """
            Examples:
              divvy config check
              divvy config check ./config.yaml
              divvy config show > config.yaml   what holds, as a file
            """,
        subcommands: [Check.self, Show.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the settings that hold, as a configuration file that reads back to them.",
            discussion: """
                Examples:
                  divvy config show
                  divvy config show ./config.yaml       this file only, with defaults
                """)

        @Argument(help: "A file; without one, all places that settings come from.", completion: .file())
        var file: String?

        func run() throws {
            let sources = SettingsSources(environment: file == nil ? Console.environment : [:])
            let settings = try sources.settings(file: file, read: Files.read)
            let standard = StandardPaths(uid: getuid(), environment: Console.environment)
            Console.print(settings.yaml(paths: standard))
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read settings as every command does, and say which hold and what is wrong.",
            discussion: """
                Examples:
                  divvy config check                    all that is read: files, environment
                  divvy config check ./config.yaml      this file only

                Keys: \(SettingsKey.allCases.map(\.rawValue).joined(separator: ", "))
                and queueing, a block that /etc/divvy/config.yaml explains.
                """)

        @Argument(help: "A file; without one, all places that settings come from.", completion: .file())
        var file: String?

        func run() throws {
            let sources = SettingsSources(environment: Console.environment)
            let (paths, mustExist) = sources.files(named: file)
            var issues: [SettingsIssue] = []
            for path in paths {
                guard let text = try Files.read(path) else {
                    if mustExist { issues.append(SettingsIssue(place: path, message: "there is no such file")) }
                    continue
                }
                let contents = SettingsFile(path: path, text: text)
                issues += contents.issues
                if contents.issues.isEmpty {
                    let count = contents.count
                    Console.print("\(path): \(count == 1 ? "1 setting" : "\(count) settings"), nothing wrong")
                }
            }
            if file == nil { issues += sources.environmentIssues }
            for issue in issues { Console.note("\(issue)") }
            guard issues.isEmpty else { throw ExitCode(ExitStatus.badConfiguration.rawValue) }
            guard file == nil else { return }
            let (settings, origins) = try sources.settingsWithOrigins(read: Files.read)
            let standard = StandardPaths(uid: getuid(), environment: Console.environment)
            Console.print(Table(settings, origins: origins, paths: standard).lines(palette: Console.palette()))
        }
    }
}
