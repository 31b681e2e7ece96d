/// Why a simulated machine could not be made, opened or edited.
package enum SimulationError: Error, Equatable, Sendable {
    /// No profile has this name; the second value lists those that there are.
    case unknownProfile(String, known: [String])
    /// No driver of this version is known; the second value lists the branches that there are.
    case unknownDriver(String, known: [String])
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
    /// The GPU has no such MIG device.
    case noSuchSlice(gpu: Int, gpuInstance: Int, compute: Int)
    /// The GPU has no error correction, and so counts no errors.
    case noErrorCorrection(gpu: Int)
    /// The GPU has fallen off the bus.
    case lost(gpu: Int)
    /// A process holds the GPU.
    case inUse(gpu: Int, pid: Int32)
    /// The machine's GPUs or processors cannot work confidentially.
    case notConfidential(profile: String)
    /// No function of the driver is called so, or it cannot fail so often.
    case badCall(String)
    /// A result that the driver does not have.
    case badResult(Int)
    /// No more calls can be made to fail.
    case tooManyFaults(limit: Int)
    /// A line of a script that means nothing.
    case badScript(line: Int, text: String, reason: String)
    /// The operating system refused something; the code is its `errno`.
    case system(operation: String, path: String, code: Int32)
}

extension SimulationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownProfile(let name, let known):
            "no simulated machine is called \"\(name)\"; there are \(known.joined(separator: ", "))"
        case .unknownDriver(let name, let known):
            "no driver version \"\(name)\" can be simulated; there are \(known.joined(separator: ", "))"
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
        case .noSuchSlice(let gpu, let gpuInstance, let compute):
            "GPU \(gpu) has no MIG device \(gpuInstance)/\(compute); `nvidia-smi mig -lci` lists those that there are"
        case .noErrorCorrection(let gpu):
            "GPU \(gpu) has no error correction, so it counts no memory errors; take another GPU or profile"
        case .lost(let gpu):
            "GPU \(gpu) has fallen off the bus and cannot be reset; bring it back: divvy sim return \(gpu)"
        case .inUse(let gpu, let pid):
            "GPU \(gpu) cannot be reset while process \(pid) holds it; end the process, or remove it from the GPU"
        case .notConfidential(let profile):
            "\(profile) cannot work confidentially; take one that can: dgx-h100, hgx-h200, b200"
        case .badCall(let call):
            "\"\(call)\" is no call that can be made to fail; give a name such as nvmlDeviceGetPowerUsage, and counts"
                + " above zero"
        case .badResult(let result):
            "the driver has no error \(result); give 1 to 999, such as 15 for a GPU that is lost"
        case .tooManyFaults(let limit):
            "\(limit) calls fail already, and no more can; let all succeed first: divvy sim clear"
        case .badScript(let line, let text, let reason):
            "line \(line), \"\(text)\": \(reason)"
        case .system(let operation, let path, let code):
            "could not \(operation) \(path): \(errorText(code))"
        }
    }
}
