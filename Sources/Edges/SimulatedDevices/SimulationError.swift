/// Why a simulated machine could not be made, opened or edited.
package enum SimulationError: Error, Equatable, Sendable {
    /// No profile has this name; the second value lists those that there are.
    case unknownProfile(String, known: [String])
    /// Something already lies where the machine was to be made.
    case alreadyExists(path: String)
    /// There is no simulated machine of this version in the directory.
    case notAnInstance(path: String, reason: String)
    /// The machine has no GPU of this index.
    case noSuchGPU(index: Int, count: Int)
    /// A load outside of 0 to 100 per cent.
    case badLoad(percent: Int)
    /// The process does not exist, or has ended.
    case noSuchProcess(pid: Int32)
    /// The GPU has less free memory than the process was to hold; both in bytes.
    case notEnoughMemory(gpu: Int, wanted: Int64, free: Int64)
    /// The machine already lists as many processes as it can.
    case tooManyProcesses(limit: Int)
    /// The operating system refused something; the code is its `errno`.
    case system(operation: String, path: String, code: Int32)
}

extension SimulationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownProfile(let name, let known):
            "no simulated machine is called \"\(name)\"; there are \(known.joined(separator: ", "))"
        case .alreadyExists(let path):
            "\(path) already exists; remove it, or give another directory"
        case .notAnInstance(let path, let reason):
            "\(path) is not a simulated machine: \(reason)"
        case .noSuchGPU(let index, let count):
            "there is no GPU \(index); this machine has GPUs 0 to \(count - 1)"
        case .badLoad(let percent):
            "a load of \(percent) per cent is not possible; give 0 to 100"
        case .noSuchProcess(let pid):
            "there is no process \(pid), or it has ended; give the pid of one that runs"
        case .notEnoughMemory(let gpu, let wanted, let free):
            "GPU \(gpu) has \(free) bytes free, and the process was to hold \(wanted); give it less, or another GPU"
        case .tooManyProcesses(let limit):
            "the machine already lists \(limit) processes, and cannot list more; remove one first"
        case .system(let operation, let path, let code):
            "could not \(operation) \(path): \(errorText(code))"
        }
    }
}
