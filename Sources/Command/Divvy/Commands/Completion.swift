import ArgumentParser
import Presentation

struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a script that completes commands and options in a shell.",
        discussion: """
            Examples:
              source <(divvy completion bash)
              divvy completion zsh > ~/.zsh/completions/_divvy
              divvy completion fish > ~/.config/fish/completions/divvy.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument { case bash, zsh, fish }

    @Argument(help: "\(Shell.allCases.map(\.rawValue).joined(separator: ", ")).")
    var shell: Shell

    func run() throws {
        guard let known = CompletionShell(rawValue: shell.rawValue) else {
            throw Failure(.badUsage, "no completion for \(shell.rawValue)")
        }
        Console.print(CompletedDivvy.completionScript(for: known))
    }
}
