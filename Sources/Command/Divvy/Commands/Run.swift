import API
import ArgumentParser
import Containers
import Fleet
import Presentation

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a container or a process with GPUs, and give them back when it ends.",
        usage: """
            divvy run [request] [options of docker run or podman run] IMAGE [COMMAND...]
            divvy run [request] -- COMMAND...
            """,
        discussion: """
            Examples:
              divvy run --gpus 1 -- python train.py
              divvy run --gpus 0.5 --rm -it pytorch/pytorch python
              divvy run --gpus h100:2 --for 8h --wait 30m -v $PWD:/w IMAGE /w/go.sh
              divvy run --gpu-memory 10GiB --no-wait -- ./infer

            The request:
              --gpus GPUS         N, all, 0.5, 1/4, MODEL:N, MODEL:MEMORY:N,
                                  device=ID; one GPU when left out
              --gpu-memory SIZE   memory on each GPU: 10GiB
                                  (--memory stays the engine's)
              --grade GRADE       the weakest acceptable fence
              --share MEANS       exclusive, mig, mps, limiter, time
              --burst BURST       what a share may use while others idle:
                                  no, any, 0.8
              --gpu-memory-spill SIZE  host memory beyond the GPU's
              --compute AMOUNT    40tflops, 0.5xa100: whichever GPU that is
              --slice PROFILE, --topology KIND, --anti-affinity NAME, --nodes N
              --queue NAME, --priority N, --reservation NAME
              --for TIME          give back after this time
              --wait [TIME]       wait for room, at most so long
              --no-wait           fail with status 75 when there is no room now

            Others of Divvy's own:
              --engine ENGINE     docker or podman
              --lease-name NAME   a name for people; --name stays the engine's
              --socket PATH, --config FILE

            Every other option before IMAGE goes to the engine as it is.

            Exit status: the command's own, or 75 no room now, 124 the wait ran out,
            125 Divvy failed, 126 the command cannot be executed, 127 not found.
            """)

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("What to run.", visibility: .hidden))
    var words: [String] = []

    func run() async throws {
        if words.first == "--help" || words == ["-h"] {
            return Console.print(Divvy.helpMessage(for: Run.self, columns: Console.size.columns))
        }
        do {
            try await LeasedRun(words: words).run()
        } catch {
            let failure = Failure(describing: error) ?? Failure(.runFailed, "\(error)")
            throw Failure(failure.status.ofRun, failure.message, hint: failure.hint)
        }
    }
}
