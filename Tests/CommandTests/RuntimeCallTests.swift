import Testing

@testable import divvy_runtime

@Suite struct RuntimeCallTests {
    private func call(_ text: String) -> RuntimeCall { RuntimeCall(text.split(separator: " ").map(String.init)) }

    @Test func `a call of containerd is understood, and handed on as it is`() {
        let text =
            "--root /var/run/docker/runtime-runc/moby --log /x/log.json --log-format json --systemd-cgroup create "
            + "--bundle /b --pid-file /b/init.pid --console-socket /s 4711"
        let call = call(text)
        #expect(call.words.joined(separator: " ") == text)
        #expect(call.verb == "create" && call.makesContainer)
        #expect(call.configurationFile == "/b/config.json")
        #expect(call.pidFile == "/b/init.pid")
        #expect(call.container == "4711")
        #expect(call.root == "/var/run/docker/runtime-runc/moby")
        #expect(call.log == "/x/log.json" && call.isLogJSON)
    }

    @Test func `options of ours are ours alone, before and behind others`() {
        let call = call("--divvy-over crun --root=/r --divvy-socket=/s state 4711")
        #expect(call.words == ["--root=/r", "state", "4711"])
        #expect(call.runtime == "crun" && call.socket == "/s" && call.root == "/r")
        #expect(self.call("exec --divvy-over crun").runtime == nil, "behind the verb they are not ours")
    }

    @Test(arguments: [
        ("delete --force 4711", "delete", "4711"), ("delete -f 4711", "delete", "4711"),
        ("-root /r kill 4711 9", "kill", "4711"), ("--new-option value start 4711", "start", "4711"),
        ("--debug run -b /b -d 4711", "run", "4711"), ("create -f other.json 4711", "create", "4711"),
        ("exec --process /p --pid-file /x 4711", "exec", "/p"),
    ])
    func `the verb and the container are found among options`(text: String, verb: String, container: String) {
        let call = call(text)
        #expect(call.words.joined(separator: " ") == text)
        #expect(call.verb == verb)
        #expect(call.container == container)
    }

    @Test func `a bundle is where the call is made unless it says otherwise`() {
        #expect(call("create 1").configurationFile == "./config.json")
        #expect(call("create --bundle=/b 1").configurationFile == "/b/config.json")
        #expect(call("create -b /b --config c.json 1").configurationFile == "/b/c.json")
        #expect(call("create -b /b -f /c.json 1").configurationFile == "/c.json")
    }

    @Test(arguments: ["--version", "", "list", "--help"]) func `a call of no container has no record`(text: String) {
        #expect(call(text).record(in: "/d") == nil)
    }

    @Test func `containers of the same name below two roots have two records`() {
        let records = ["/a", "/b"].map { call("--root \($0) delete web").record(in: "/d") }
        #expect(records[0] != records[1])
        #expect(records[0]?.hasPrefix("/d/") == true && records[0]?.hasSuffix("-web") == true)
        #expect(call("--root /a create web").record(in: "/d") == records[0])
        #expect(call("delete ../../etc/passwd").record(in: "/d") == nil)
    }

    @Test func `what asks for leases is told what was understood`() {
        let words = call("--log /l --log-format=json create --pid-file /p 4711")
            .wordsForLeasing(runtime: "/usr/sbin/runc", socket: "/s", record: "/r")
        #expect(
            words == [
                "oci", "--runtime", "/usr/sbin/runc", "--verb", "create", "--record", "/r", "--configuration",
                "./config.json", "--socket", "/s", "--container", "4711", "--pid-file", "/p", "--log", "/l",
                "--log-json", "--", "--log", "/l", "--log-format=json", "create", "--pid-file", "/p", "4711",
            ])
    }
}
