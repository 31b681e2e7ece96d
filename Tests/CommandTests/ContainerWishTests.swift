import API
import Fleet
import Presentation
import Testing

@testable import divvy

@Suite struct ContainerWishTests {
    private func wish(
        _ variables: [String: String], annotations: [String: String] = [:]
    ) throws(Failure) -> ContainerWish {
        try ContainerWish(variables: variables, annotations: annotations)
    }

    @Test func `a container that says nothing of ours asks for nothing`() throws {
        #expect(try wish(["PATH": "/bin", "GPUS": "1"], annotations: ["io.x/gpus": "1"]) == .nothing)
        #expect(try wish(["DIVVY_SOCKET": "/run/divvy/divvy.sock", "DIVVY_THEME": "dark"]) == .nothing)
    }

    @Test func `every option of a request is a variable, and an annotation`() throws {
        var expected = RequestOptions(gpus: "2", gpuMemory: "10GiB", grade: "cooperative", for: "2h", queue: "team")
        expected.wait = .some("30s")
        expected.priority = "7"
        let variables = [
            "DIVVY_GPUS": "2", "DIVVY_GPU_MEMORY": "10GiB", "DIVVY_GRADE": "cooperative", "DIVVY_FOR": "2h",
            "DIVVY_QUEUE": "team", "DIVVY_WAIT": "30s", "DIVVY_PRIORITY": "7",
        ]
        #expect(try wish(variables) == .request(expected, name: nil))
        let annotations = Dictionary(
            uniqueKeysWithValues: variables.map { name, value in
                ("divvy.dev/" + name.dropFirst(6).lowercased().replacing("_", with: "-"), value)
            })
        #expect(try wish([:], annotations: annotations) == .request(expected, name: nil))
        #expect(try wish(variables, annotations: annotations) == .request(expected, name: nil))
    }

    @Test func `it does not wait unless it says so`() throws {
        let expected = RequestOptions(gpus: "0.5", noWait: true)
        #expect(try wish(["DIVVY_GPUS": "0.5", "DIVVY_LEASE_NAME": "web"]) == .request(expected, name: "web"))
    }

    @Test func `a lease that was granted before is not asked for again`() throws {
        #expect(try wish(["DIVVY_LEASE": "lease-17", "DIVVY_GPUS": "1"]) == .lease(LeaseID(number: 17)))
    }

    @Test(arguments: [
        (["DIVVY_GPU": "1"], "DIVVY_GPU is not known", "did you mean DIVVY_GPUS?"),
        (["DIVVY_GPU_MEMRY": "1GiB"], "DIVVY_GPU_MEMRY is not known", "did you mean DIVVY_GPU_MEMORY?"),
        (["DIVVY_GPU_COUNT": "1"], "DIVVY_GPU_COUNT is not known", "see `divvy help run`"),
        (["DIVVY_GPUS": ""], "DIVVY_GPUS is empty", "give it a value, or leave it out"),
    ])
    func `a slip does not become a container without GPUs`(
        variables: [String: String], message: String, hint: String
    ) {
        let failure = #expect(throws: Failure.self) { try wish(variables) }
        #expect(failure?.message == message)
        #expect(failure?.hint == hint)
    }

    @Test func `a slip in an annotation is refused as well, and so is what contradicts itself`() {
        let slip = #expect(throws: Failure.self) { try wish([:], annotations: ["divvy.dev/gpu-memry": "1GiB"]) }
        #expect(slip?.hint == "did you mean divvy.dev/gpu-memory?")
        let both = #expect(throws: Failure.self) {
            try wish(["DIVVY_GPUS": "1"], annotations: ["divvy.dev/gpus": "2"])
        }
        #expect(both?.message.contains("DIVVY_GPUS says \"1\" and the annotation divvy.dev/gpus says \"2\"") == true)
    }

    @Test func `what cannot be read is pointed at by the variable's name`() {
        let failure = #expect(throws: Failure.self) { try wish(["DIVVY_GPU_MEMORY": "10 parsecs"]) }
        #expect(failure?.message.hasPrefix("DIVVY_GPU_MEMORY: ") == true)
    }

    @Test func `engines are told of a failure on one line`() throws {
        let failure = Failure(.noCapacity, "no room\n  would help: \"1 GPU\"", hint: "ask later")
        let line = RuntimeLog(path: nil, isJSON: true).line(
            failure, at: try #require(Timestamp("2026-11-21T09:00:00Z")))
        #expect(
            line == #"{"level":"error","msg":"divvy: no room; would help: \"1 GPU\"; ask later","#
                + #""time":"2026-11-21T09:00:00.000Z"}"#)
        let text = RuntimeLog(path: nil, isJSON: false).line(
            failure, at: try #require(Timestamp("2026-11-21T09:00:00Z")))
        #expect(
            text
                == #"time="2026-11-21T09:00:00.000Z" msg="divvy: no room; would help: \"1 GPU\"; ask later" level="error""#
        )
    }
}
