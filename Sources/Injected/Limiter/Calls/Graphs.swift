import CLimiter
import CLimiterShim

// Memory that graphs allocate: a graph that can be launched is charged with all its allocations as long as it is there.

enum Graphs {
    private static var all: UnsafeMutablePointer<LimiterTable> { graph_table(state) }

    static func note(_ graph: UInt64, _ size: UInt64) {
        guard Limiter.isReady, let scope = Devices.current(), let gpu = scope.gpu else { return }
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        guard let cell = all.make(graph) else { return }
        cell.pointee.size = Sizes.sum(cell.pointee.size, Memory.rounded(size))
        cell.pointee.gpu = gpu
        cell.pointee.context = UInt64(UInt32(bitPattern: scope.device))
    }

    static func noteCaptured(_ stream: UInt64, _ size: UInt64) {
        var (status, id, graph): (Int32, UInt64, UInt64) = (0, 0, 0)
        let call = UInt32(REAL_cuStreamGetCaptureInfo_v2)
        if capture6(call, stream, &status, &id, &graph, nil, nil) == Answer.success { note(graph, size) }
    }

    static func find(_ graph: UInt64) -> Cell? {
        guard load32(&state.pointee.state) == 1 else { return nil }
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        return all.find(graph)?.pointee
    }

    static func instantiate(_ result: UInt64, _ graph: UInt64, _ call: () -> Int32) -> Int32 {
        guard let source = find(graph) else { return call() }
        guard Books.reserveUrgently(source.gpu, source.size) else { return Answer.outOfMemory }
        let status = call()
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        guard status == Answer.success, let cell = all.make(written(result)) else {
            Books.refund(source.gpu, source.size)
            return status
        }
        cell.pointee = Cell(
            key: cell.pointee.key, size: source.size, context: source.context, gpu: source.gpu, count: 1)
        return status
    }

    static func forget(_ graph: UInt64) {
        take_lock(&state.pointee.tableLock)
        defer { give_lock(&state.pointee.tableLock) }
        guard let cell = all.find(graph), cell.pointee.count == 1 else { return }
        let copy = cell.pointee
        all.remove(cell)
        // What graphs keep for later is not charged any more.
        _ = real1(UInt32(REAL_cuDeviceGraphMemTrim), copy.context)
        Books.refund(copy.gpu, copy.size)
    }
}

@c(hook_instantiate) public func hookInstantiate(
    _ real: UInt32, _ result: UInt64, _ graph: UInt64, _ node: UInt64, _ text: UInt64, _ size: UInt64
) -> Int32 {
    Graphs.instantiate(result, graph) { real5(real, result, graph, node, text, size) }
}

@c(hook_instantiateFlags) public func hookInstantiateFlags(
    _ real: UInt32, _ result: UInt64, _ graph: UInt64, _ flags: UInt64
) -> Int32 {
    Graphs.instantiate(result, graph) { real3(real, result, graph, flags) }
}

@c(hook_destroyExec) public func hookDestroyExec(_ real: UInt32, _ exec: UInt64) -> Int32 {
    let status = real1(real, exec)
    if status == Answer.success, Graphs.find(exec) != nil { Graphs.forget(exec) }
    return status
}

/// The size stands behind the pool's properties, the list of who may access it, and that list's length.
private func size(ofAllocation parameters: UInt64) -> UInt64 {
    place(parameters &+ 104, of: UInt64.self)?.pointee ?? 0
}

@c(hook_addAllocation) public func hookAddAllocation(
    _ real: UInt32, _ node: UInt64, _ graph: UInt64, _ dependencies: UInt64, _ count: UInt64, _ parameters: UInt64
) -> Int32 {
    let status = real5(real, node, graph, dependencies, count, parameters)
    if status == Answer.success, parameters != 0 { Graphs.note(graph, size(ofAllocation: parameters)) }
    return status
}

/// A node of any kind: 10 is an allocation, and its parameters begin after four words of 32 bits.
private func note(_ graph: UInt64, _ parameters: UInt64) {
    guard let kind: UnsafeMutablePointer<Int32> = place(parameters), kind.pointee == 10 else { return }
    Graphs.note(graph, size(ofAllocation: parameters &+ 16))
}

@c(hook_addNode) public func hookAddNode(
    _ real: UInt32, _ node: UInt64, _ graph: UInt64, _ dependencies: UInt64, _ count: UInt64, _ parameters: UInt64
) -> Int32 {
    let status = real5(real, node, graph, dependencies, count, parameters)
    if status == Answer.success { note(graph, parameters) }
    return status
}

@c(hook_addNodeEdges) public func hookAddNodeEdges(
    _ real: UInt32, _ node: UInt64, _ graph: UInt64, _ dependencies: UInt64, _ edges: UInt64, _ count: UInt64,
    _ parameters: UInt64
) -> Int32 {
    let status = real6(real, node, graph, dependencies, edges, count, parameters)
    if status == Answer.success { note(graph, parameters) }
    return status
}

// MARK: Captures, in which nothing is done yet

private func began(_ status: Int32) -> Int32 {
    if status == Answer.success { _ = add32(&state.pointee.captures, 1) }
    return status
}

@c(hook_beginCapture) public func hookBeginCapture(_ real: UInt32, _ stream: UInt64) -> Int32 {
    began(real1(real, stream))
}

@c(hook_beginCapture2) public func hookBeginCapture2(_ real: UInt32, _ stream: UInt64, _ mode: UInt64) -> Int32 {
    began(real2(real, stream, mode))
}

@c(hook_beginCaptureToGraph) public func hookBeginCaptureToGraph(
    _ real: UInt32, _ stream: UInt64, _ graph: UInt64, _ dependencies: UInt64, _ edges: UInt64, _ count: UInt64,
    _ mode: UInt64
) -> Int32 {
    began(real6(real, stream, graph, dependencies, edges, count, mode))
}

/// One that ended badly has ended, too.
@c(hook_endCapture) public func hookEndCapture(_ real: UInt32, _ stream: UInt64, _ graph: UInt64) -> Int32 {
    let status = real2(real, stream, graph)
    let count = load32(&state.pointee.captures)
    if count > 0, status == Answer.success || status >= 900 { _ = replace32(&state.pointee.captures, count, count - 1) }
    return status
}
