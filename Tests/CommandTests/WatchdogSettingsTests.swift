import Fleet
import Foundation
import Ledger
import Testing

@testable import Presentation

@Suite struct WatchdogSettingsTests {
    private func read(_ block: String) throws -> (settings: Settings, origins: SettingsOrigins) {
        try SettingsSources(environment: [:]).settingsWithOrigins(file: "/c.yaml") { _ in "watchdog:\n\(block)\n" }
    }

    private func issues(_ block: String) -> [String] {
        SettingsFile(path: "/c.yaml", text: "watchdog:\n\(block)\n").issues.map(\.description)
    }

    @Test func `without a block everything is told and nothing done`() throws {
        let settings = try SettingsSources(environment: [:]).settings { _ in nil }
        #expect(settings.watchdog == WatchdogSettings())
        for kind in Finding.Kind.allCases { #expect(settings.watchdog.action(for: kind) == .warn) }
    }

    @Test func `every key is read`() throws {
        let (settings, origins) = try read(
            """
              unleased: kill
              misplaced: freeze
              overMemory: throttle
              overShare: off
              samples: 5
              memorySlack: 1GiB
              shareSlack: 0.2
              shareAfter: 1m
              spare: [Xorg, "my tool", usual]
            """)
        let watchdog = settings.watchdog
        #expect(Finding.Kind.allCases.map(watchdog.action) == [.kill, .freeze, .throttle, .off])
        #expect(watchdog.samples == 5 && watchdog.memorySlack == .gibibytes(1))
        #expect(watchdog.shareSlackPercent == 20 && watchdog.shareAfter == Span(seconds: 60))
        #expect(watchdog.sparedPrograms.starts(with: ["Xorg", "my tool", "Xorg", "Xwayland"]))
        let lines = Table(settings, origins: origins, paths: StandardPaths(uid: 0, environment: [:])).lines()
        #expect(lines.contains { $0.contains("watchdog.unleased") && $0.contains("kill") && $0.contains("/c.yaml:2") })
    }

    @Test func `what is shown reads back to the same`() throws {
        for block in ["  unleased: kill\n  spare: []", "  shareSlack: 0\n  memorySlack: 0\n  spare: [\"a: b\"]"] {
            let settings = try read(block).settings
            let yaml = settings.yaml(paths: StandardPaths(uid: 0, environment: [:])).joined(separator: "\n")
            let again = try SettingsSources(environment: [:]).settings(file: "/c.yaml") { _ in yaml }
            #expect(again.watchdog == settings.watchdog, "\(yaml)")
        }
    }

    @Test func `the sample configuration, without its comment signs, shows every default`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Packaging/config.yaml")
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "# watchdog:"))
        let block = lines[start...].prefix { !$0.isEmpty }.map { String($0.dropFirst(2)) }.joined(separator: "\n")
        let read = SettingsFile(path: "/c.yaml", text: block)
        #expect(read.issues.isEmpty, "\(read.issues)")
        #expect(read.watchdog?.settings == WatchdogSettings())
        #expect(read.count == WatchdogKey.allCases.count)
    }

    @Test(arguments: [
        (
            "  unleased: shout",
            "2: \"shout\" is no value of watchdog.unleased; it is off, warn, throttle, freeze or kill"
        ),
        ("  unleashed: warn", "2: \"unleashed\" is not a key of watchdog; did you mean \"unleased\"?"),
        ("  samples: 0", "2: \"0\" is no value of watchdog.samples; it is a whole number from 1 to 60"),
        (
            "  memorySlack: 512",
            "2: \"512\" is no value of watchdog.memorySlack; it is an amount of memory such as 80GiB or 1.5TiB, or 0"
        ),
        (
            "  shareSlack: 15%",
            "2: \"15%\" is no value of watchdog.shareSlack; it is a share of a GPU from 0 to 1, such as 0.15"
        ),
        (
            "  shareAfter: 1s",
            "2: \"1s\" is no value of watchdog.shareAfter; it is a length of time such as 90s, 30m, 2h or 7d, from 2s to 1h"
        ),
        (
            "  overShare: [warn]",
            "2: watchdog.overShare needs one value: off, warn, throttle, freeze or kill"
        ),
    ])
    func `a slip is pointed at with its line, what was written and what is accepted`(_ block: String, _ issue: String) {
        #expect(issues(block) == ["/c.yaml:\(issue)"])
    }
}
