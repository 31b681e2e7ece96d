public import CSimulatedCUDA

// Nodes of graphs by their kinds.

/// Adds a node, and lets the body say what it does; the node goes again when the body fails.
private func add(
    _ kind: Int, _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?,
    _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ call: StaticString, _ body: (Node) -> CUresult
) -> CUresult {
    withGraph(graph, call) { graph in
        guard let result, let node = Graphs.add(kind, to: graph, after: dependencies, count) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        let status = body(node)
        if status == CUDA_SUCCESS { result.pointee = node } else { Graphs.remove(node) }
        return status
    }
}

enum NodeSetting {
    static func kernel(_ node: Node, _ it: CUDA_KERNEL_NODE_PARAMS) -> CUresult {
        guard let function = it.func ?? it.kern, function.pointee.tag == UInt32(TAG_FUNCTION) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        guard it.gridDimX > 0, it.gridDimY > 0, it.gridDimZ > 0, it.blockDimX > 0, it.blockDimY > 0, it.blockDimZ > 0,
            UInt64(it.blockDimX) * UInt64(it.blockDimY) * UInt64(it.blockDimZ) <= 1024
        else { return CUDA_ERROR_INVALID_VALUE }
        node.pointee.kernel = it
        node.pointee.operation.kind = UInt32(OPERATION_KERNEL)
        node.pointee.operation.a = function.pointee.duration
        return CUDA_SUCCESS
    }

    static func copy(_ node: Node, _ it: CUDA_MEMCPY3D) -> CUresult {
        guard let resolved = Copies.resolve(it), let memory = malloc(MemoryLayout<CUDA_MEMCPY3D>.size) else {
            return CUDA_ERROR_INVALID_VALUE
        }
        if node.pointee.operation.kind == UInt32(OPERATION_COPY_3D) { free(Effects.pointer(node.pointee.operation.a)) }
        memory.assumingMemoryBound(to: CUDA_MEMCPY3D.self).pointee = resolved
        node.pointee.copy = it
        node.pointee.operation = DriverOperation()
        node.pointee.operation.kind = UInt32(OPERATION_COPY_3D)
        node.pointee.operation.a = UInt64(UInt(bitPattern: memory))
        node.pointee.operation.d = Copies.length(resolved)
        return CUDA_SUCCESS
    }

    static func set(_ node: Node, _ it: CUDA_MEMSET_NODE_PARAMS) -> CUresult {
        guard it.elementSize == 1 || it.elementSize == 2 || it.elementSize == 4, it.width > 0, it.height > 0,
            let row = Sizes.product(it.width, Int(it.elementSize)), it.height == 1 || it.pitch >= row,
            let size = Sizes.rows(it.height, it.height == 1 ? 0 : it.pitch, row), Ranges.hold(it.dst, UInt64(size))
        else { return CUDA_ERROR_INVALID_VALUE }
        node.pointee.set = it
        node.pointee.operation.kind = UInt32(OPERATION_SET)
        node.pointee.operation.flags = it.elementSize
        node.pointee.operation.a = it.dst
        node.pointee.operation.b = UInt64(it.value)
        node.pointee.operation.c = UInt64(it.width)
        node.pointee.operation.d = UInt64(it.height)
        node.pointee.operation.e = UInt64(it.height == 1 ? 0 : it.pitch)
        return CUDA_SUCCESS
    }

    static func host(_ node: Node, _ it: CUDA_HOST_NODE_PARAMS) -> CUresult {
        guard let function = it.fn else { return CUDA_ERROR_INVALID_VALUE }
        node.pointee.operation.kind = UInt32(OPERATION_HOST)
        node.pointee.operation.a = UInt64(UInt(bitPattern: unsafeBitCast(function, to: UnsafeRawPointer.self)))
        node.pointee.operation.b = UInt64(UInt(bitPattern: it.userData))
        return CUDA_SUCCESS
    }

    static func event(_ node: Node, _ kind: Int, _ event: CUevent?) -> CUresult {
        guard let event, event.pointee.tag == UInt32(TAG_EVENT) else { return CUDA_ERROR_INVALID_VALUE }
        node.pointee.operation.kind = UInt32(kind)
        node.pointee.operation.a = UInt64(UInt(bitPattern: event))
        return CUDA_SUCCESS
    }
}

@c public func cuGraphAddKernelNode_v2(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafePointer<CUDA_KERNEL_NODE_PARAMS>?
) -> CUresult {
    add(NODE_KERNEL, result, graph, dependencies, count, #function) { node in
        parameters.map { NodeSetting.kernel(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

/// The first version of the parameters, which ends before the kernel and the context.
private func current(_ parameters: UnsafePointer<CUDA_KERNEL_NODE_PARAMS>) -> CUDA_KERNEL_NODE_PARAMS {
    var it = CUDA_KERNEL_NODE_PARAMS()
    memcpy(&it, parameters, MemoryLayout<CUDA_KERNEL_NODE_PARAMS>.size - 16)
    return it
}

@c public func cuGraphAddKernelNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafePointer<CUDA_KERNEL_NODE_PARAMS>?
) -> CUresult {
    add(NODE_KERNEL, result, graph, dependencies, count, #function) { node in
        parameters.map { NodeSetting.kernel(node, current($0)) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphAddMemcpyNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafePointer<CUDA_MEMCPY3D>?, _ context: CUcontext?
) -> CUresult {
    add(NODE_MEMCPY, result, graph, dependencies, count, #function) { node in
        parameters.map { NodeSetting.copy(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphAddMemsetNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafePointer<CUDA_MEMSET_NODE_PARAMS>?, _ context: CUcontext?
) -> CUresult {
    add(NODE_MEMSET, result, graph, dependencies, count, #function) { node in
        parameters.map { NodeSetting.set(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphAddHostNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafePointer<CUDA_HOST_NODE_PARAMS>?
) -> CUresult {
    add(NODE_HOST, result, graph, dependencies, count, #function) { node in
        parameters.map { NodeSetting.host(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphAddChildGraphNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ child: CUgraph?
) -> CUresult {
    withGraph(child) { child in
        add(NODE_GRAPH, result, graph, dependencies, count, #function) { node in
            guard child != graph, let copy = Graphs.clone(child) else { return CUDA_ERROR_INVALID_VALUE }
            copy.pointee.isChild = 1
            node.pointee.child = copy
            return CUDA_SUCCESS
        }
    }
}

@c public func cuGraphAddEmptyNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int
) -> CUresult {
    add(NODE_EMPTY, result, graph, dependencies, count, #function) { _ in CUDA_SUCCESS }
}

@c public func cuGraphAddEventRecordNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ event: CUevent?
) -> CUresult {
    add(NODE_EVENT_RECORD, result, graph, dependencies, count, #function) {
        NodeSetting.event($0, OPERATION_RECORD, event)
    }
}

@c public func cuGraphAddEventWaitNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ event: CUevent?
) -> CUresult {
    add(NODE_WAIT_EVENT, result, graph, dependencies, count, #function) {
        NodeSetting.event($0, OPERATION_WAIT, event)
    }
}

@c public func cuGraphAddMemAllocNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafeMutablePointer<CUDA_MEM_ALLOC_NODE_PARAMS>?
) -> CUresult {
    add(NODE_MEM_ALLOC, result, graph, dependencies, count, #function) { node in
        guard let parameters, Int(parameters.pointee.poolProps.location.type) == CU_MEM_LOCATION_TYPE_DEVICE else {
            return CUDA_ERROR_INVALID_VALUE
        }
        guard let context = Contexts.on(parameters.pointee.poolProps.location.id) else {
            return CUDA_ERROR_INVALID_CONTEXT
        }
        guard let operation = GraphMemory.reserve(UInt64(max(parameters.pointee.bytesize, 0)), context) else {
            return CUDA_ERROR_OUT_OF_MEMORY
        }
        node.pointee.operation = operation
        parameters.pointee.dptr = operation.a
        return CUDA_SUCCESS
    }
}

@c public func cuGraphAddMemFreeNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ address: CUdeviceptr
) -> CUresult {
    add(NODE_MEM_FREE, result, graph, dependencies, count, #function) { node in
        guard address != 0 else { return CUDA_ERROR_INVALID_VALUE }
        node.pointee.operation.kind = UInt32(OPERATION_FREE)
        node.pointee.operation.a = address
        return CUDA_SUCCESS
    }
}

/// Any kind: what is behind the kind are the parameters of that kind.
@c public func cuGraphAddNode(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ count: Int, _ parameters: UnsafeMutablePointer<CUgraphNodeParams>?
) -> CUresult {
    guard let parameters else { return CUDA_ERROR_INVALID_VALUE }
    let words = UnsafeMutableRawPointer(parameters) + 16
    switch Int(parameters.pointee.type) {
    case NODE_KERNEL:
        return cuGraphAddKernelNode_v2(
            result, graph, dependencies, count, words.assumingMemoryBound(to: CUDA_KERNEL_NODE_PARAMS.self))
    case NODE_MEMCPY:
        return cuGraphAddMemcpyNode(
            result, graph, dependencies, count, (words + 16).assumingMemoryBound(to: CUDA_MEMCPY3D.self), nil)
    case NODE_MEMSET:
        return cuGraphAddMemsetNode(
            result, graph, dependencies, count, words.assumingMemoryBound(to: CUDA_MEMSET_NODE_PARAMS.self), nil)
    case NODE_HOST:
        return cuGraphAddHostNode(
            result, graph, dependencies, count, words.assumingMemoryBound(to: CUDA_HOST_NODE_PARAMS.self))
    case NODE_GRAPH:
        return cuGraphAddChildGraphNode(result, graph, dependencies, count, words.load(as: CUgraph?.self))
    case NODE_EMPTY:
        return cuGraphAddEmptyNode(result, graph, dependencies, count)
    case NODE_WAIT_EVENT:
        return cuGraphAddEventWaitNode(result, graph, dependencies, count, words.load(as: CUevent?.self))
    case NODE_EVENT_RECORD:
        return cuGraphAddEventRecordNode(result, graph, dependencies, count, words.load(as: CUevent?.self))
    case NODE_MEM_ALLOC:
        return cuGraphAddMemAllocNode(
            result, graph, dependencies, count, words.assumingMemoryBound(to: CUDA_MEM_ALLOC_NODE_PARAMS.self))
    case NODE_MEM_FREE:
        return cuGraphAddMemFreeNode(result, graph, dependencies, count, words.load(as: CUdeviceptr.self))
    default:
        return CUDA_ERROR_NOT_SUPPORTED
    }
}

@c public func cuGraphAddNode_v2(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ graph: CUgraph?, _ dependencies: UnsafePointer<CUgraphNode?>?,
    _ data: UnsafeRawPointer?, _ count: Int, _ parameters: UnsafeMutablePointer<CUgraphNodeParams>?
) -> CUresult {
    cuGraphAddNode(result, graph, dependencies, count, parameters)
}
