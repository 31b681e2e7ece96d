import CSimulatedCUDA

typealias Capture = UnsafeMutablePointer<DriverCapture>

/// Streams whose operations become a graph instead of being done. Streams join a capture by waiting for an event that
/// was recorded in it.
enum Captures {
    static func begin(_ stream: Stream, mode: UInt32, graph: Graph?) -> CUresult {
        guard stream.pointee.isLegacy == 0 else { return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED }
        guard stream.pointee.capture == nil, mode <= 2 else { return CUDA_ERROR_ILLEGAL_STATE }
        guard let capture = Slots.make(DriverCapture.self), let made = graph ?? Graphs.make() else {
            return CUDA_ERROR_OUT_OF_MEMORY
        }
        capture.pointee.graph = made
        capture.pointee.isForeign = graph == nil ? 0 : 1
        capture.pointee.number = newID()
        capture.pointee.status = UInt32(CU_CAPTURE_ACTIVE)
        capture.pointee.mode = mode
        capture.pointee.origin = stream
        capture.pointee.thread = driver_thread()
        stream.pointee.capture = capture
        stream.pointee.captureTipCount = 0
        return CUDA_SUCCESS
    }

    /// Ends the capture; nil when it was invalidated, or work of another stream was left alone.
    static func end(_ stream: Stream, _ status: inout CUresult) -> Graph? {
        guard let capture = stream.pointee.capture else {
            status = CUDA_ERROR_ILLEGAL_STATE
            return nil
        }
        guard capture.pointee.origin == stream else {
            invalidate(capture)
            status = CUDA_ERROR_STREAM_CAPTURE_UNMATCHED
            return nil
        }
        if capture.pointee.mode != 2, capture.pointee.thread != driver_thread() {
            status = CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD
            return nil
        }
        let graph: Graph = capture.pointee.graph
        status = CUDA_SUCCESS
        if capture.pointee.status == UInt32(CU_CAPTURE_INVALIDATED) {
            status = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
        } else {
            Graphs.forEach(graph) { node in
                guard capture.pointee.isForeign == 0, Graphs.isLeaf(node), !stream.hasTip(node) else { return }
                status = CUDA_ERROR_STREAM_CAPTURE_UNJOINED
            }
        }
        release(capture)
        if status == CUDA_SUCCESS { return graph }
        if capture.pointee.isForeign == 0 { Graphs.destroy(graph) }
        return nil
    }

    /// Lets all streams of a capture do their work again.
    private static func release(_ capture: Capture) {
        var context = process.pointee.contexts
        while let each = context {
            context = each.pointee.next
            var stream = each.pointee.streams
            while let member = stream {
                stream = member.pointee.next
                guard member.pointee.capture == capture else { continue }
                member.pointee.capture = nil
                member.setTips(nil, 0)
            }
        }
        // Events may still point to it: it is marked as over, and never used again.
        capture.pointee.status = UInt32(CU_CAPTURE_NONE)
    }

    static func invalidate(_ capture: Capture) { capture.pointee.status = UInt32(CU_CAPTURE_INVALIDATED) }

    /// What a call answers that cannot be captured.
    static func refuse(_ stream: Stream) -> CUresult {
        if let capture = stream.pointee.capture { invalidate(capture) }
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
    }

    /// Adds an operation behind what the stream did last; nil when the capture is not valid any more.
    static func add(_ operation: DriverOperation, to stream: Stream) -> Node? {
        guard let capture = stream.pointee.capture, capture.pointee.status == UInt32(CU_CAPTURE_ACTIVE) else {
            return nil
        }
        process_lock(&process.pointee.captureLock)
        defer { process_unlock(&process.pointee.captureLock) }
        let tips = UnsafePointer(stream.pointee.captureTips)
        guard
            let node = Graphs.add(
                kind(operation), to: capture.pointee.graph, after: tips, Int(stream.pointee.captureTipCount))
        else { return nil }
        node.pointee.operation = operation
        var tip: Node? = node
        stream.setTips(&tip, 1)
        return node
    }

    private static func kind(_ operation: DriverOperation) -> Int {
        switch Int(operation.kind) {
        case OPERATION_KERNEL: NODE_KERNEL
        case OPERATION_COPY, OPERATION_COPY_3D: NODE_MEMCPY
        case OPERATION_SET: NODE_MEMSET
        case OPERATION_HOST: NODE_HOST
        case OPERATION_GRAPH_ALLOC: NODE_MEM_ALLOC
        case OPERATION_FREE: NODE_MEM_FREE
        default: NODE_EMPTY
        }
    }

    // MARK: Events

    static func record(_ event: EventHandle, in stream: Stream) -> CUresult {
        guard let capture = stream.pointee.capture, capture.pointee.status == UInt32(CU_CAPTURE_ACTIVE) else {
            return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
        }
        let count = Int(stream.pointee.captureTipCount)
        let size = max(count, 1) * MemoryLayout<Node?>.size
        guard let memory = malloc(size) else { return CUDA_ERROR_OUT_OF_MEMORY }
        if let tips = stream.pointee.captureTips { memcpy(memory, tips, count * MemoryLayout<Node?>.size) }
        forget(event)
        event.pointee.capture = capture
        event.pointee.captureNumber = capture.pointee.number
        event.pointee.captureTips = memory.assumingMemoryBound(to: Node?.self)
        event.pointee.captureTipCount = UInt64(count)
        return CUDA_SUCCESS
    }

    static func forget(_ event: EventHandle) {
        guard event.pointee.capture != nil else { return }
        free(event.pointee.captureTips)
        event.pointee.captureTips = nil
        event.pointee.capture = nil
    }

    /// Lets a stream wait for an event of a capture: it is captured too from then on.
    static func join(_ stream: Stream, _ event: EventHandle) -> CUresult {
        guard let capture = event.pointee.capture, capture.pointee.status == UInt32(CU_CAPTURE_ACTIVE) else {
            return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
        }
        if stream.pointee.isLegacy != 0 {
            invalidate(capture)
            return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT
        }
        if let own = stream.pointee.capture, own != capture {
            invalidate(own)
            invalidate(capture)
            return CUDA_ERROR_STREAM_CAPTURE_MERGE
        }
        let count = Int(event.pointee.captureTipCount)
        if stream.pointee.capture == nil {
            stream.pointee.capture = capture
            stream.setTips(event.pointee.captureTips, count)
            return CUDA_SUCCESS
        }
        for index in 0..<count {
            if let tip = event.pointee.captureTips?[index], !stream.hasTip(tip) { stream.addTip(tip) }
        }
        return CUDA_SUCCESS
    }
}

extension UnsafeMutablePointer<DriverStream> {
    func setTips(_ tips: UnsafeMutablePointer<Node?>?, _ count: Int) {
        let size = count * MemoryLayout<Node?>.size
        guard count > 0, let tips, let memory = realloc(pointee.captureTips, size) else {
            pointee.captureTipCount = 0
            return
        }
        memmove(memory, tips, size)
        pointee.captureTips = memory.assumingMemoryBound(to: Node?.self)
        pointee.captureTipCount = UInt64(count)
    }

    func addTip(_ tip: Node) {
        let count = Int(pointee.captureTipCount)
        guard let memory = realloc(pointee.captureTips, (count + 1) * MemoryLayout<Node?>.size) else { return }
        pointee.captureTips = memory.assumingMemoryBound(to: Node?.self)
        pointee.captureTips?[count] = tip
        pointee.captureTipCount += 1
    }

    func hasTip(_ node: Node) -> Bool {
        for index in 0..<Int(pointee.captureTipCount) where pointee.captureTips?[index] == node { return true }
        return false
    }
}
