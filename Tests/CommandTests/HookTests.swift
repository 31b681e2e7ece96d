import Presentation
import Testing

@testable import divvy

/// What a runtime tells `divvy hook` of its container.
@Suite struct `The state of a container` {
    @Test func `tells its first process`() throws {
        let text = #"{"ociVersion":"1.0.2","id":"c","status":"creating","pid":4711,"bundle":"/b","annotations":{}}"#
        #expect(try ContainerState(Array(text.utf8)).pid == 4711)
    }

    @Test(arguments: [
        "", "{", "[]", "null", #"{"id":"c"}"#, #"{"pid":0}"#, #"{"pid":-1}"#, #"{"pid":"7"}"#, #"{"pid":1e99}"#,
        #"{"pid":99999999999}"#,
    ])
    func `without one keeps the container from starting`(text: String) {
        #expect {
            try ContainerState(Array(text.utf8))
        } throws: { error in
            guard let failure = error as? Failure else { return false }
            return failure.status == .badData && failure.message.hasPrefix("the container's state, on standard input")
        }
    }
}
