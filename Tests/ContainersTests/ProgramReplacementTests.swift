import Foundation
import Testing

@testable import Containers

@Suite struct ProgramReplacementTests {
    @Test func `what is executed in this program's place has no signal blocked or ignored`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_IGN)
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            // Signal 32 is the C library's own, and stays as whoever started the tests left it.
            let script = "test $A = b && [ $(grep -cE '^Sig(Blk|Ign):.0{8}[08]0{7}$' /proc/self/status) = 2 ]"
            _ = ProgramReplacement.execute(["sh", "-c", script], environment: ["PATH=/nowhere:/usr/bin:/bin", "A=b"])
            exit(99)
        }
    }

    @Test func `what cannot be executed is told by its error`() async {
        await #expect(processExitsWith: .success) {
            let codes = [
                ProgramReplacement.execute(["/no/such/program"], environment: []),
                ProgramReplacement.execute([], environment: []),
                ProgramReplacement.execute(["tmp"], environment: ["PATH=/nowhere:/"]),
            ]
            exit(codes == [ENOENT, ENOENT, EACCES] ? 0 : 1)
        }
    }
}
