import Containers
import Presentation

/// A command that takes this process over, with the GPUs of a lease and, where that can be done, no others.
struct LeasedProcess {
    let command: [String]
    let environment: [String]
    /// Device nodes of GPUs that are not its own.
    let hiddenDevices: [String]

    /// Hides what is to be hidden, then becomes the command.
    ///
    /// Without privilege only a process with a single thread can hide anything. Asking the daemon has made more of
    /// them, so this program then starts itself anew as `divvy confine`, which asks nobody.
    func become() throws -> Never {
        guard !hiddenDevices.isEmpty else { try program(command).become() }
        if Host.uid == 0 || Host.threadCount == 1 {
            hide()
            try program(command).become()
        }
        let stage = [Host.executable, "confine"] + hiddenDevices.flatMap { ["--hide", $0] } + ["--"] + command
        try program(stage).become()
    }

    /// A command with more to see than its lease is better than none, as long as somebody is told.
    private func hide() {
        guard case .notHidden(let reason) = Confinement.hide(hiddenDevices) else { return }
        Console.note(
            "divvy: note: the other GPUs could not be hidden from this process, so a program that ignores "
                + "CUDA_VISIBLE_DEVICES can still open them: \(reason)")
    }

    private func program(_ arguments: [String]) -> Program { Program(arguments: arguments, environment: environment) }
}
