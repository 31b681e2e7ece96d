import CSimulatedDriver
import Glibc

/// What runs as `nvidia-cuda-mps-server`: it holds its GPUs for as long as the daemon wants it to.
///
/// It lists itself on its GPUs, tells the daemon on standard output which these are, and ends when standard input
/// does, so that it never outlives its daemon. What clients do and are granted is between them, the daemon and the
/// device model.
enum ServerProcess {
    /// What a server holds of each GPU, in bytes; what nvidia-smi shows of a real one.
    static let memory: UInt64 = 30 << 20

    static func run(_ arguments: [String]) -> Int32 {
        if arguments == ["-v"] {
            print("CUDA MPS Server, simulated by Divvy")
            return 0
        }
        guard arguments.count == 5, let slot = UInt32(arguments[1]), let serial = UInt64(arguments[2]),
            let uid = uid_t(arguments[3]), slot < UInt32(MODEL_SERVER_LIMIT)
        else {
            print("nvidia-cuda-mps-server is launched by the MPS control daemon.")
            return 1
        }
        if geteuid() == 0, uid != 0, setuid(uid) != 0 { return fail("Failed to become user \(uid)") }
        guard let model = SharedModel(arguments[0]) else { return fail("no CUDA-capable device is detected") }
        for number in [SIGTERM, SIGINT, SIGHUP] { catchSignal(number) }
        do throws(Refusal) {
            let list = arguments[4]
            let gpus = list == "all" ? model.visible : try model.choose(list, among: model.visible)
            try hold(gpus, model)
            print("ready " + gpus.map(String.init).joined(separator: ","))
        } catch {
            release(model)
            return fail(error.text)
        }
        var byte: UInt8 = 0
        // Ends with the daemon, or with a signal.
        while read(STDIN_FILENO, &byte, 1) > 0 {}
        release(model)
        if let server = model_server(model.memory, slot) { _ = model_exchange_64(&server.pointee.serial, serial, 0) }
        return 0
    }

    private static func fail(_ text: String) -> Int32 {
        print("failed " + text)
        return 1
    }

    private static func catchSignal(_ number: Int32) {
        // A handler that does nothing ends the reading of standard input.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(number, &action, nil)
    }

    /// Lists this process on the GPUs.
    private static func hold(_ gpus: [UInt32], _ model: SharedModel) throws(Refusal) {
        guard !gpus.isEmpty else { throw Refusal("no CUDA-capable device is detected") }
        for number in gpus {
            guard let gpu = model.gpu(number), model_load_32(&gpu.pointee.lost) == 0 else {
                throw Refusal("no CUDA-capable device is detected")
            }
            let mode = model_load_32(&gpu.pointee.computeMode)
            if mode == 2 || (mode == 3 && isHeld(number, model)) {
                throw Refusal("all CUDA-capable devices are busy or unavailable")
            }
            var process = ModelProcess()
            process.owner = model_owner(number, UInt32(getpid()))
            process.startTime = process_start_time(UInt32(getpid()))
            process.memory = memory
            model_charge_energy(model.memory, number)
            guard model_add_process(model.memory, &process) else { throw Refusal("out of memory") }
        }
        model_edited(model.memory)
    }

    /// Whether a process that lives is on the GPU.
    private static func isHeld(_ gpu: UInt32, _ model: SharedModel) -> Bool {
        (0..<UInt32(MODEL_PROCESS_LIMIT)).contains { slot in
            var process = ModelProcess()
            guard model_read_process(model_process(model.memory, slot), &process),
                model_owner_is_on(process.owner, gpu)
            else { return false }
            let pid = model_owner_pid(process.owner)
            return pid & 0x8000_0000 != 0 || process_start_time(pid) == process.startTime
        }
    }

    private static func release(_ model: SharedModel) {
        for slot in 0..<UInt32(MODEL_PROCESS_LIMIT) {
            guard let process = model_process(model.memory, slot) else { continue }
            let owner = model_load_64(&process.pointee.owner)
            guard model_owner_pid(owner) == UInt32(getpid()), owner > MODEL_PROCESS_WRITING else { continue }
            _ = model_remove_process(process, owner)
        }
        model_edited(model.memory)
    }
}
