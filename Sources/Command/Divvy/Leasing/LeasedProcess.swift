import Containers
import Presentation

/// A command that takes this process over, with the GPUs of a lease and, where that can be done, no others.
struct LeasedProcess {
    let command: [String]
    let environment: [String]
    /// Device nodes of GPUs that are not its own, and what makes its share hold.
    let confinement: Confinement

    /// Changes what is to be seen, then becomes the command.
    ///
    /// Without privilege only a process with a single thread can do that. Asking the daemon has made more of them, so
    /// this program then starts itself anew as `divvy confine`, which asks nobody.
    func become() throws -> Never {
        guard !confinement.isEmpty else { try program(command).become() }
        if Host.uid == 0 || Host.threadCount == 1 {
            try confine()
            try program(command).become()
        }
        let words =
            confinement.hidden.flatMap { ["--hide", $0] }
            + confinement.mounts.flatMap { ["--mount", MountWord.text($0)] }
        try program([Host.executable, "confine"] + words + ["--"] + command).become()
    }

    /// A command with more to see than its lease is better than none, as long as somebody is told. One without its
    /// limits is not: its lease was granted as fenced.
    private func confine() throws {
        guard case .notDone(let reason) = confinement.enter() else { return }
        guard confinement.mounts.isEmpty else {
            throw Failure(
                .runFailed,
                "the limits of this lease could not be put before the command, so it was not started: "
                    + reason, hint: "run it in a container, or with --share time, which is not fenced")
        }
        Console.note(
            "divvy: note: the other GPUs could not be hidden from this process, so a program that ignores "
                + "CUDA_VISIBLE_DEVICES can still open them: \(reason)")
    }

    private func program(_ arguments: [String]) -> Program { Program(arguments: arguments, environment: environment) }
}
