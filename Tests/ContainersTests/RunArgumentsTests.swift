import Engine
import Fleet
import FoundationEssentials
import Testing

@testable import Containers

@Suite struct RunArgumentsTests {
    private func parts(_ line: String) throws -> (own: [String], engine: [String], image: String, command: [String]) {
        let parsed = try RunArguments(line.split(separator: " ").map(String.init))
        guard case .container(let options, let image, let command) = parsed.work else {
            Issue.record("not a container: \(line)")
            return ([], [], "", [])
        }
        return (parsed.own, options.flatMap(\.words), image, command)
    }

    @Test(arguments: [
        "alpine", "-it alpine", "-it --rm alpine", "-e A=1 alpine", "-eA=1 alpine", "-ite A=1 alpine", "-iteA=1 alpine",
        "--env A=1 alpine", "--env=A=1 alpine", "--name=x --rm alpine", "--name alpine alpine", "-v /a:/b alpine",
        "-p 80:80 -P -d alpine", "--rm=false alpine", "-m 1g --cpus 2 alpine", "--unknown-of-tomorrow x alpine",
        "-t=false alpine", "-u 1000:1000 -w /tmp --init alpine", "--restart on-failure:3 alpine", "-h box alpine",
    ])
    func `the image is found behind the engine's options, which pass through as they were`(line: String) throws {
        for command in ["", " sh -c x", " -it --rm --gpus 3 -- x"] {
            let result = try parts(line + command)
            #expect(result.image == "alpine")
            #expect(result.own.isEmpty)
            #expect((result.engine + [result.image]).joined(separator: " ") == line)
            #expect(result.command.joined(separator: " ") == command.drop { $0 == " " })
        }
    }

    @Test func `our own options are taken out wherever they stand before the image`() throws {
        let result = try parts(
            "--gpus 0.5 -it --gpu-memory=10GiB --rm --wait --no-wait --wait=5m --engine podman img --gpus 9")
        #expect(
            result.own == [
                "--gpus", "0.5", "--gpu-memory=10GiB", "--wait", "--no-wait", "--wait=5m", "--engine", "podman",
            ])
        #expect(result.engine == ["-it", "--rm"])
        #expect(result.image == "img")
        #expect(result.command == ["--gpus", "9"])
    }

    @Test(arguments: [
        ("--wait 2s img", ["--wait=2s"]), ("--wait 1h30m --rm img", ["--wait=1h30m"]), ("--wait=2s img", ["--wait=2s"]),
        ("--wait img", ["--wait"]), ("--wait 30 img", ["--wait=30"]),
        ("--wait --no-wait img", ["--wait", "--no-wait"]),
    ]) func `a length of time behind wait is its own`(line: String, own: [String]) throws {
        let result = try parts(line)
        #expect(result.own == own)
        #expect(result.image == "img")
    }

    @Test(arguments: ["2s.example/img", "123456789012", "7zip", "3"]) func `an image is no length of time`(
        image: String
    ) throws {
        #expect(try parts("--no-wait --wait=1s \(image) x").image == image)
        if image != "3" { #expect(try parts("--wait \(image) x").image == image) }
    }

    @Test func `a process may follow a time to wait`() throws {
        let parsed = try RunArguments(["--wait", "2s", "--", "true"])
        #expect(parsed.own == ["--wait=2s"])
        #expect(parsed.work == .process(command: ["true"]))
        #expect(try RunArguments(["--wait", "--", "true"]).own == ["--wait"])
    }

    @Test func `two dashes start a plain process`() throws {
        let parsed = try RunArguments(["--gpus", "1", "--", "python", "-c", "--"])
        #expect(parsed.own == ["--gpus", "1"])
        #expect(parsed.work == .process(command: ["python", "-c", "--"]))
    }

    @Test func `what is missing or mixed is refused by name`() {
        func error(_ words: [String]) -> RunArgumentsError? {
            #expect(throws: RunArgumentsError.self) { try RunArguments(words) }
        }
        #expect(error([]) == .nothingToRun)
        #expect(error(["--gpus", "1"]) == .nothingToRun)
        #expect(error(["--gpus", "1", "--"]) == .nothingToRun)
        #expect(error(["--gpus"]) == .valueMissing("--gpus"))
        #expect(error(["-it", "-e"]) == .valueMissing("-e"))
        #expect(error(["-it", ""]) == .emptyImage)
        #expect(error(["-it", "--", "true"]) == .engineOptionForProcess("-it"))
    }

    @Test(arguments: [
        ("-e NVIDIA_VISIBLE_DEVICES=all", ""), ("-eNVIDIA_VISIBLE_DEVICES", ""), ("--env=CUDA_VISIBLE_DEVICES=0", ""),
        ("-ite CUDA_VISIBLE_DEVICES=0", "-it"), ("--device nvidia.com/gpu=all", ""), ("--device=/dev/nvidia3", ""),
        ("--device divvy.dev/gpu=lease-1", ""), ("--runtime nvidia", ""), ("--runtime=nvidia", ""),
        ("-l divvy.lease=lease-9", ""), ("--label=divvy.lease", ""),
    ])
    func `what would defeat the lease is left out and said`(given: String, left: String) throws {
        let parsed = try RunArguments((given + " img").split(separator: " ").map(String.init))
        guard case .container(let options, _, _) = parsed.work else { return }
        let result = RunArguments.overruled(options)
        #expect(result.options.flatMap(\.words).joined(separator: " ") == left)
        #expect(result.notes.count == 1)
        #expect(result.notes.first?.hasPrefix(given) == true)
    }

    @Test(arguments: [
        "-e CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=1G,1=1G", "--env=CUDA_MPS_PIPE_DIRECTORY=/x",
        "-e CUDA_MPS_ACTIVE_THREAD_PERCENTAGE",
    ])
    func `words about multi-process service are the lease's where it is held by that, and nobody's business elsewhere`(
        given: String
    ) throws {
        let parsed = try RunArguments((given + " img").split(separator: " ").map(String.init))
        guard case .container(let options, _, _) = parsed.work else { return }
        let held = RunArguments.overruled(options, decided: ["CUDA_MPS_PIPE_DIRECTORY=/run/nvidia-mps"])
        #expect(held.options.isEmpty)
        #expect(held.notes.first?.contains("the lease decides how its GPU is shared") == true)
        let other = RunArguments.overruled(options, decided: ["CUDA_VISIBLE_DEVICES=0"])
        #expect(other.options.flatMap(\.words).joined(separator: " ") == given)
    }

    @Test(arguments: [
        "-e NVIDIA_DRIVER_CAPABILITIES=all", "--device /dev/fuse", "--runtime runsc", "-l app=x",
        "--device=amd.com/gpu=0",
    ])
    func `what is no business of the lease stays`(given: String) throws {
        let parsed = try RunArguments((given + " img").split(separator: " ").map(String.init))
        guard case .container(let options, _, _) = parsed.work else { return }
        let result = RunArguments.overruled(options)
        #expect(result.options.flatMap(\.words).joined(separator: " ") == given)
        #expect(result.notes.isEmpty)
    }

    @Test(arguments: [
        "--device /sim/dev/nvidia7:/dev/nvidia7", "--device /dev/dri:/dev/nvidia5", "--device=/sim/dev:/x",
    ])
    func `a device that is another GPU's by another name is left out`(given: String) throws {
        let parsed = try RunArguments((given + " img").split(separator: " ").map(String.init))
        guard case .container(let options, _, _) = parsed.work else { return }
        let result = RunArguments.overruled(options, hiddenDevices: ["/sim/dev/nvidia7"])
        #expect(result.options.isEmpty)
        #expect(result.notes.first?.contains("was left out") == true)
    }

    @Test(arguments: [
        ["-v", "/dev:/hostdev"], ["-v", "/:/host:ro"], ["--mount", "type=bind,src=/sim/dev,target=/x"],
        ["--device-cgroup-rule", "c 195:* rwm"], ["--device-cgroup-rule=a *:* rwm"],
    ])
    func `what opens other GPUs to a container stays, with a warning`(given: [String]) throws {
        let parsed = try RunArguments(given + ["img"])
        guard case .container(let options, _, _) = parsed.work else { return }
        let result = RunArguments.overruled(options, hiddenDevices: ["/dev/nvidia3", "/sim/dev/nvidia7"])
        #expect(result.options.flatMap(\.words) == given)
        #expect(result.notes.count == 1)
    }

    @Test func `variables in a file are overruled too, and said`() async throws {
        try await withDirectory { root in
            try "A=1\n# B\n  CUDA_VISIBLE_DEVICES=5\nNVIDIA_VISIBLE_DEVICES\n".write(
                toFile: root + "/env", atomically: false, encoding: .utf8)
            let parsed = try RunArguments(["--env-file", root + "/env", "img"])
            guard case .container(let options, _, _) = parsed.work else { return }
            let result = RunArguments.overruled(options)
            #expect(result.options.count == 1)
            #expect(result.notes.map { $0.prefix { $0 != " " } } == ["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"])
        }
    }

    @Test func `privileged stays, with a warning that nothing is fenced`() throws {
        let parsed = try RunArguments(["--privileged", "img"])
        guard case .container(let options, _, _) = parsed.work else { return }
        let result = RunArguments.overruled(options)
        #expect(result.options.count == 1)
        #expect(result.notes.first?.contains("--privileged") == true)
    }

    @Test func `a privileged container is told its GPUs by the names that the host has for them`() throws {
        let edits = ContainerEdits(
            environment: ["CUDA_VISIBLE_DEVICES=0"], deviceNodes: [], mounts: [], hooks: [])
        let preparation = Preparation(
            cdiDevice: "divvy.dev/gpu=lease-17", cdiSpecification: "/x.json", edits: edits,
            processEnvironment: ["CUDA_VISIBLE_DEVICES=GPU-7", "DIVVY_LEASE=lease-17"], hiddenDevices: [])
        let words = try RunArguments.launch(
            engine(readsCDI: true), lease: LeaseID(number: 17), preparation: preparation,
            options: [.init(words: ["--privileged"], name: "privileged")], image: "img", command: [])
        let variables = words.filter { $0.hasPrefix("CUDA_VISIBLE_DEVICES") }
        #expect(variables == ["CUDA_VISIBLE_DEVICES=0", "CUDA_VISIBLE_DEVICES=GPU-7"], "the last one counts")
        #expect(!words.contains("divvy.dev/gpu=lease-17"))
    }

    private func engine(
        readsCDI: Bool, runtimes: Set<String> = ["runc"], isRootless: Bool = false
    ) -> ContainerEngine {
        ContainerEngine(
            command: .init(kind: .docker, executable: "/usr/bin/docker", globalArguments: ["-D"]),
            version: EngineVersion(major: 28, minor: 2), specificationDirectories: readsCDI ? ["/"] : [],
            runtimes: runtimes, isRootless: isRootless)
    }

    private func preparation(_ edits: ContainerEdits = .none) -> Preparation {
        Preparation(
            cdiDevice: "divvy.dev/gpu=lease-17", cdiSpecification: "/x.json", edits: edits, processEnvironment: [],
            hiddenDevices: [])
    }

    @Test func `an engine with CDI gets the device's name`() throws {
        let words = try RunArguments.launch(
            engine(readsCDI: true), lease: LeaseID(number: 17), preparation: preparation(),
            options: [.init(words: ["-it"], name: "tty")], image: "img", command: ["a b", "$(x)"])
        #expect(
            words == [
                "/usr/bin/docker", "-D", "run", "--label", "divvy.lease=lease-17", "--device", "divvy.dev/gpu=lease-17",
                "-it", "img", "a b", "$(x)",
            ])
    }

    @Test func `an engine without CDI gets the same as options`() throws {
        let edits = ContainerEdits(
            environment: ["A=1"], deviceNodes: [.init(path: "/dev/nvidia0", hostPath: "/s/nvidia0")],
            mounts: [
                .init(hostPath: "/l", containerPath: "/m", options: ["ro", "bind"]),
                .init(hostPath: "/n", containerPath: "/o", options: ["rw"]),
            ], hooks: [])
        let words = try RunArguments.launch(
            engine(readsCDI: false), lease: LeaseID(number: 17), preparation: preparation(edits), options: [],
            image: "img", command: [])
        #expect(
            words == [
                "/usr/bin/docker", "-D", "run", "--label", "divvy.lease=lease-17", "--env", "A=1", "--device",
                "/s/nvidia0:/dev/nvidia0:rw", "--mount", "type=bind,source=/l,target=/m,readonly", "--mount",
                "type=bind,source=/n,target=/o", "img",
            ])
    }

    @Test func `hooks of an engine without CDI are the runtime's to add, which nobody may replace`() throws {
        let hooked = ContainerEdits(
            environment: ["A=1"], deviceNodes: [], mounts: [],
            hooks: [.init(name: "createRuntime", path: "/bin/divvy", arguments: ["divvy", "hook"])])
        func words(_ options: [RunArguments.EngineOption], runtimes: Set<String>) throws -> [String] {
            try RunArguments.launch(
                engine(readsCDI: false, runtimes: runtimes), lease: LeaseID(number: 17),
                preparation: preparation(hooked), options: options, image: "img", command: [])
        }
        let found = try words([], runtimes: ["runc", "divvy"])
        #expect(found.suffix(5) == ["--runtime", "divvy", "--env", "A=1", "img"])
        #expect(throws: LaunchError.hooks(.docker)) { try words([], runtimes: ["runc"]) }
        let other = RunArguments.EngineOption(words: ["--runtime=kata"], name: "runtime", value: "kata")
        #expect(throws: LaunchError.otherRuntime("kata")) { try words([other], runtimes: ["runc", "divvy"]) }
        let own = RunArguments.EngineOption(words: ["--runtime=divvy"], name: "runtime", value: "divvy")
        #expect(try words([own], runtimes: ["divvy"]).last == "img")
    }

    @Test func `it is known before anybody is asked whether a container can have hooks`() {
        let privileged = RunArguments.EngineOption(words: ["--privileged"], name: "privileged")
        #expect(engine(readsCDI: true).obstacleToHooks([]) == nil)
        #expect(engine(readsCDI: false, runtimes: ["divvy"]).obstacleToHooks([privileged]) == nil)
        let none = engine(readsCDI: false).obstacleToHooks([])
        #expect(none == "docker here has neither CDI nor the runtime 'divvy'")
        #expect(engine(readsCDI: true).obstacleToHooks([privileged])?.contains("privileged") == true)
        #expect(engine(readsCDI: true, isRootless: true).obstacleToHooks([])?.contains("root") == true)
    }

    @Test func `what cannot be said in options is refused`() {
        func error(_ edits: ContainerEdits) -> LaunchError? {
            #expect(throws: LaunchError.self) { try RunArguments.expanded(edits, for: .docker) }
        }
        var edits = ContainerEdits.none
        edits.hooks = [.init(name: "createRuntime", path: "/h", arguments: [])]
        #expect(error(edits) == .hooks(.docker))
        edits = .none
        edits.mounts = [.init(hostPath: "/a,readonly", containerPath: "/b", options: [])]
        #expect(error(edits) == .path("/a,readonly"))
        edits = .none
        edits.deviceNodes = [.init(path: "/dev/x", hostPath: "/a:/b")]
        #expect(error(edits) == .path("/a:/b"))
    }
}
