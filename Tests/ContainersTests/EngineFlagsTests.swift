import Foundation
import Testing

@testable import Containers

/// The table of flags against what the installed engines say of themselves.
@Suite struct EngineFlagsTests {
    /// Long and short options of `run`, each with whether its help shows a word for a value.
    private func options(of engine: EngineKind) async throws -> [(short: Character?, long: String, isFlag: Bool)]? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        guard let command = EngineDiscovery(path: path).command(engine) else { return nil }
        let help = try await command.output(of: ["run", "--help"]).text
        let line = /^ {2,6}(?:-(?<short>\w), )?--(?<long>[a-z0-9-]+)(?<value> [^ ].*?)?(?: {2,}.*)?$/
        return help.split(separator: "\n").compactMap { text in
            (try? line.wholeMatch(in: text)).flatMap { $0 }.map { match in
                (match.short?.first, String(match.long), match.value == nil)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `the table of flags is what the installed engine's help says`(engine: EngineKind) async throws {
        guard let options = try await options(of: engine) else {
            #expect(ProcessInfo.processInfo.environment["CI"] != "true", "\(engine.rawValue) is not installed")
            return
        }
        #expect(options.count > 60)
        for option in options {
            #expect(EngineFlags.long.contains(option.long) == option.isFlag, "--\(option.long)")
            guard let short = option.short else { continue }
            #expect((EngineFlags.short[short] != nil) == option.isFlag, "-\(short)")
            if let name = EngineFlags.short[short] ?? EngineFlags.shortWithValue[short] { #expect(name == option.long) }
        }
    }
}
