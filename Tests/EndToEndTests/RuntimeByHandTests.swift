import Foundation
import Glibc
import Testing

/// `divvy-runtime` as engines call it, with a bundle of the test's own.
@Suite(
    .tags(.engine), .serialized, .timeLimit(.minutes(3)),
    .enabled(
        if: Engines.areUsable || ProcessInfo.processInfo.environment["CI"] != nil,
        "containers without an engine need root"))
struct `divvy-runtime called by hand` {
    /// Runs `body` with a pool and a bundle whose container sleeps.
    private func with(_ variables: [String], _ body: (Pool, TestBundle) throws -> Void) throws {
        try Pool.with(profile: "2x-rtx-4090") { pool throws in
            let bundle = try TestBundle(in: pool, variables: variables)
            defer { bundle.remove() }
            try body(pool, bundle)
        }
    }

    @Test func `makes and deletes a container, and leaves its bundle as it was`() throws {
        try with(["DIVVY_GPUS=0.5"]) { pool, bundle throws in
            let before = try bundle.configuration
            let made = try bundle.call("create", "--bundle", bundle.path, bundle.container)
            #expect(made.status == 0, "\(made)")
            #expect(try bundle.configuration != before)
            let state = try bundle.call("state", bundle.container).output
            let pid = try JSONSerialization.jsonObject(with: Data(state.utf8)) as? [String: Any]
            let holder = try pool.items("ps").first?["holder"] as? [String: Any]
            #expect(holder?["pid"] as? Int == pid?["pid"] as? Int, "\(state)")
            #expect(try bundle.call("start", bundle.container).status == 0)

            let early = try bundle.call("delete", bundle.container)
            #expect(early.status != 0, "a running container is not deleted")
            #expect(try pool.leases() == ["lease-1": "granted"])
            #expect(try bundle.call("delete", "--force", bundle.container).status == 0)
            #expect(try pool.leases() == ["lease-1": "ended"])
            #expect(try bundle.configuration == before)
            #expect(try bundle.files.filter { $0.hasPrefix("config") } == ["config.json"])
        }
    }

    @Test func `runs a container in the foreground, and ends like it`() throws {
        try with(["DIVVY_GPUS=1"]) { pool, bundle throws in
            try bundle.change { process in process["args"] = ["sh", "-c", "ls /dev/nvidia[0-9]; exit 9"] }
            for lease in ["lease-1", "lease-2"] {
                let result = try bundle.call("run", "--bundle", bundle.path, bundle.container)
                #expect(result.status == 9 && result.output == "/dev/nvidia0\n", "\(result)")
                #expect(try eventually { try pool.leases()[lease] == "ended" })
            }
        }
    }

    @Test func `gives back at once what the runtime could not use, and hands its words and status on`() throws {
        try with(["DIVVY_GPUS=2"]) { pool, bundle throws in
            try bundle.change { process in process["args"] = ["/no/such/program"] }
            let before = try bundle.configuration
            let result = try bundle.call("create", "--bundle", bundle.path, bundle.container)
            #expect(result.status == 1 && result.errors.contains("/no/such/program"), "\(result)")
            #expect(try eventually(2) { try pool.leases() == ["lease-1": "ended"] })
            #expect(try bundle.configuration == before)
            #expect(try bundle.call("state", bundle.container).status != 0)
        }
    }

    @Test func `that is killed while it makes a container leaves neither lease nor runtime behind`() throws {
        try with(["DIVVY_GPUS=2"]) { pool, bundle throws in
            let mark = "\(pool.directory)/creating"
            let slow = try pool.script("slow", "case \" $* \" in *' create '*) echo $$ >\(mark); exec sleep 60;; esac")
            let program = try Program(
                bundle.words(over: slow, "create", "--bundle", bundle.path, bundle.container),
                environment: pool.environment, output: "\(pool.directory)/out")
            #expect(try eventually { FileManager.default.fileExists(atPath: mark) })
            let runtime = try eventuallyPid(mark)
            #expect(try pool.leases() == ["lease-1": "granted"])
            program.signal(SIGKILL)
            program.wait()
            #expect(try eventually { try pool.leases() == ["lease-1": "ended"] })
            #expect(try eventually { kill(runtime, 0) != 0 })
            #expect(try pool.freeShares() == [1000, 1000])

            // Whoever comes next finds a bundle that has been edited, and starts from what it was.
            let again = try bundle.call("create", "--bundle", bundle.path, bundle.container)
            #expect(again.status == 0, "\(again)")
            #expect(try bundle.configuration.components(separatedBy: "DIVVY_LEASE=").count == 2)
            #expect(try bundle.call("delete", "--force", bundle.container).status == 0)
        }
    }

    @Test func `keeps the lease when the daemon is killed and comes back while the container is made`() throws {
        try with(["DIVVY_GPUS=0.5", "DIVVY_GPU_MEMORY=1GiB"]) { pool, bundle throws in
            let (mark, go) = ("\(pool.directory)/creating", "\(pool.directory)/go")
            let slow = try pool.script(
                "slow",
                """
                case " $* " in *' create '*) echo $$ >\(mark); while [ ! -e \(go) ]; do sleep 0.05; done;; esac
                exec runc "$@"
                """)
            let program = try Program(
                bundle.words(over: slow, "create", "--bundle", bundle.path, bundle.container),
                output: "\(pool.directory)/out")
            #expect(try eventually { FileManager.default.fileExists(atPath: mark) })
            pool.crash()
            FileManager.default.createFile(atPath: go, contents: nil)
            // The container is there, and its lease has nobody to be handed over by.
            #expect(try eventually { try bundle.call("state", bundle.container).status == 0 })
            #expect(program.isRunning)
            try pool.start()
            #expect(program.wait() == 0, "\(pool.text("out"))")
            #expect(try pool.leases() == ["lease-1": "granted"])
            let state = try bundle.call("state", bundle.container).output
            let pid = (try JSONSerialization.jsonObject(with: Data(state.utf8)) as? [String: Any])?["pid"] as? Int
            #expect((try pool.items("ps").first?["holder"] as? [String: Any])?["pid"] as? Int == pid)
            #expect(try bundle.call("delete", "--force", bundle.container).status == 0)
            #expect(try pool.leases() == ["lease-1": "ended"])
        }
    }

    @Test func `that cannot hand the lease over leaves no container behind`() throws {
        try with(["DIVVY_GPUS=1"]) { pool, bundle throws in
            // It makes the container and gives its own pid, which is nobody's by the time that it counts.
            let hasty = try pool.script(
                "hasty",
                """
                case " $* " in *' create '*)
                    file=; for word; do [ "$file" = next ] && file=$word; [ "$word" = --pid-file ] && file=next; done
                    echo $$ >"$file"; exit 0;;
                *' delete '*) echo "$*" >\(pool.directory)/deleted; exit 0;;
                esac
                """)
            let result = try Program.run(
                bundle.words(over: hasty, "create", "--bundle", bundle.path, bundle.container),
                environment: pool.environment)
            #expect(result.status != 0 && result.errors.contains("no process"), "\(result)")
            let deleted = try String(contentsOfFile: "\(pool.directory)/deleted", encoding: .utf8)
            #expect(deleted.contains("delete --force \(bundle.container)"))
            #expect(try eventually { try pool.leases() == ["lease-1": "ended"] })
        }
    }

    @Test func `of somebody without privilege has leases in that one's name, and holders of that one's own`() throws {
        try with(["DIVVY_GPUS=0.5", "DIVVY_GPU_MEMORY=1GiB"]) { pool, bundle throws in
            try bundle.giveAway()
            chmod(pool.directory, 0o755)
            chmod(pool.socket, 0o666)
            let user = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
            let environment = ["XDG_RUNTIME_DIR": bundle.path]
            func call(_ words: String...) throws -> Program.Result {
                try Program.run(user + bundle.words() + words, environment: environment)
            }
            let made = try call("create", "--bundle", bundle.path, bundle.container)
            #expect(made.status == 0, "\(made)")
            let lease = try #require(try pool.items("ps").first)
            #expect((lease["tenant"] as? [String: Any])?["uid"] as? Int == 12345)
            let holder = try #require((lease["holder"] as? [String: Any])?["pid"] as? Int)
            let devices = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(holder)/root/dev")
            #expect(devices.filter { $0.hasPrefix("nvidia") }.sorted() == ["nvidia-uvm", "nvidia0", "nvidiactl"])

            // The daemon stops holders as root: nobody may name one that is not theirs to stop.
            func hand(to pid: Int) throws -> String {
                let script = """
                    import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
                    body = '{"pid": ' + sys.argv[2] + '}'
                    s.sendall(('POST /v1/leases/lease-1/holder HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: %d\\r\\n\\r\\n'
                        % len(body) + body).encode()); print(s.recv(99).decode().split()[1])
                    """
                return try Program.run(user + ["/usr/bin/python3", "-c", script, pool.socket, "\(pid)"]).output
            }
            #expect(try hand(to: Int(getpid())) == "403\n")
            #expect(try hand(to: holder) == "200\n")
            #expect(try call("delete", "--force", bundle.container).status == 0)
            #expect(try pool.leases() == ["lease-1": "ended"])
            #expect(try bundle.recordsOfOwner().isEmpty)
        }
    }

    @Test func `is for containers what the real runtime is, to whoever asks for its version`() throws {
        try with([]) { _, bundle throws in
            let real = try Program.run(["runc", "--version"])
            #expect(try bundle.call("--version").output == real.output)
            let missing = try Program.run([Registered.program, "--divvy-over", "no-such-runtime", "--version"])
            #expect(missing.status == 1 && missing.errors.contains("no-such-runtime"), "\(missing)")
            let itself = try Program.run([Registered.program, "--divvy-over", Registered.program, "--version"])
            #expect(itself.status == 1 && itself.errors.contains("itself"), "\(itself)")
        }
    }

    private func eventuallyPid(_ file: String) throws -> pid_t {
        var pid: pid_t?
        _ = try eventually {
            let text = try? String(contentsOfFile: file, encoding: .utf8)
            pid = text.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            return pid != nil
        }
        return try #require(pid)
    }
}

/// A bundle as `runc spec` makes it, with busybox for a root, and a runtime root of its own.
struct TestBundle {
    let path: String
    let container: String
    private let socket: String
    private let root: String

    init(in pool: Pool, variables: [String]) throws {
        path = "\(pool.directory)/bundle"
        root = "\(path)/runc"
        socket = pool.socket
        container = "divvy-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let bin = "\(path)/rootfs/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(path)/rootfs/dev", withIntermediateDirectories: true)
        let busybox = try Program.run(["sh", "-c", "command -v busybox"]).output.trimmingCharacters(in: .newlines)
        try FileManager.default.copyItem(atPath: busybox, toPath: "\(bin)/busybox")
        for applet in ["sh", "sleep", "ls"] {
            try FileManager.default.createSymbolicLink(atPath: "\(bin)/\(applet)", withDestinationPath: "busybox")
        }
        let made = try Program.run(["runc", "spec", "--bundle", path])
        try #require(made.status == 0, "\(made.errors)")
        try change { process in
            process["terminal"] = false
            process["args"] = ["sleep", "300"]
            process["env"] = ["PATH=/bin"] + variables
            process["rlimits"] = nil
        }
    }

    var configuration: String { get throws { try String(contentsOfFile: "\(path)/config.json", encoding: .utf8) } }
    var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }

    func change(_ body: (inout [String: Any]) -> Void) throws {
        let file = URL(fileURLWithPath: "\(path)/config.json")
        var object = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var process = object["process"] as? [String: Any] ?? [:]
        body(&process)
        object["process"] = process
        object["hostname"] = nil
        var linux = object["linux"] as? [String: Any] ?? [:]
        linux["cgroupsPath"] = "/\(container)"
        object["linux"] = linux
        try JSONSerialization.data(withJSONObject: object).write(to: file)
    }

    func words(over runtime: String = "runc", _ words: String...) -> [String] {
        [Registered.program, "--divvy-over", runtime, "--divvy-socket", socket, "--root", root] + words
    }

    /// Makes it a bundle of a user without privilege, who has this directory for everything.
    func giveAway() throws {
        let made = try Program.run([
            "sh", "-c",
            """
            cd "$1" && env=$(mktemp) && mv config.json "$env" && runc spec --rootless && mv config.json rootless.json &&
            mv "$env" config.json && /usr/bin/python3 - <<'END' && mkdir runc && chown -R 12345:12345 .
            import json
            ours = json.load(open('config.json'))
            theirs = json.load(open('rootless.json'))
            theirs['process'] = ours['process']
            theirs['linux']['resources'] = {}
            theirs['mounts'] = [m for m in theirs['mounts'] if not m['destination'].startswith('/sys')]
            theirs.pop('hostname')
            theirs['linux']['namespaces'] = [n for n in theirs['linux']['namespaces'] if n['type'] != 'uts']
            for mapping in ('uidMappings', 'gidMappings'):
                theirs['linux'][mapping][0]['hostID'] = 12345
            json.dump(theirs, open('config.json', 'w'))
            END
            """, "sh", path,
        ])
        try #require(made.status == 0, "\(made.errors)")
    }

    /// What the user's own record directory holds.
    func recordsOfOwner() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/divvy/containers")
    }

    func call(_ words: String...) throws -> Program.Result {
        try Program.run(self.words() + words)
    }

    func remove() { _ = try? Program.run(["runc", "--root", root, "delete", "--force", container]) }
}

extension Pool {
    /// A program of the test's own.
    func script(_ name: String, _ text: String) throws -> String {
        let path = "\(directory)/\(name)"
        try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o755)
        return path
    }
}
