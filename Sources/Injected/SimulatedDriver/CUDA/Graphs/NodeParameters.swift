public import CSimulatedCUDA

// What nodes do, asked and changed, in graphs and in what was made of them.

@c public func cuGraphNodeGetType(_ node: CUgraphNode?, _ kind: UnsafeMutablePointer<UInt32>?) -> CUresult {
    withNode(node) { give($0.pointee.kind, to: kind) }
}

private func with(
    _ node: CUgraphNode?, _ kind: Int, _ call: StaticString, _ body: (Node) -> CUresult
) -> CUresult {
    withNode(node, call) { $0.pointee.kind == UInt32(kind) ? body($0) : CUDA_ERROR_INVALID_VALUE }
}

@c public func cuGraphKernelNodeGetParams_v2(
    _ node: CUgraphNode?, _ parameters: UnsafeMutablePointer<CUDA_KERNEL_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_KERNEL, #function) { give($0.pointee.kernel, to: parameters) }
}

/// The first version has two words less.
@c public func cuGraphKernelNodeGetParams(_ node: CUgraphNode?, _ parameters: UnsafeMutableRawPointer?) -> CUresult {
    with(node, NODE_KERNEL, #function) { node in
        guard let parameters else { return CUDA_ERROR_INVALID_VALUE }
        memcpy(parameters, &node.pointee.kernel, MemoryLayout<CUDA_KERNEL_NODE_PARAMS>.size - 16)
        return CUDA_SUCCESS
    }
}

@c public func cuGraphKernelNodeSetParams_v2(
    _ node: CUgraphNode?, _ parameters: UnsafePointer<CUDA_KERNEL_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_KERNEL, #function) { node in
        parameters.map { NodeSetting.kernel(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphMemcpyNodeGetParams(
    _ node: CUgraphNode?, _ parameters: UnsafeMutablePointer<CUDA_MEMCPY3D>?
) -> CUresult {
    with(node, NODE_MEMCPY, #function) { give($0.pointee.copy, to: parameters) }
}

@c public func cuGraphMemcpyNodeSetParams(
    _ node: CUgraphNode?, _ parameters: UnsafePointer<CUDA_MEMCPY3D>?
) -> CUresult {
    with(node, NODE_MEMCPY, #function) { node in
        parameters.map { NodeSetting.copy(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphMemsetNodeGetParams(
    _ node: CUgraphNode?, _ parameters: UnsafeMutablePointer<CUDA_MEMSET_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_MEMSET, #function) { give($0.pointee.set, to: parameters) }
}

@c public func cuGraphMemsetNodeSetParams(
    _ node: CUgraphNode?, _ parameters: UnsafePointer<CUDA_MEMSET_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_MEMSET, #function) { node in
        parameters.map { NodeSetting.set(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphHostNodeGetParams(
    _ node: CUgraphNode?, _ parameters: UnsafeMutablePointer<CUDA_HOST_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_HOST, #function) { node in
        let it = node.pointee.operation
        return give(
            CUDA_HOST_NODE_PARAMS(
                fn: unsafeBitCast(UInt(it.a), to: CUhostFn?.self),
                userData: UnsafeMutableRawPointer(bitPattern: UInt(it.b))),
            to: parameters)
    }
}

@c public func cuGraphHostNodeSetParams(
    _ node: CUgraphNode?, _ parameters: UnsafePointer<CUDA_HOST_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_HOST, #function) { node in
        parameters.map { NodeSetting.host(node, $0.pointee) } ?? CUDA_ERROR_INVALID_VALUE
    }
}

@c public func cuGraphChildGraphNodeGetGraph(
    _ node: CUgraphNode?, _ graph: UnsafeMutablePointer<CUgraph?>?
) -> CUresult {
    with(node, NODE_GRAPH, #function) { give($0.pointee.child, to: graph) }
}

private func event(_ node: Node) -> CUevent? { EventHandle(bitPattern: UInt(node.pointee.operation.a)) }

@c public func cuGraphEventRecordNodeGetEvent(
    _ node: CUgraphNode?, _ result: UnsafeMutablePointer<CUevent?>?
) -> CUresult {
    with(node, NODE_EVENT_RECORD, #function) { give(event($0), to: result) }
}

@c public func cuGraphEventWaitNodeGetEvent(
    _ node: CUgraphNode?, _ result: UnsafeMutablePointer<CUevent?>?
) -> CUresult {
    with(node, NODE_WAIT_EVENT, #function) { give(event($0), to: result) }
}

@c public func cuGraphMemAllocNodeGetParams(
    _ node: CUgraphNode?, _ parameters: UnsafeMutablePointer<CUDA_MEM_ALLOC_NODE_PARAMS>?
) -> CUresult {
    with(node, NODE_MEM_ALLOC, #function) { node in
        var it = CUDA_MEM_ALLOC_NODE_PARAMS()
        it.poolProps.allocType = Int32(CU_MEM_ALLOCATION_TYPE_PINNED)
        it.poolProps.location.type = Int32(CU_MEM_LOCATION_TYPE_DEVICE)
        it.poolProps.location.id = Context(bitPattern: UInt(node.pointee.operation.c))?.pointee.device ?? 0
        it.bytesize = Int(node.pointee.operation.b)
        it.dptr = node.pointee.operation.a
        return give(it, to: parameters)
    }
}

@c public func cuGraphMemFreeNodeGetParams(
    _ node: CUgraphNode?, _ address: UnsafeMutablePointer<CUdeviceptr>?
) -> CUresult {
    with(node, NODE_MEM_FREE, #function) { give($0.pointee.operation.a, to: address) }
}

@c public func cuGraphNodeFindInClone(
    _ result: UnsafeMutablePointer<CUgraphNode?>?, _ original: CUgraphNode?, _ clone: CUgraph?
) -> CUresult {
    withNode(original) { original in
        withGraph(clone, "cuGraphNodeFindInClone") { clone in
            var found: Node?
            Graphs.forEach(clone) { node in
                if node.pointee.mark == UInt64(UInt(bitPattern: original)) { found = node }
            }
            return found == nil ? CUDA_ERROR_INVALID_VALUE : give(found, to: result)
        }
    }
}

// MARK: In what was instantiated

@c public func cuGraphExecKernelNodeSetParams_v2(
    _ exec: CUgraphExec?, _ node: CUgraphNode?, _ parameters: UnsafePointer<CUDA_KERNEL_NODE_PARAMS>?
) -> CUresult {
    withExec(exec) { exec in
        guard let operation = GraphExecs.operation(exec, node, OPERATION_KERNEL),
            let function = parameters?.pointee.func ?? parameters?.pointee.kern,
            function.pointee.tag == UInt32(TAG_FUNCTION)
        else { return CUDA_ERROR_INVALID_VALUE }
        operation.pointee.a = function.pointee.duration
        return CUDA_SUCCESS
    }
}

@c public func cuGraphExecHostNodeSetParams(
    _ exec: CUgraphExec?, _ node: CUgraphNode?, _ parameters: UnsafePointer<CUDA_HOST_NODE_PARAMS>?
) -> CUresult {
    withExec(exec) { exec in
        guard let operation = GraphExecs.operation(exec, node, OPERATION_HOST), let it = parameters?.pointee,
            let function = it.fn
        else { return CUDA_ERROR_INVALID_VALUE }
        operation.pointee.a = UInt64(UInt(bitPattern: unsafeBitCast(function, to: UnsafeRawPointer.self)))
        operation.pointee.b = UInt64(UInt(bitPattern: it.userData))
        return CUDA_SUCCESS
    }
}
