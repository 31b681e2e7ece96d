import CSimulatedCUDA

typealias GraphExec = UnsafeMutablePointer<DriverGraphExec>

/// Graphs that can be launched: their operations in an order, which a stream does one after the other.
enum GraphExecs {
    static func make(_ graph: Graph, flags: UInt64) -> GraphExec? {
        guard let exec = Slots.make(DriverGraphExec.self) else { return nil }
        exec.pointee.flags = flags
        guard fill(exec, graph) else {
            Slots.free(exec)
            return nil
        }
        exec.pointee.tag = UInt32(TAG_EXEC)
        return exec
    }

    /// Takes a graph's operations over; false when it has a circle or there is no memory.
    private static func fill(_ exec: GraphExec, _ graph: Graph) -> Bool {
        var count = 0
        guard Graphs.forEachInOrder(graph, { _ in count += 1 }) else { return false }
        let room = max(count, 1)
        guard let operations = malloc(room * MemoryLayout<DriverOperation>.size),
            let origins = malloc(room * MemoryLayout<Node?>.size)
        else { return false }
        exec.pointee.operations = operations.assumingMemoryBound(to: DriverOperation.self)
        exec.pointee.origins = origins.assumingMemoryBound(to: Node?.self)
        var index = 0
        _ = Graphs.forEachInOrder(graph) { node in
            exec.pointee.operations[index] = Graphs.ownOperation(node)
            exec.pointee.origins[index] = node
            index += 1
        }
        exec.pointee.count = UInt64(count)
        return true
    }

    private static func empty(_ exec: GraphExec) {
        for index in 0..<Int(exec.pointee.count) {
            let operation = exec.pointee.operations[index]
            if operation.kind == UInt32(OPERATION_COPY_3D) { free(Effects.pointer(operation.a)) }
        }
        free(exec.pointee.operations)
        free(exec.pointee.origins)
    }

    /// The exec that an operation in a stream is about; it lives until the operation is done.
    static func of(_ operation: Operation) -> GraphExec? { GraphExec(bitPattern: UInt(operation.pointee.a)) }

    /// A launch is done.
    static func finish(_ exec: GraphExec) {
        guard atomic_add_64(&exec.pointee.running, .max) == 0, exec.pointee.isDoomed != 0 else { return }
        end(exec)
    }

    static func destroy(_ exec: GraphExec) {
        exec.pointee.tag = 0
        exec.pointee.isDoomed = 1
        // One more than runs, so that only one of us ends it.
        _ = atomic_add_64(&exec.pointee.running, 1)
        finish(exec)
    }

    private static func end(_ exec: GraphExec) {
        empty(exec)
        Slots.free(exec)
    }

    static func launch(_ exec: GraphExec, in stream: Stream) -> CUresult {
        var wanted: UInt64 = 0
        for index in 0..<Int(exec.pointee.count) {
            let operation = exec.pointee.operations + index
            switch Int(operation.pointee.kind) {
            case OPERATION_RECORD:
                guard let event = EventHandle(bitPattern: UInt(operation.pointee.a)),
                    event.pointee.tag == UInt32(TAG_EVENT)
                else { continue }
                let number = newID()
                event.pointee.stream = stream.pointee.context
                atomic_write_64(&event.pointee.recorded, number)
                operation.pointee.b = number
            case OPERATION_WAIT:
                guard let event = EventHandle(bitPattern: UInt(operation.pointee.a)),
                    event.pointee.tag == UInt32(TAG_EVENT)
                else { continue }
                operation.pointee.b = event.pointee.recorded
            case OPERATION_GRAPH_ALLOC:
                wanted += GraphMemory.missing(operation.pointee)
            default: break
            }
        }
        if wanted > 0, Books.free(stream.pointee.context.pointee.gpu) < wanted { return CUDA_ERROR_OUT_OF_MEMORY }
        _ = atomic_add_64(&exec.pointee.running, 1)
        stream.put(OPERATION_GRAPH, UInt64(UInt(bitPattern: exec)))
        return CUDA_SUCCESS
    }

    /// Gives the exec the parameters of a graph of the same shape; false when it has another one.
    static func update(_ exec: GraphExec, from graph: Graph) -> Bool {
        var index = 0
        var isAlike = true
        let isSound = Graphs.forEachInOrder(graph) { node in
            if index >= Int(exec.pointee.count)
                || exec.pointee.operations[index].kind != node.pointee.operation.kind
            {
                isAlike = false
            }
            index += 1
        }
        guard isSound, isAlike, index == Int(exec.pointee.count) else { return false }
        index = 0
        _ = Graphs.forEachInOrder(graph) { node in
            replace(exec, index, node)
            index += 1
        }
        return true
    }

    private static func replace(_ exec: GraphExec, _ index: Int, _ node: Node) {
        let old = exec.pointee.operations[index]
        exec.pointee.operations[index] = Graphs.ownOperation(node)
        if old.kind == UInt32(OPERATION_COPY_3D) { free(Effects.pointer(old.a)) }
    }

    /// The operation that came from a node; nil when there is none of that kind.
    static func operation(_ exec: GraphExec, _ node: Node?, _ kind: Int) -> Operation? {
        for index in 0..<Int(exec.pointee.count) where exec.pointee.origins[index] == node {
            let operation = exec.pointee.operations + index
            return operation.pointee.kind == UInt32(kind) ? operation : nil
        }
        return nil
    }
}

/// Memory that a graph allocates when it runs: its address is known from the beginning, and reserved for good.
enum GraphMemory {
    /// Makes the operation of a node: a: address, b: size, c: context.
    static func reserve(_ size: UInt64, _ context: Context) -> DriverOperation? {
        let taken = Memory.rounded(size, to: Memory.block)
        guard size > 0, size < 1 << 46, let memory = map_nothing(0, Int(taken)) else { return nil }
        if let range = Slots.make(DriverAllocation.self) {
            range.pointee.kind = UInt32(MEMORY_GRAPH)
            range.pointee.address = UInt64(UInt(bitPattern: memory))
            range.pointee.size = taken
            process_lock(&process.pointee.memoryLock)
            range.pointee.next = process.pointee.reservations
            process.pointee.reservations = range
            process_unlock(&process.pointee.memoryLock)
        }
        var operation = DriverOperation()
        operation.kind = UInt32(OPERATION_GRAPH_ALLOC)
        operation.a = UInt64(UInt(bitPattern: memory))
        operation.b = size
        operation.c = UInt64(UInt(bitPattern: context))
        return operation
    }

    static func capture(
        _ result: UnsafeMutablePointer<CUdeviceptr>, _ size: UInt64, in stream: Stream
    ) -> CUresult {
        guard let operation = reserve(size, stream.pointee.context) else { return CUDA_ERROR_OUT_OF_MEMORY }
        guard Captures.add(operation, to: stream) != nil else { return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED }
        result.pointee = operation.a
        return CUDA_SUCCESS
    }

    /// What running the operation would take of the GPU's memory, in bytes.
    static func missing(_ operation: DriverOperation) -> UInt64 {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        return Ranges.begin(at: operation.a) == nil ? Memory.rounded(operation.b, to: Memory.block) : 0
    }

    static func allocate(_ operation: DriverOperation) {
        process_lock(&process.pointee.memoryLock)
        defer { process_unlock(&process.pointee.memoryLock) }
        // Memory of the launch before that nobody freed serves this one too.
        guard Ranges.begin(at: operation.a) == nil, let context = Context(bitPattern: UInt(operation.c)),
            Contexts.isValid(context), let range = Slots.make(DriverAllocation.self)
        else { return }
        let taken = Memory.rounded(operation.b, to: Memory.block)
        guard map_private(operation.a, Int(taken)) != nil else { return Slots.free(range) }
        range.pointee.kind = UInt32(MEMORY_GRAPH)
        range.pointee.address = operation.a
        range.pointee.size = operation.b
        range.pointee.mappedSize = taken
        range.pointee.file = -1
        range.pointee.gpu = context.pointee.gpu
        range.pointee.device = context.pointee.device
        range.pointee.context = context
        range.pointee.id = newID()
        // The launch looked whether there is room; who came in between took it, and a stream has nobody to tell.
        if Books.charge(gpu: range.pointee.gpu, taken) { range.pointee.charged = taken }
        if !Ranges.insert(range) { Memory.unback(range) }
    }
}
