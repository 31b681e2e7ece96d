import API
import ArgumentParser
import Fleet
import Foundation
import Presentation
import Testing

@testable import divvy

@Suite struct CommandLineTests {
    @Test(arguments: [
        (["hold"], String??.none), (["hold", "--wait"], .some(nil)), (["hold", "--wait", "5m"], .some("5m")),
        (["hold", "--wait=5m"], .some("5m")), (["hold", "--wait", "--gpus", "2"], .some(nil)),
    ]) func `a wait may have a time`(_ arguments: [String], _ wait: String??) throws {
        let hold = try #require(try Divvy.parseAsRoot(arguments) as? Hold)
        #expect(hold.request.options.wait == wait)
    }

    @Test(arguments: [
        ["ps", "--watch", "-o", "json"], ["ps", "-q", "-o", "json"], ["ls", "--watch=0"], ["ls", "-o", "xml"],
    ])
    func `options that do not go together are refused`(_ arguments: [String]) throws {
        let error = #expect(throws: (any Error).self) { try Divvy.parseAsRoot(arguments) }
        #expect(Divvy.exitCode(for: try #require(error)).rawValue == 64)
    }

    @Test func `run hands everything on, its own help apart`() throws {
        let words = ["--gpus", "1", "--rm", "-it", "IMAGE", "--help", "--socket", "x"]
        let run = try #require(try Divvy.parseAsRoot(["run"] + words) as? Run)
        #expect(run.words == words)
    }

    @Test func `run tells its own words from the engine's`() throws {
        let own = try OwnWords([
            "--gpus", "0.5", "--socket=/s", "--no-wait", "--engine", "podman", "--lease-name", "a b",
        ])
        #expect(own.request == RequestOptions(gpus: "0.5", noWait: true))
        #expect(own.engine == "podman")
        #expect(own.leaseName == "a b")
        #expect(own.connection.socket == "/s")
        #expect(own.connection.config == nil)
    }

    @Test func `the request goes out as it was written`() throws {
        let read = try ReadRequest(RequestOptions(gpus: "1/2", for: "90m", wait: .some(nil)))
        let body = read.body(name: "n", holder: .init(kind: .process))
        #expect(body.gpus == "1/2")
        #expect(body.duration == "90m")
        #expect(body.wait == "")
        #expect(body.noWait == nil)
        #expect(body.name == "n")
    }

    @Test func `what this release cannot grant is said before anybody is asked`() {
        #expect(throws: RequestRefusal.self) { try ReadRequest(RequestOptions(gpus: "driver=amd")) }
        #expect(throws: RequestError.self) { try ReadRequest(RequestOptions(gpus: "0")) }
    }

    @Test
    func `a process in a lease that is held by multi-process service has the lease's words about that, and no others`()
    {
        let given = ["A=1", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=1G,1=1G", "CUDA_MPS_PIPE_DIRECTORY=/mine"]
        let held = ProcessEnvironment(given).taking(["CUDA_MPS_PIPE_DIRECTORY=/lease"])
        #expect(held.entries == ["A=1", "CUDA_MPS_PIPE_DIRECTORY=/lease"])
        #expect(held.overruled == ["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", "CUDA_MPS_PIPE_DIRECTORY"])
        #expect(ProcessEnvironment(given).taking(["B=2"]).entries == given + ["B=2"])
    }

    @Test func `the lease overrules the environment, and says what`() {
        let environment = ProcessEnvironment(["A=1", "CUDA_VISIBLE_DEVICES=0", "DIVVY_LEASE=lease-1", "B==2"])
            .taking(["CUDA_VISIBLE_DEVICES=GPU-a", "DIVVY_LEASE=lease-2", "NVIDIA_VISIBLE_DEVICES=GPU-a"])
        #expect(
            environment.entries == [
                "A=1", "B==2", "CUDA_VISIBLE_DEVICES=GPU-a", "DIVVY_LEASE=lease-2", "NVIDIA_VISIBLE_DEVICES=GPU-a",
            ])
        #expect(environment.overruled == ["CUDA_VISIBLE_DEVICES"])
    }

    @Test func `an environment that agrees is not overruled`() {
        let environment = ProcessEnvironment(["CUDA_VISIBLE_DEVICES=GPU-a"]).taking(["CUDA_VISIBLE_DEVICES=GPU-a"])
        #expect(environment.entries == ["CUDA_VISIBLE_DEVICES=GPU-a"])
        #expect(environment.overruled.isEmpty)
    }

    @Test(arguments: [
        ("plain-1.0/x", "plain-1.0/x"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'"),
    ]) func `a shell reads back one word`(_ text: String, _ quoted: String) {
        #expect(Shell.quoted(text) == quoted)
    }

    @Test func `a command is found as a shell finds it`() throws {
        #expect(try Program.find("sh", path: "/nowhere:/bin") == "/bin/sh")
        #expect(try Program.find("/bin/sh", path: nil) == "/bin/sh")
        #expect(
            #expect(throws: Failure.self) { try Program.find("no-such-command", path: "/bin") }?.status
                == .commandNotFound)
        #expect(
            #expect(throws: Failure.self) { try Program.find("/bin/no-such", path: nil) }?.status == .commandNotFound)
        #expect(#expect(throws: Failure.self) { try Program.find("passwd", path: "/etc") }?.status == .cannotExecute)
        #expect(#expect(throws: Failure.self) { try Program.find("/etc", path: nil) }?.status == .cannotExecute)
    }

    @Test func `a GPU is found by index, by UUID and by the beginning of one`() throws {
        let fleet = Samples.fleet
        #expect(try Show.gpu("gpu/1", of: fleet).index == 1)
        #expect(try Show.gpu("GPU-1a1b", of: fleet).index == 1)
        #expect(try Show.gpu("0a1b2c3d", of: fleet).index == 0)
        #expect(#expect(throws: Failure.self) { try Show.gpu("GPU-", of: fleet) }?.status == .notFound)
        #expect(#expect(throws: Failure.self) { try Show.gpu("gpu/7", of: fleet) }?.status == .notFound)
    }

    @Test func `every command shows examples before its options`() {
        for command in Divvy.configuration.subcommands where command.configuration.shouldDisplay {
            let help = Divvy.helpMessage(for: command, columns: 100)
            let examples = help.firstRange(of: "Examples:")?.lowerBound
            let usage = help.firstRange(of: "USAGE:")?.lowerBound
            #expect(examples.map { place in usage.map { place < $0 } ?? true } == true, "\(command._commandName)")
        }
    }

    @Test func `help fits a terminal of 80 columns`() {
        for command in Divvy.configuration.subcommands + [Divvy.self] {
            let discussion = command.configuration.discussion
            for line in discussion.split(separator: "\n") { #expect(line.count <= 79, "\(command): \(line)") }
        }
    }

    @Test func `who waits is told at which place and why`() {
        #expect(
            WaitingLine.words(for: Samples.leases.items[2])
                == "lease-19 waits, place 1 in the queue: 8 GPUs were asked for, 1 is free (Ctrl-C gives up)")
        #expect(
            WaitingLine.words(for: Samples.leases.items[2], Span(seconds: 90))
                == "lease-19 waits, place 1, 1m30s: 8 GPUs were asked for, 1 is free (Ctrl-C gives up)")
    }

    @Test func `a lease without logs says why`() {
        var lease = Samples.granted
        lease.holder = HolderView(kind: .starting, pid: 9, engine: "podman")
        #expect(Logs.whyNone(lease) == "its container has not started yet")
        lease.state = .ended
        #expect(Logs.whyNone(lease) == "its container did not start")
    }

    @Test func `the only simulated machine is meant where none is named, and of several all are named`() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "divvy-test-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let machines = SimulatedMachines(root: root)
        #expect(#expect(throws: Failure.self) { try machines.only() }?.status == .notFound)
        _ = try machines.make(profile: "dgx-a100", name: "a")
        #expect(throws: Never.self) { try machines.only() }
        _ = try machines.make(profile: "dgx-a100", name: "b")
        let failure = try #require(#expect(throws: Failure.self) { try machines.only() })
        #expect(failure.status == .badUsage)
        #expect(failure.message == "there are 2 simulated machines: a, b")
        #expect(failure.hint?.hasPrefix("say which: --machine a") == true)
    }
}
