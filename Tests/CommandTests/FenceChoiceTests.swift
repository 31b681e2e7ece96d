import API
import Fleet
import Presentation
import Testing

@testable import divvy

@Suite struct FenceChoiceTests {
    private func request(_ words: String) throws -> ReadRequest {
        try ReadRequest(RequestOptions(arguments: words.split(separator: " ").map(String.init)))
    }

    @Test(arguments: [
        ("--gpus 0.5", true), ("--gpu-memory 4GiB", true), ("--gpus 1", false), ("--gpus 0.5 --share limiter", false),
        ("--gpus 0.5 --share time", false), ("--gpus 0.5 --burst any", false),
    ])
    func `only a share without a means of its own may need hooks`(words: String, needs: Bool) throws {
        #expect(try request(words).mayNeedHooks == needs)
    }

    @Test func `a container that can have no hooks has a share of the limiter, and no stronger grade`() throws {
        let plain = try request("--gpus 0.5 --grade cooperative")
        let body = try plain.withLimiter(plain.body(), because: "docker here has neither CDI nor the runtime 'divvy'")
        #expect(body.share == "limiter" && body.gpus == "0.5")
        let strong = try request("--gpus 0.5 --grade enforced")
        let failure = #expect(throws: Failure.self) {
            try strong.withLimiter(strong.body(), because: "docker here has neither CDI nor the runtime 'divvy'")
        }
        #expect(
            failure?.message
                == "--grade enforced cannot be had: docker here has neither CDI nor the runtime 'divvy'")
        #expect(failure?.hint?.contains("register") == true)
    }
}
