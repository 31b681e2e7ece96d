import CNVML
import Foundation
import SimulatedDevices
import Testing

/// A probe that goes on until it is killed.
final class Holder {
    let pid: pid_t
    private let output: Int32
    private var isEnded = false

    init(_ container: TestContainer, bytes: Int, command: String = "hold") throws {
        var pipes: [Int32] = [0, 0]
        try #require(pipe(&pipes) == 0)
        for end in pipes { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let words: [String] = [Built.probePath, container.library, command, String(bytes)]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var started: pid_t = 0
        try #require(posix_spawn(&started, Built.probePath, &actions, nil, &arguments, environ) == 0)
        close(pipes[1])
        output = pipes[0]
        pid = started
        // It says its pid when it holds what it should.
        var text = [UInt8](repeating: 0, count: 32)
        guard read(output, &text, text.count) > 0 else {
            end()
            throw Tool.Failure(program: Built.probePath, text: "the probe could not allocate")
        }
    }

    func end() {
        guard !isEnded else { return }
        isEnded = true
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        close(output)
    }

    deinit { end() }
}

/// What NVML, which the limiter does not touch, says of the machine's first GPU.
struct DriverView: ~Copyable {
    private let library: UnsafeMutableRawPointer

    init(_ machine: borrowing LimitedMachine) throws {
        let opened = try #require(dlopen(machine.instance.libraryPath, RTLD_NOW | RTLD_LOCAL))
        let start = unsafeBitCast(try #require(dlsym(opened, "nvmlInit_v2")), to: PFN_nvmlInit_v2.self)
        try #require(start() == NVML_SUCCESS)
        library = opened
    }

    deinit { dlclose(library) }

    /// Bytes that living programs hold; each has one context, of 256 MiB. The driver itself sees the death of a process
    /// a little later than the limiter.
    func memoryBesidesContexts() throws -> UInt64 {
        try memory().filter { Self.isAlive(UInt32($0.key)) }
            .reduce(0) { $0 + max($1.value, 256 << 20) - (256 << 20) }
    }

    /// Bytes by pid.
    func memory() throws -> [Int32: UInt64] {
        let find = unsafeBitCast(
            try #require(dlsym(library, "nvmlDeviceGetHandleByIndex_v2")),
            to: PFN_nvmlDeviceGetHandleByIndex_v2.self)
        let list = unsafeBitCast(
            try #require(dlsym(library, "nvmlDeviceGetComputeRunningProcesses_v3")),
            to: PFN_nvmlDeviceGetComputeRunningProcesses_v3.self)
        var device: nvmlDevice_t?
        try #require(find(0, &device) == NVML_SUCCESS)
        var count: UInt32 = 256
        var entries = [nvmlProcessInfo_t](repeating: nvmlProcessInfo_t(), count: 256)
        try #require(list(device, &count, &entries) == NVML_SUCCESS)
        return Dictionary(
            entries.prefix(Int(count)).map { (Int32($0.pid), $0.usedGpuMemory) }, uniquingKeysWith: { $1 })
    }

    private static func isAlive(_ pid: UInt32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let field = text.lastIndex(of: ")")
        else { return false }
        return !"ZX".contains(text[text.index(field, offsetBy: 2)])
    }
}
