import CSimulatedCUDA

/// Copies of memory. Memory of the host and of a GPU have the same kind of address here.
enum Copies {
    /// Bytes in a nanosecond: over PCIe, and within a GPU.
    private static var overBus: UInt64 { 20 }
    private static var within: UInt64 { 1000 }

    /// What an address has to be. No enum: one brings hashing with it, and that a function newer than glibc 2.17.
    struct Side {
        let mustBeKnown: Bool
        static var device: Side { Side(mustBeKnown: true) }
        static var host: Side { Side(mustBeKnown: false) }
        static var either: Side { Side(mustBeKnown: false) }
    }

    /// Copies in a stream; a copy that the caller waits for ends before this returns.
    static func copy(
        to destination: UInt64, _ destinationSide: Side, from source: UInt64, _ sourceSide: Side, _ size: UInt64,
        in stream: Stream, isWaiting: Bool
    ) -> CUresult {
        guard size > 0 else { return CUDA_SUCCESS }
        guard destination != 0, source != 0 else { return CUDA_ERROR_INVALID_VALUE }
        let knowsDestination = Ranges.hold(destination, size)
        let knowsSource = Ranges.hold(source, size)
        guard knowsDestination || !destinationSide.mustBeKnown, knowsSource || !sourceSide.mustBeKnown else {
            return CUDA_ERROR_INVALID_VALUE
        }
        let length = size / (destinationSide.mustBeKnown && sourceSide.mustBeKnown ? within : overBus)
        if stream.pointee.capture != nil {
            guard !isWaiting else { return Captures.refuse(stream) }
            return stream.submit(OPERATION_COPY, destination, source, size, length) { node in
                node.pointee.copy = row(destination, source, size)
            }
        }
        if !isWaiting, !knowsSource, let staged = malloc(Int(size)) {
            // A driver takes a copy of pageable memory before it returns, so the program may change it at once.
            copy_memory(UInt64(UInt(bitPattern: staged)), source, size)
            stream.put(OPERATION_COPY, flags: 1, destination, UInt64(UInt(bitPattern: staged)), size, length)
            return CUDA_SUCCESS
        }
        stream.put(OPERATION_COPY, destination, source, size, length)
        return isWaiting || !knowsDestination ? stream.synchronize() : CUDA_SUCCESS
    }

    static func row(_ destination: UInt64, _ source: UInt64, _ size: UInt64) -> CUDA_MEMCPY3D {
        var copy = CUDA_MEMCPY3D()
        copy.srcMemoryType = Int32(CU_MEMORYTYPE_UNIFIED)
        copy.dstMemoryType = Int32(CU_MEMORYTYPE_UNIFIED)
        copy.srcDevice = source
        copy.dstDevice = destination
        copy.WidthInBytes = Int(size)
        copy.Height = 1
        copy.Depth = 1
        return copy
    }

    // MARK: Rectangles and boxes

    /// A box whose two ends are plain addresses; nil when it cannot be.
    static func resolve(_ copy: CUDA_MEMCPY3D) -> CUDA_MEMCPY3D? {
        var copy = copy
        guard copy.WidthInBytes >= 0, copy.Height >= 0, copy.Depth >= 0,
            let source = place(
                copy.srcMemoryType, UInt64(UInt(bitPattern: copy.srcHost)), copy.srcDevice, copy.srcArray,
                &copy.srcPitch, &copy.srcHeight, copy.WidthInBytes, copy.Height),
            let destination = place(
                copy.dstMemoryType, UInt64(UInt(bitPattern: copy.dstHost)), copy.dstDevice, copy.dstArray,
                &copy.dstPitch, &copy.dstHeight, copy.WidthInBytes, copy.Height)
        else { return nil }
        copy.srcDevice = source
        copy.dstDevice = destination
        guard
            isInside(
                copy, copy.srcMemoryType, source, copy.srcArray, copy.srcPitch, copy.srcHeight, copy.srcXInBytes,
                copy.srcY, copy.srcZ),
            isInside(
                copy, copy.dstMemoryType, destination, copy.dstArray, copy.dstPitch, copy.dstHeight, copy.dstXInBytes,
                copy.dstY, copy.dstZ)
        else { return nil }
        return copy
    }

    private static func place(
        _ type: Int32, _ host: UInt64, _ device: UInt64, _ array: CUarray?, _ pitch: inout Int, _ height: inout Int,
        _ width: Int, _ rows: Int
    ) -> UInt64? {
        if Int(type) == CU_MEMORYTYPE_ARRAY {
            guard let array, array.pointee.tag == UInt32(TAG_ARRAY) else { return nil }
            pitch = Int(array.pointee.pitch)
            height = Int(array.pointee.height)
            return array.pointee.address
        }
        if pitch == 0 { pitch = width }
        if height == 0 { height = rows }
        guard pitch >= width || rows <= 1 else { return nil }
        let address = Int(type) == CU_MEMORYTYPE_HOST ? host : device
        return address == 0 ? nil : address
    }

    private static func isInside(
        _ copy: CUDA_MEMCPY3D, _ type: Int32, _ address: UInt64, _ array: CUarray?, _ pitch: Int, _ height: Int,
        _ x: Int, _ y: Int, _ z: Int
    ) -> Bool {
        guard copy.WidthInBytes > 0, copy.Height > 0, copy.Depth > 0 else { return true }
        guard x >= 0, y >= 0, z >= 0, let plane = Sizes.product(pitch, height),
            let slices = Sizes.sum(z, copy.Depth), let rows = Sizes.sum(y, copy.Height),
            let end = Sizes.sum(x, copy.WidthInBytes), let before = Sizes.product(slices - 1, plane),
            let inside = Sizes.rows(rows, pitch, end), let last = Sizes.sum(before, inside)
        else { return false }
        switch Int(type) {
        case CU_MEMORYTYPE_ARRAY:
            return array.map { last <= Int($0.pointee.size) && x + copy.WidthInBytes <= pitch } ?? false
        case CU_MEMORYTYPE_DEVICE: return Ranges.hold(address, UInt64(last))
        default: return true
        }
    }

    static func perform(_ copy: CUDA_MEMCPY3D) {
        guard let source = UnsafeRawPointer(bitPattern: UInt(copy.srcDevice)),
            let destination = UnsafeMutableRawPointer(bitPattern: UInt(copy.dstDevice))
        else { return }
        for slice in 0..<copy.Depth {
            for row in 0..<copy.Height {
                memmove(
                    destination + ((copy.dstZ + slice) * copy.dstHeight + copy.dstY + row) * copy.dstPitch
                        + copy.dstXInBytes,
                    source + ((copy.srcZ + slice) * copy.srcHeight + copy.srcY + row) * copy.srcPitch
                        + copy.srcXInBytes, copy.WidthInBytes)
            }
        }
    }

    static func length(_ copy: CUDA_MEMCPY3D) -> UInt64 {
        let bytes = UInt64(copy.WidthInBytes) &* UInt64(copy.Height) &* UInt64(copy.Depth)
        let isLocal = Int(copy.srcMemoryType) != CU_MEMORYTYPE_HOST && Int(copy.dstMemoryType) != CU_MEMORYTYPE_HOST
        return bytes / (isLocal ? within : overBus)
    }

    /// Copies a box in a stream.
    static func copy(_ wanted: CUDA_MEMCPY3D, in stream: Stream, isWaiting: Bool) -> CUresult {
        guard let resolved = resolve(wanted) else { return CUDA_ERROR_INVALID_VALUE }
        if stream.pointee.capture != nil, isWaiting { return Captures.refuse(stream) }
        guard let memory = malloc(MemoryLayout<CUDA_MEMCPY3D>.size) else { return CUDA_ERROR_OUT_OF_MEMORY }
        memory.assumingMemoryBound(to: CUDA_MEMCPY3D.self).pointee = resolved
        // A graph keeps its own; one that was captured is never freed by the stream.
        let isCaptured = stream.pointee.capture != nil
        let status = stream.submit(
            OPERATION_COPY_3D, flags: isCaptured ? 0 : 1, UInt64(UInt(bitPattern: memory)), 0, 0, length(resolved)
        ) { node in
            node.pointee.copy = wanted
        }
        let isPageable =
            Int(wanted.srcMemoryType) == CU_MEMORYTYPE_HOST || Int(wanted.dstMemoryType) == CU_MEMORYTYPE_HOST
        return status == CUDA_SUCCESS && !isCaptured && (isWaiting || isPageable) ? stream.synchronize() : status
    }
}
