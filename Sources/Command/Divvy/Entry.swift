import ArgumentParser
import Dispatch
import Fleet
import Glibc
import Presentation
import SimulatedDevices

/// Where the program starts: finds the command, runs it, and turns whatever it throws into words and a status.
@main
enum Entry {
    /// Not `async`: a command that waits for nobody runs before there is a second thread, which `confine` relies on.
    static func main() {
        _ = Inheritance.current
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            try refuseUnknownCommand(arguments)
            var command = try parse(arguments)
            guard let asynchronous = command as? any AsyncParsableCommand else {
                try command.run()
                exit(ExitStatus.done.rawValue)
            }
            run(asynchronous)
        } catch {
            end(with: error)
        }
    }

    /// `run` reads its words itself, so the parser, which would first look at every option of every command, is left
    /// out: what is spent here comes before somebody's program starts.
    private static func parse(_ arguments: [String]) throws -> sending any ParsableCommand {
        guard arguments.first == Run._commandName, arguments.count > 1 else { return try Divvy.parseAsRoot(arguments) }
        var run = Run()
        run.words = Array(arguments.dropFirst())
        return run
    }

    private static func run(_ command: sending any AsyncParsableCommand) -> Never {
        Task {
            var command = command
            do {
                try await command.run()
            } catch {
                end(with: error)
            }
            exit(ExitStatus.done.rawValue)
        }
        dispatchMain()
    }

    /// The parser knows what to suggest for an option, but takes a wrong command for a stray argument.
    static func refuseUnknownCommand(_ arguments: [String]) throws(Failure) {
        let asksForHelp = arguments.first == "help"
        var path: [String] = []
        var known: [any ParsableCommand.Type] = Divvy.configuration.subcommands
        for word in asksForHelp ? arguments.dropFirst() : arguments[...] {
            guard !word.hasPrefix("-"), !known.isEmpty else { return }
            if let command = known.first(where: { $0._commandName == word }) {
                path.append(word)
                let isFree = command.configuration.defaultSubcommand is any TakesAnyWord.Type
                known = isFree ? [] : command.configuration.subcommands
                continue
            }
            if path.isEmpty, word == "help" { return }
            let names = known.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
            let meant = Suggestion.nearest(to: word, among: path.isEmpty ? names + ["help"] : names)
            let program = (["divvy"] + (asksForHelp ? ["help"] : []) + path).joined(separator: " ")
            throw Failure(
                .badUsage, "there is no command \"\((path + [word]).joined(separator: " "))\"",
                hint: meant.map { "did you mean \"\(program) \($0)\"?" } ?? "`divvy help` lists all commands")
        }
    }

    private static func end(with error: any Error) -> Never {
        guard let failure = Failure(describing: error) else { Divvy.exit(withError: error) }
        Console.report(failure)
        exit(failure.status.rawValue)
    }
}

extension Failure {
    /// What an error means to people; nil for one that the argument parser words itself.
    init?(describing error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let issue as SettingsIssue:
            self.init(.badConfiguration, "\(issue)", hint: "`divvy config check` lists all")
        case let error as RequestError: self.init(.badUsage, "\(error)")
        case let refusal as RequestRefusal: self.init(.badData, "\(refusal)")
        case let failure as SystemFailure: self.init(.inputOutput, "\(failure)")
        case is CancellationError: self.init(.failed, "cancelled")
        case let error as SimulationError: self.init(error)
        default:
            // The parser words what it throws itself, and so does whoever throws a bare status.
            guard !(error is ExitCode), Divvy.exitCode(for: error) == .failure else { return nil }
            self.init(.failed, "\(error)")
        }
    }
}
