import CSimulatedCUDA
import CSimulatedDriver

/// This process as a client of a multi-process server, when `cuInit` finds the socket of a control daemon.
///
/// Nobody at the socket, or no such directory: the process runs without a server and without its limits, as with the
/// real driver. What the daemon grants is fixed at this moment.
enum Service {
    static var isJoined: Bool { process.pointee.client != nil }

    /// Asks the daemon for a server. Waits as long as the daemon has none to give.
    static func join() -> CUresult {
        guard process.pointee.client == nil else { return CUDA_SUCCESS }
        let file = connect()
        guard file >= 0 else { return CUDA_SUCCESS }
        var hello = ServiceHello(
            magic: UInt32(SERVICE_MAGIC), kind: UInt32(SERVICE_CLIENT), instance: model.pointee.instance)
        var welcome = ServiceWelcome()
        guard service_send(file, &hello, MemoryLayout<ServiceHello>.size),
            service_receive(file, &welcome, MemoryLayout<ServiceWelcome>.size),
            welcome.magic == UInt32(SERVICE_MAGIC), welcome.result == 0 || welcome.result < 1000,
            welcome.server < UInt32(MODEL_SERVER_LIMIT), welcome.client < UInt32(MODEL_CLIENT_LIMIT),
            welcome.gpuCount <= UInt32(PROCESS_GPU_LIMIT)
        else {
            close(file)
            // Where nobody named a directory, what answers there may be NVIDIA's own daemon, which is no concern of ours.
            return getenv("CUDA_MPS_PIPE_DIRECTORY") == nil ? CUDA_SUCCESS : CUDA_ERROR_MPS_CONNECTION_FAILED
        }
        guard welcome.result == 0 else {
            close(file)
            return CUresult(welcome.result)
        }
        accept(&welcome, file)
        return CUDA_SUCCESS
    }

    private static func accept(_ welcome: inout ServiceWelcome, _ file: Int32) {
        let server = model_server(model, welcome.server)
        process.pointee.service = file
        process.pointee.server = server
        process.pointee.serverSerial = welcome.serial
        process.pointee.clientNumber = welcome.number
        process.pointee.percentage = welcome.percentage
        process.pointee.servedGPUCount = welcome.gpuCount
        for gpu in 0..<UInt32(PROCESS_GPU_LIMIT) { process_pinned(process, gpu).pointee = .max }
        for index in 0..<welcome.gpuCount {
            let gpu = min(service_gpu(&welcome, index).pointee, UInt32(PROCESS_GPU_LIMIT) - 1)
            process_served_gpu(process, index).pointee = gpu
            process_pinned(process, gpu).pointee = service_pinned(&welcome, index).pointee
        }
        if welcome.percentageOverrides == 0, let text = getenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"),
            let own = hundredths(text)
        {
            process.pointee.percentage = min(welcome.percentage, own)
        }
        process.pointee.client = model_client(server, welcome.client)
    }

    /// A connection to the daemon whose pipe directory the environment names; negative when nobody is there.
    private static func connect() -> Int32 {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let path = buffer.baseAddress else { return -1 }
            path[0] = 0
            if let directory = getenv("CUDA_MPS_PIPE_DIRECTORY"), directory.pointee != 0 {
                // Longer than the address of a socket can be.
                guard strlen(directory) < 120 else { return -1 }
                strcpy(path, directory)
            } else {
                strcpy(path, "/tmp/nvidia-mps")
            }
            strcat(path, "/control")
            return service_connect(path)
        }
    }

    /// Lets the daemon know that the process ends in order.
    static func leave() {
        guard isJoined else { return }
        if let client = own {
            for gpu in 0..<UInt32(PROCESS_GPU_LIMIT) { model_store_32(model_in_flight(client, gpu), 0) }
        }
        process.pointee.client = nil
        close(process.pointee.service)
    }

    // MARK: What is granted

    /// Keeps of the GPUs that the process sees those that the server has, in the server's order.
    static func keepServedGPUs() {
        guard isJoined else { return }
        var kept = InlineArray<16, UInt32>(repeating: 0)
        var count: UInt32 = 0
        for index in 0..<process.pointee.servedGPUCount {
            let gpu = process_served_gpu(process, index).pointee
            for place in 0..<process.pointee.gpuCount where process_gpu(process, place).pointee == gpu {
                kept[Int(count)] = gpu
                count += 1
            }
        }
        for place in 0..<count { process_gpu(process, place).pointee = kept[Int(place)] }
        process.pointee.gpuCount = count
    }

    /// The multiprocessors that a percentage grants: whole pairs, as was measured on real GPUs.
    static func granted(of all: UInt32) -> UInt32 {
        guard isJoined, process.pointee.percentage < 10_000 else { return all }
        let count = UInt32(UInt64(all) * UInt64(process.pointee.percentage) / 10_000) & ~1
        return min(max(count, 2), all)
    }

    /// That as a part of the GPU, in hundredths of a per cent.
    static func share(of gpu: UInt32) -> UInt64 {
        let all = Part.allMultiprocessors(gpu)
        return all == 0 ? 10_000 : UInt64(Part.multiprocessors(gpu)) * 10_000 / UInt64(all)
    }

    /// What the pinned limit leaves of a GPU's memory, in bytes.
    static func room(_ gpu: UInt32) -> UInt64 {
        guard isJoined else { return .max }
        let limit = process_pinned(process, gpu).pointee
        guard limit != .max else { return .max }
        let held = process_held(process, gpu).pointee
        return held < limit ? limit - held : 0
    }

    /// Lowers the limits to those of `CUDA_MPS_PINNED_DEVICE_MEM_LIMIT`. If that names a GPU that the process does not
    /// see, no limit is left at all: this is what the real driver does.
    static func limitMemory() {
        guard isJoined, var entry = getenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT").map({ UnsafePointer($0) }),
            entry.pointee != 0
        else { return }
        while entry.pointee != 0 {
            while entry.pointee == 32 || entry.pointee == 44 { entry += 1 }
            let length = strcspn(entry, "=,")
            if length == 0 { break }
            guard entry[length] == 61, let gpu = Machine.find(entry, length, process.pointee.gpuCount),
                let bytes = bytes(entry + length + 1)
            else {
                for gpu in 0..<UInt32(PROCESS_GPU_LIMIT) { process_pinned(process, gpu).pointee = .max }
                return
            }
            process_pinned(process, gpu).pointee = min(process_pinned(process, gpu).pointee, bytes)
            entry += strcspn(entry, ",")
        }
    }

    /// `10G`, `512M`, `512MB`, with the multiples of 1024.
    private static func bytes(_ text: UnsafePointer<CChar>) -> UInt64? {
        var end: UnsafeMutablePointer<CChar>?
        let number = strtoull(text, &end, 10)
        guard let end, end > UnsafeMutablePointer(mutating: text), number < 1 << 30 else { return nil }
        switch end.pointee {
        case 71, 103: return number << 30
        case 77, 109: return number << 20
        case 75, 107: return number << 10
        default: return nil
        }
    }

    /// A percentage above 0 and up to 100, in hundredths.
    private static func hundredths(_ text: UnsafePointer<CChar>) -> UInt32? {
        var whole: UInt32 = 0
        var place = text
        var scale: UInt32 = 100
        while place.pointee >= 48, place.pointee <= 57, whole <= 100 {
            whole = whole * 10 + UInt32(place.pointee - 48)
            place += 1
        }
        var value = whole * 100
        if place.pointee == 46 {
            place += 1
            while scale > 1, place.pointee >= 48, place.pointee <= 57 {
                scale /= 10
                value += UInt32(place.pointee - 48) * scale
                place += 1
            }
        }
        return value > 0 && value <= 10_000 ? value : nil
    }
}

// MARK: Whether the server works

extension Service {
    /// Whether a pid of the model's PID namespace is the server's.
    static func isServer(_ pid: UInt32) -> Bool { isJoined && process.pointee.server?.pointee.pid == pid }

    /// What calls on that GPU answer for good; nil while all is well.
    static func failure(gpu: UInt32) -> CUresult? {
        guard let server = process.pointee.server, let client = process.pointee.client else { return nil }
        guard model_load_64(&client.pointee.number) == process.pointee.clientNumber else {
            return CUDA_ERROR_MPS_RPC_FAILURE
        }
        if model_load_32(&client.pointee.isTerminated) != 0 { return CUDA_ERROR_MPS_CLIENT_TERMINATED }
        guard model_load_64(&server.pointee.serial) == process.pointee.serverSerial else {
            return CUDA_ERROR_MPS_RPC_FAILURE
        }
        let fault = model_load_32(&server.pointee.fault)
        if fault != 0 { return CUresult(fault) }
        return model_load_32(&server.pointee.wedged) & 1 << gpu != 0 ? CUDA_ERROR_ILLEGAL_ADDRESS : nil
    }

    /// Whether the daemon still has the connection, which costs a call of the kernel.
    static var isConnected: Bool { !isJoined || service_is_open(process.pointee.service) }

    /// Lets a new context in. On a server that is wedged this does not come back before that server is gone.
    static func admit() -> CUresult {
        guard let server = process.pointee.server, isJoined else { return CUDA_SUCCESS }
        while model_load_32(&server.pointee.wedged) != 0,
            model_load_64(&server.pointee.serial) == process.pointee.serverSerial, isConnected
        {
            sleep_for(5_000_000)
        }
        return isConnected ? failure(gpu: 31) ?? CUDA_SUCCESS : CUDA_ERROR_MPS_RPC_FAILURE
    }

    /// A kernel of a client made the GPU fail: the other clients of its server fail with it.
    static func fail(with result: CUresult) {
        guard own != nil, let server = process.pointee.server else { return }
        model_store_32(&server.pointee.fault, result.rawValue)
    }

    // MARK: Work in flight: who dies with some leaves it behind

    /// Notes that a context has work that is not done. Its executor is held.
    @inline(__always)
    static func begin(_ context: Context) {
        guard context.pointee.isInFlight == 0, isJoined, let client = own else { return }
        context.pointee.isInFlight = 1
        model_add_32(model_in_flight(client, context.pointee.gpu), 1)
    }

    /// Notes that it has none. Its executor is held.
    @inline(__always)
    static func end(_ context: Context) {
        guard context.pointee.isInFlight != 0 else { return }
        context.pointee.isInFlight = 0
        guard let client = own else { return }
        model_add_32(model_in_flight(client, context.pointee.gpu), .max)
    }

    /// This process's place at its server; nil without a server, and once another client has it.
    private static var own: UnsafeMutablePointer<ModelClient>? {
        guard let server = process.pointee.server, let client = process.pointee.client,
            model_load_64(&server.pointee.serial) == process.pointee.serverSerial,
            model_load_64(&client.pointee.number) == process.pointee.clientNumber
        else { return nil }
        return client
    }

    /// Looks whether the work of a context is done, for those who have waited for it.
    static func settle(_ context: Context) {
        guard atomic_read_32(&context.pointee.isInFlight) != 0 else { return }
        process_lock(&context.pointee.executor)
        _ = Executor.advance(context, isWorker: false)
        process_unlock(&context.pointee.executor)
    }
}
