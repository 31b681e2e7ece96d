public import CSimulatedCUDA

// Making graphs, their edges, and running them.

func withGraph(_ graph: CUgraph?, _ call: StaticString = #function, _ body: (Graph) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let graph, graph.pointee.tag == UInt32(TAG_GRAPH) else { return CUDA_ERROR_INVALID_VALUE }
    return body(graph)
}

func withNode(_ node: CUgraphNode?, _ call: StaticString = #function, _ body: (Node) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let node, node.pointee.tag == UInt32(TAG_NODE) else { return CUDA_ERROR_INVALID_VALUE }
    return body(node)
}

func withExec(_ exec: CUgraphExec?, _ call: StaticString = #function, _ body: (GraphExec) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let exec, exec.pointee.tag == UInt32(TAG_EXEC) else { return CUDA_ERROR_INVALID_VALUE }
    return body(exec)
}

@c public func cuGraphCreate(_ result: UnsafeMutablePointer<CUgraph?>?, _ flags: UInt32) -> CUresult {
    if let error = notReady() { return error }
    guard flags == 0 else { return CUDA_ERROR_INVALID_VALUE }
    return give(Graphs.make(), to: result)
}

@c public func cuGraphDestroy(_ graph: CUgraph?) -> CUresult {
    withGraph(graph) { graph in
        guard graph.pointee.isChild == 0 else { return CUDA_ERROR_INVALID_VALUE }
        Graphs.destroy(graph)
        return CUDA_SUCCESS
    }
}

@c public func cuGraphClone(_ result: UnsafeMutablePointer<CUgraph?>?, _ graph: CUgraph?) -> CUresult {
    withGraph(graph) { graph in
        guard let result else { return CUDA_ERROR_INVALID_VALUE }
        guard let copy = Graphs.clone(graph) else { return CUDA_ERROR_OUT_OF_MEMORY }
        result.pointee = copy
        return CUDA_SUCCESS
    }
}

@c public func cuGraphDestroyNode(_ node: CUgraphNode?) -> CUresult {
    withNode(node) { node in
        Graphs.remove(node)
        return CUDA_SUCCESS
    }
}

// MARK: Nodes and edges

/// Fills a list, and the rest of it with nothing; or says how long it has to be.
private func fill(
    _ list: UnsafeMutablePointer<CUgraphNode?>?, _ count: UnsafeMutablePointer<Int>?, _ found: (inout Filling) -> Void
) -> CUresult {
    guard let count, count.pointee >= 0 || list == nil else { return CUDA_ERROR_INVALID_VALUE }
    var filling = Filling(list: list, room: list == nil ? 0 : count.pointee)
    found(&filling)
    if list == nil {
        count.pointee = filling.count
    } else {
        for index in min(filling.count, count.pointee)..<max(count.pointee, 0) { list?[index] = nil }
        count.pointee = min(filling.count, count.pointee)
    }
    return CUDA_SUCCESS
}

private struct Filling {
    let list: UnsafeMutablePointer<CUgraphNode?>?
    let room: Int
    var count = 0

    mutating func put(_ node: Node?) {
        if count < room { list?[count] = node }
        count += 1
    }
}

@c public func cuGraphGetNodes(
    _ graph: CUgraph?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    withGraph(graph) { graph in fill(nodes, count) { list in Graphs.forEach(graph) { list.put($0) } } }
}

@c public func cuGraphGetRootNodes(
    _ graph: CUgraph?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    withGraph(graph) { graph in
        fill(nodes, count) { list in
            Graphs.forEach(graph) { if $0.pointee.dependencyCount == 0 { list.put($0) } }
        }
    }
}

@c public func cuGraphGetEdges(
    _ graph: CUgraph?, _ from: UnsafeMutablePointer<CUgraphNode?>?, _ to: UnsafeMutablePointer<CUgraphNode?>?,
    _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    withGraph(graph) { graph in
        let room = count?.pointee ?? 0
        let status = fill(from, count) { list in
            Graphs.forEach(graph) { node in
                for index in 0..<Int(node.pointee.dependencyCount) { list.put(node.pointee.dependencies?[index]) }
            }
        }
        var both = room
        guard status == CUDA_SUCCESS, to != nil else { return status }
        return fill(to, &both) { list in
            Graphs.forEach(graph) { node in
                for _ in 0..<Int(node.pointee.dependencyCount) { list.put(node) }
            }
        }
    }
}

@c public func cuGraphGetEdges_v2(
    _ graph: CUgraph?, _ from: UnsafeMutablePointer<CUgraphNode?>?, _ to: UnsafeMutablePointer<CUgraphNode?>?,
    _ data: UnsafeMutablePointer<CUgraphEdgeData>?,
    _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    clear(data, count)
    return cuGraphGetEdges(graph, from, to, count)
}

/// Edges have no properties here.
private func clear(_ data: UnsafeMutablePointer<CUgraphEdgeData>?, _ count: UnsafeMutablePointer<Int>?) {
    guard let data, let count, count.pointee > 0 else { return }
    memset(data, 0, count.pointee * MemoryLayout<CUgraphEdgeData>.size)
}

@c public func cuGraphNodeGetDependencies(
    _ node: CUgraphNode?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    withNode(node) { node in
        fill(nodes, count) { list in
            for index in 0..<Int(node.pointee.dependencyCount) { list.put(node.pointee.dependencies?[index]) }
        }
    }
}

@c public func cuGraphNodeGetDependencies_v2(
    _ node: CUgraphNode?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ data: UnsafeMutablePointer<CUgraphEdgeData>?,
    _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    clear(data, count)
    return cuGraphNodeGetDependencies(node, nodes, count)
}

@c public func cuGraphNodeGetDependentNodes(
    _ node: CUgraphNode?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    withNode(node) { node in
        fill(nodes, count) { list in
            Graphs.forEach(node.pointee.graph) { other in
                for index in 0..<Int(other.pointee.dependencyCount) where other.pointee.dependencies?[index] == node {
                    list.put(other)
                }
            }
        }
    }
}

@c public func cuGraphNodeGetDependentNodes_v2(
    _ node: CUgraphNode?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ data: UnsafeMutablePointer<CUgraphEdgeData>?,
    _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    clear(data, count)
    return cuGraphNodeGetDependentNodes(node, nodes, count)
}

/// Adds edges, or takes them away.
private func change(
    _ graph: CUgraph?, _ from: UnsafePointer<CUgraphNode?>?, _ to: UnsafePointer<CUgraphNode?>?, _ count: Int,
    _ call: StaticString, _ body: (Node, Node) -> Bool
) -> CUresult {
    withGraph(graph, call) { graph in
        guard count >= 0 else { return CUDA_ERROR_INVALID_VALUE }
        for index in 0..<count {
            guard let before = from?[index], let node = to?[index], before.pointee.tag == UInt32(TAG_NODE),
                node.pointee.tag == UInt32(TAG_NODE), node.pointee.graph == graph, before.pointee.graph == graph,
                before != node, body(node, before)
            else { return CUDA_ERROR_INVALID_VALUE }
        }
        return CUDA_SUCCESS
    }
}

@c public func cuGraphAddDependencies(
    _ graph: CUgraph?, _ from: UnsafePointer<CUgraphNode?>?, _ to: UnsafePointer<CUgraphNode?>?, _ count: Int
) -> CUresult {
    change(graph, from, to, count, #function) { Graphs.depend($0, on: $1) }
}

@c public func cuGraphAddDependencies_v2(
    _ graph: CUgraph?, _ from: UnsafePointer<CUgraphNode?>?, _ to: UnsafePointer<CUgraphNode?>?,
    _ data: UnsafeRawPointer?, _ count: Int
) -> CUresult {
    change(graph, from, to, count, #function) { Graphs.depend($0, on: $1) }
}

@c public func cuGraphRemoveDependencies(
    _ graph: CUgraph?, _ from: UnsafePointer<CUgraphNode?>?, _ to: UnsafePointer<CUgraphNode?>?, _ count: Int
) -> CUresult {
    change(graph, from, to, count, #function) { Graphs.undepend($0, on: $1) }
}

@c public func cuGraphRemoveDependencies_v2(
    _ graph: CUgraph?, _ from: UnsafePointer<CUgraphNode?>?, _ to: UnsafePointer<CUgraphNode?>?,
    _ data: UnsafeRawPointer?, _ count: Int
) -> CUresult {
    change(graph, from, to, count, #function) { Graphs.undepend($0, on: $1) }
}

// MARK: Running

private func instantiate(
    _ result: UnsafeMutablePointer<CUgraphExec?>?, _ graph: CUgraph?, _ flags: UInt64, _ call: StaticString
) -> CUresult {
    withGraph(graph, call) { graph in
        guard let result else { return CUDA_ERROR_INVALID_VALUE }
        guard let exec = GraphExecs.make(graph, flags: flags) else { return CUDA_ERROR_INVALID_VALUE }
        result.pointee = exec
        return CUDA_SUCCESS
    }
}

@c public func cuGraphInstantiateWithFlags(
    _ result: UnsafeMutablePointer<CUgraphExec?>?, _ graph: CUgraph?, _ flags: UInt64
) -> CUresult {
    instantiate(result, graph, flags, #function)
}

@c public func cuGraphInstantiate(
    _ result: UnsafeMutablePointer<CUgraphExec?>?, _ graph: CUgraph?, _ failed: UnsafeMutablePointer<CUgraphNode?>?,
    _ log: UnsafeMutablePointer<CChar>?, _ logSize: Int
) -> CUresult {
    instantiate(result, graph, 0, #function)
}

@c public func cuGraphInstantiate_v2(
    _ result: UnsafeMutablePointer<CUgraphExec?>?, _ graph: CUgraph?, _ failed: UnsafeMutablePointer<CUgraphNode?>?,
    _ log: UnsafeMutablePointer<CChar>?, _ logSize: Int
) -> CUresult {
    instantiate(result, graph, 0, #function)
}

@c public func cuGraphInstantiateWithParams(
    _ result: UnsafeMutablePointer<CUgraphExec?>?, _ graph: CUgraph?,
    _ parameters: UnsafeMutablePointer<CUDA_GRAPH_INSTANTIATE_PARAMS>?
) -> CUresult {
    guard let parameters else { return CUDA_ERROR_INVALID_VALUE }
    let status = instantiate(result, graph, parameters.pointee.flags, #function)
    parameters.pointee.hErrNode_out = nil
    parameters.pointee.result_out = status == CUDA_SUCCESS ? 0 : 1
    return status
}

@c public func cuGraphLaunch(_ exec: CUgraphExec?, _ stream: CUstream?) -> CUresult {
    withExec(exec) { exec in
        withStream(stream, "cuGraphLaunch") { stream in
            stream.pointee.capture == nil ? GraphExecs.launch(exec, in: stream) : Captures.refuse(stream)
        }
    }
}

@c public func cuGraphUpload(_ exec: CUgraphExec?, _ stream: CUstream?) -> CUresult {
    withExec(exec) { _ in withStream(stream, "cuGraphUpload") { $0.submit(OPERATION_NOTHING) } }
}

@c public func cuGraphExecDestroy(_ exec: CUgraphExec?) -> CUresult {
    withExec(exec) { exec in
        GraphExecs.destroy(exec)
        return CUDA_SUCCESS
    }
}

@c public func cuGraphExecGetFlags(_ exec: CUgraphExec?, _ flags: UnsafeMutablePointer<UInt64>?) -> CUresult {
    withExec(exec) { give($0.pointee.flags, to: flags) }
}

/// The result's structure: a result, a node, and the node that it came from.
@c public func cuGraphExecUpdate_v2(
    _ exec: CUgraphExec?, _ graph: CUgraph?, _ result: UnsafeMutableRawPointer?
) -> CUresult {
    withExec(exec) { exec in
        withGraph(graph, "cuGraphExecUpdate") { graph in
            guard let result else { return CUDA_ERROR_INVALID_VALUE }
            memset(result, 0, 24)
            if GraphExecs.update(exec, from: graph) { return CUDA_SUCCESS }
            // The topology changed.
            result.storeBytes(of: 2, as: Int32.self)
            return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE
        }
    }
}

@c public func cuGraphExecUpdate(
    _ exec: CUgraphExec?, _ graph: CUgraph?, _ failed: UnsafeMutablePointer<CUgraphNode?>?,
    _ result: UnsafeMutablePointer<Int32>?
) -> CUresult {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 6) { info in
        let status = cuGraphExecUpdate_v2(exec, graph, info.baseAddress)
        failed?.pointee = nil
        result?.pointee = status == CUDA_SUCCESS ? 0 : 2
        return status
    }
}

// MARK: Memory of graphs is given back when it is freed

@c public func cuDeviceGraphMemTrim(_ device: CUdevice) -> CUresult { withDevice(device) { _ in CUDA_SUCCESS } }

@c public func cuDeviceGetGraphMemAttribute(
    _ device: CUdevice, _ attribute: Int32, _ value: UnsafeMutablePointer<UInt64>?
) -> CUresult {
    withMemory(#function) {
        guard gpu(of: device) != nil else { return CUDA_ERROR_INVALID_DEVICE }
        var bytes: UInt64 = 0
        for index in 0..<Int(process.pointee.rangeCount) {
            guard let range = process.pointee.ranges?[index], range.pointee.kind == UInt32(MEMORY_GRAPH) else {
                continue
            }
            if range.pointee.device == device { bytes += range.pointee.mappedSize }
        }
        return (0...3).contains(attribute) ? give(bytes, to: value) : CUDA_ERROR_INVALID_VALUE
    }
}
