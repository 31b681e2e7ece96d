import Glibc

/// An OCI runtime over the real one: `docker run --runtime divvy -e DIVVY_GPUS=0.5 IMAGE`.
///
/// Engines call it several times for every container. So it is small, links nothing but the C library, and becomes the
/// real runtime at once unless a container that asks for GPUs is made or deleted; that is done by `divvy oci`.
@main
enum Entry {
    static func main() {
        let call = RuntimeCall(Array(CommandLine.arguments.dropFirst()))
        guard let runtime = Machine.program(call.runtime, among: ["runc", "crun"]) else {
            let wanted = call.runtime ?? "neither runc nor crun"
            end(call, "no OCI runtime: \(wanted) was found in PATH; install runc, or name one with --divvy-over PATH")
        }
        if Machine.isSameFile(runtime, as: "/proc/self/exe") {
            end(call, "\(runtime) is divvy-runtime itself; name the real runtime with --divvy-over")
        }
        guard let record = call.record(in: Machine.recordDirectory), concernsLease(call, record) else {
            become(runtime, [runtime] + call.words, for: call)
        }
        let divvy = Machine.neighbour("divvy")
        become(
            divvy,
            [divvy] + call.wordsForLeasing(runtime: runtime, socket: call.socket ?? Machine.ownSocket, record: record),
            for: call)
    }

    /// Whether the container asks for GPUs, or has had a lease.
    private static func concernsLease(_ call: RuntimeCall, _ record: String) -> Bool {
        if call.verb == "delete" { return access(record, F_OK) == 0 }
        guard call.makesContainer else { return false }
        return Machine.file(call.configurationFile, holdsOneOf: ["DIVVY_", "divvy.dev/"])
    }

    private static func become(_ path: String, _ words: [String], for call: RuntimeCall) -> Never {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        execve(path, &arguments, environ)
        end(call, "cannot run \(path): \(String(cString: strerror(errno)))")
    }

    /// Says what went wrong where engines look for it, and ends.
    private static func end(_ call: RuntimeCall, _ message: String) -> Never {
        let line = "divvy-runtime: \(message)"
        Machine.write("\(line)\n", to: STDERR_FILENO)
        if let log = call.log {
            let text = Machine.quoted(line)
            Machine.append(
                call.isLogJSON ? "{\"level\":\"error\",\"msg\":\(text)}\n" : "level=error msg=\(text)\n", to: log)
        }
        exit(1)
    }
}
