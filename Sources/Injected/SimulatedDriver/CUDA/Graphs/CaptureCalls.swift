public import CSimulatedCUDA

// Capturing streams.

@c public func cuStreamBeginCapture_v2(_ stream: CUstream?, _ mode: UInt32) -> CUresult {
    withStream(stream) { Captures.begin($0, mode: mode, graph: nil) }
}

@c public func cuStreamBeginCapture(_ stream: CUstream?) -> CUresult { cuStreamBeginCapture_v2(stream, 0) }

@c public func cuStreamBeginCaptureToGraph(
    _ stream: CUstream?, _ graph: CUgraph?, _ dependencies: UnsafeMutablePointer<CUgraphNode?>?,
    _ data: UnsafeRawPointer?, _ count: Int, _ mode: UInt32
) -> CUresult {
    withGraph(graph) { graph in
        withStream(stream, "cuStreamBeginCaptureToGraph") { stream in
            let status = Captures.begin(stream, mode: mode, graph: graph)
            if status == CUDA_SUCCESS { stream.setTips(dependencies, count) }
            return status
        }
    }
}

@c public func cuStreamEndCapture(_ stream: CUstream?, _ graph: UnsafeMutablePointer<CUgraph?>?) -> CUresult {
    withStream(stream) { stream in
        guard let graph else { return CUDA_ERROR_INVALID_VALUE }
        var status = CUDA_SUCCESS
        graph.pointee = Captures.end(stream, &status)
        return status
    }
}

@c public func cuStreamIsCapturing(_ stream: CUstream?, _ status: UnsafeMutablePointer<UInt32>?) -> CUresult {
    withStream(stream) { give($0.pointee.capture?.pointee.status ?? UInt32(CU_CAPTURE_NONE), to: status) }
}

@c public func cuStreamGetCaptureInfo_v2(
    _ stream: CUstream?, _ status: UnsafeMutablePointer<UInt32>?, _ id: UnsafeMutablePointer<UInt64>?,
    _ graph: UnsafeMutablePointer<CUgraph?>?,
    _ dependencies: UnsafeMutablePointer<UnsafeMutablePointer<CUgraphNode?>?>?, _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    withStream(stream) { stream in
        guard let status else { return CUDA_ERROR_INVALID_VALUE }
        status.pointee = stream.pointee.capture?.pointee.status ?? UInt32(CU_CAPTURE_NONE)
        guard let capture = stream.pointee.capture else { return CUDA_SUCCESS }
        id?.pointee = capture.pointee.number
        graph?.pointee = capture.pointee.graph
        dependencies?.pointee = stream.pointee.captureTips
        count?.pointee = Int(stream.pointee.captureTipCount)
        return CUDA_SUCCESS
    }
}

/// Properties for as many edges as anybody asks for: programs read them, and they are all zeros.
private func edgesWithoutProperties() -> UnsafeMutableRawPointer? {
    process_lock(&process.pointee.captureLock)
    defer { process_unlock(&process.pointee.captureLock) }
    if process.pointee.edges == nil { process.pointee.edges = map_private(0, 1 << 20) }
    return process.pointee.edges
}

@c public func cuStreamGetCaptureInfo_v3(
    _ stream: CUstream?, _ status: UnsafeMutablePointer<UInt32>?, _ id: UnsafeMutablePointer<UInt64>?,
    _ graph: UnsafeMutablePointer<CUgraph?>?,
    _ dependencies: UnsafeMutablePointer<UnsafeMutablePointer<CUgraphNode?>?>?,
    _ data: UnsafeMutablePointer<UnsafeRawPointer?>?, _ count: UnsafeMutablePointer<Int>?
) -> CUresult {
    data?.pointee = UnsafeRawPointer(edgesWithoutProperties())
    return cuStreamGetCaptureInfo_v2(stream, status, id, graph, dependencies, count)
}

@c public func cuStreamGetCaptureInfo(
    _ stream: CUstream?, _ status: UnsafeMutablePointer<UInt32>?, _ id: UnsafeMutablePointer<UInt64>?
) -> CUresult {
    cuStreamGetCaptureInfo_v2(stream, status, id, nil, nil, nil)
}

/// Adds to what the next captured operation depends on, or replaces it.
@c public func cuStreamUpdateCaptureDependencies(
    _ stream: CUstream?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ count: Int, _ flags: UInt32
) -> CUresult {
    withStream(stream) { stream in
        guard stream.pointee.capture != nil else { return CUDA_ERROR_ILLEGAL_STATE }
        guard flags <= 1, count == 0 || (count > 0 && nodes != nil) else { return CUDA_ERROR_INVALID_VALUE }
        if flags == 1 {
            stream.setTips(nodes, count)
        } else {
            for index in 0..<count { if let node = nodes?[index], !stream.hasTip(node) { stream.addTip(node) } }
        }
        return CUDA_SUCCESS
    }
}

@c public func cuStreamUpdateCaptureDependencies_v2(
    _ stream: CUstream?, _ nodes: UnsafeMutablePointer<CUgraphNode?>?, _ data: UnsafeRawPointer?, _ count: Int,
    _ flags: UInt32
) -> CUresult {
    cuStreamUpdateCaptureDependencies(stream, nodes, count, flags)
}

@c public func cuThreadExchangeStreamCaptureMode(_ mode: UnsafeMutablePointer<UInt32>?) -> CUresult {
    if let error = notReady() { return error }
    guard let mode, mode.pointee <= 2, let thread = driver_thread() else { return CUDA_ERROR_INVALID_VALUE }
    let before = thread.pointee.captureMode
    thread.pointee.captureMode = mode.pointee
    mode.pointee = before
    return CUDA_SUCCESS
}
