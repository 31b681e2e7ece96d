import Fleet
import Placement
import Presentation
import Testing

@Suite struct SettingsTests {
    private static let user = "/home/ada/.config/divvy/config.yaml"

    private func settings(
        flags: [SettingsKey: String] = [:], environment: [String: String] = [:], files: [String: String] = [:],
        file: String? = nil
    ) throws -> Settings {
        try SettingsSources(flags: flags, environment: ["HOME": "/home/ada"].merging(environment) { $1 })
            .settings(file: file) { files[$0] }
    }

    @Test func `flags win over the environment, that over the user's file, that over the system's`() throws {
        let system = "placementPolicy: spread\ngrace: 1s\nengine: podman\nsocket: /system\n"
        let user = "grace: 2s\nengine: docker\nsocket: /user\n"
        let result = try settings(
            flags: [.socket: "/flag"], environment: ["DIVVY_ENGINE": "podman", "DIVVY_SOCKET": "/environment"],
            files: [SettingsSources.systemFile: system, Self.user: user])
        #expect(result.socket == "/flag")
        #expect(result.engine == .podman)
        #expect(result.grace == Span(seconds: 2))
        #expect(result.placementPolicy == .spread)
    }

    @Test func `every setting tells where its value came from`() throws {
        let sources = SettingsSources(
            flags: [.socket: "/flag"], environment: ["HOME": "/home/ada", "DIVVY_ENGINE": "podman", "DIVVY_GRACE": ""])
        let files = [SettingsSources.systemFile: "grace: 1s\nengine: docker", Self.user: "# mine\ngrace: 2s\n"]
        let (settings, origins) = try sources.settingsWithOrigins { files[$0] }
        let paths = StandardPaths(uid: 0, environment: [:])
        try expectGolden("settings.txt", Table(settings, origins: origins, paths: paths).lines())
    }

    @Test func `without any source everything has its default`() throws {
        #expect(try settings() == Settings())
    }

    @Test func `an empty variable sets nothing`() throws {
        #expect(try settings(environment: ["DIVVY_SOCKET": ""]).socket == nil)
    }

    @Test func `XDG_CONFIG_HOME moves the user's file`() throws {
        let files = ["/x/divvy/config.yaml": "socket: /there", Self.user: "socket: /here"]
        #expect(try settings(environment: ["XDG_CONFIG_HOME": "/x"], files: files).socket == "/there")
    }

    @Test func `a named file is the only one read, and must be there`() throws {
        let files = ["/named": "grace: 3s", SettingsSources.systemFile: "engine: podman"]
        let result = try settings(files: files, file: "/named")
        #expect(result.grace == Span(seconds: 3))
        #expect(result.engine == nil)
        #expect(throws: SettingsIssue.self) { try settings(environment: ["DIVVY_CONFIG": "/gone"]) }
    }

    @Test func `every issue of a file is found, with its line`() {
        let text = """
            # a comment
            socket: run/divvy.sock
            placementpolicy: spread
            grace: ten
            engine: lxc
            driver: simulated
            stateDirectory: [a, b]
            deviceRoot:
            colour: blue
            """
        let issues = SettingsFile(path: "/c.yaml", text: text).issues.map(\.description)
        #expect(
            issues == [
                "/c.yaml:2: \"run/divvy.sock\" is no value of socket; it is \(SettingsKey.socket.form)",
                "/c.yaml:3: \"placementpolicy\" is not a key; did you mean \"placementPolicy\"?",
                "/c.yaml:4: \"ten\" is no value of grace; it is \(SettingsKey.grace.form)",
                "/c.yaml:5: \"lxc\" is no value of engine; it is docker or podman",
                "/c.yaml:6: \"simulated\" is no value of driver; it is \(SettingsKey.driver.form)",
                "/c.yaml:7: stateDirectory needs one value: an absolute path",
                "/c.yaml:8: deviceRoot needs one value: an absolute path",
                "/c.yaml:9: \"colour\" is not a key; the keys are "
                    + (SettingsKey.allCases.map(\.rawValue) + ["queueing", "watchdog"]).joined(separator: ", "),
            ])
    }

    @Test(arguments: ["just text", "- a\n- b", "socket: [", "a: b: c", "socket: /a\nsocket: /b"])
    func `a file of another shape is refused in one sentence`(_ text: String) {
        let issues = SettingsFile(path: "/c.yaml", text: text).issues
        #expect(issues.count == 1)
        #expect(issues.first?.line != nil)
    }

    @Test(arguments: ["", "# nothing yet\n", "---\n", "\n\n"]) func `an empty file sets nothing`(_ text: String) {
        let file = SettingsFile(path: "/c.yaml", text: text)
        #expect(file.issues.isEmpty)
        #expect(file.values.isEmpty)
    }

    @Test func `the environment is checked too`() {
        let issues = SettingsSources(environment: [
            "DIVVY_GRACE": "soon", "DIVVY_SOKET": "/a", "DIVVY_LEASE": "lease-1", "DIVVY_CONFIG": "/c", "HOME": "/",
        ]).environmentIssues.map(\.description)
        #expect(
            issues == [
                "DIVVY_GRACE: \"soon\" is no value of grace; it is \(SettingsKey.grace.form)",
                "DIVVY_SOKET: no setting has this variable; did you mean DIVVY_SOCKET?",
            ])
    }

    @Test func `variables follow the keys`() {
        #expect(
            SettingsKey.allCases.map(\.variable) == [
                "DIVVY_SOCKET", "DIVVY_STATE_DIRECTORY", "DIVVY_CDI_DIRECTORY", "DIVVY_DRIVER", "DIVVY_DEVICE_ROOT",
                "DIVVY_PLACEMENT_POLICY", "DIVVY_GRACE", "DIVVY_TIME_SLICE", "DIVVY_ENGINE",
            ])
    }

    @Test func `a socket path that the kernel cannot take is refused`() {
        var settings = Settings()
        let longest = settings.set(.socket, to: "/" + String(repeating: "a", count: 102))
        let tooLong = settings.set(.socket, to: "/" + String(repeating: "a", count: 103))
        #expect(longest)
        #expect(!tooLong)
    }

    @Test func `drivers are automatic, a path, or simulated`() {
        #expect(Settings.Driver("auto") == .automatic)
        #expect(Settings.Driver("/usr/lib/libnvidia-ml.so.1") == .library(path: "/usr/lib/libnvidia-ml.so.1"))
        #expect(Settings.Driver("sim:dgx-a100") == .simulated(profile: "dgx-a100"))
        #expect(Settings.Driver("sim:") == nil)
        #expect(Settings.Driver("nvidia") == nil)
    }

    @Test func `root's things lie where the system has them`() {
        let paths = StandardPaths(uid: 0, environment: ["XDG_RUNTIME_DIR": "/run/user/0", "HOME": "/root"])
        #expect(paths.socket == "/run/divvy/divvy.sock")
        #expect(paths.stateDirectory == "/var/lib/divvy")
        #expect(paths.cdiDirectory == "/var/run/cdi")
        #expect(paths.clientSockets == ["/run/divvy/divvy.sock"])
    }

    @Test func `a user's things lie in the user's directories`() {
        let paths = StandardPaths(uid: 1000, environment: ["XDG_RUNTIME_DIR": "/run/user/1000", "HOME": "/home/ada"])
        #expect(paths.socket == "/run/user/1000/divvy/divvy.sock")
        #expect(paths.stateDirectory == "/home/ada/.local/state/divvy")
        #expect(paths.cdiDirectory == "/run/user/1000/cdi")
        #expect(paths.privateDirectory == nil)
        #expect(paths.clientSockets.last == StandardPaths.systemSocket)
    }

    @Test func `a user without a session has a private directory in tmp`() {
        let paths = StandardPaths(uid: 1000, environment: [:])
        #expect(paths.socket == "/tmp/divvy-1000/divvy.sock")
        #expect(paths.stateDirectory == "/tmp/divvy-1000/state")
        #expect(paths.privateDirectory == "/tmp/divvy-1000")
    }

    @Test func `every placement policy can be set by its name`() {
        for policy in PolicyName.allCases {
            var settings = Settings()
            let isTaken = settings.set(.placementPolicy, to: policy.rawValue)
            #expect(isTaken)
            #expect(settings.placementPolicy == policy)
        }
    }

    @Test func `what is set reads back as it is written`() {
        let values: [SettingsKey: String] = [
            .socket: "/s", .stateDirectory: "/st", .cdiDirectory: "/c", .driver: "sim:a", .deviceRoot: "/d",
            .placementPolicy: "spread", .grace: "1m30s", .timeSlice: "short", .engine: "podman",
        ]
        var settings = Settings()
        for key in SettingsKey.allCases {
            let isTaken = settings.set(key, to: values[key] ?? "")
            #expect(isTaken)
            #expect(settings.text(of: key) == values[key])
        }
    }
}
