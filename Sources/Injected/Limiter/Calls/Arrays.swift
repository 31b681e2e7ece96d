import CLimiter
import CLimiterShim

// Arrays: their layout is the driver's secret, so what is charged is what their elements take.

private enum Arrays {
    /// Bytes of an element's channel, by the number of its format.
    private static func bytes(ofFormat format: UInt32) -> UInt64 {
        switch format {
        case 0x01, 0x08: 1
        case 0x02, 0x09, 0x10: 2
        default: 4
        }
    }

    static func size(_ width: UInt64, _ height: UInt64, _ depth: UInt64, _ format: UInt32, _ channels: UInt32) -> UInt64
    {
        let row = Sizes.rounded(
            Sizes.product(width, Sizes.product(bytes(ofFormat: format), UInt64(max(channels, 1)))), to: 32)
        return Sizes.product(Sizes.product(row, max(height, 1)), max(depth, 1))
    }

    /// Arrays whose memory is mapped later have none.
    static func isWithoutMemory(_ flags: UInt32) -> Bool { flags & 0xC0 != 0 }
}

@c(hook_createArray) public func hookCreateArray(_ real: UInt32, _ result: UInt64, _ descriptor: UInt64) -> Int32 {
    guard let size: UnsafeMutablePointer<UInt64> = place(descriptor),
        let form: UnsafeMutablePointer<UInt32> = place(descriptor &+ 16)
    else { return real2(real, result, descriptor) }
    return Memory.allocate(
        Arrays.size(size[0], size[1], 1, form[0], form[1]), .array, { real2(real, result, descriptor) },
        { written(result) })
}

@c(hook_createArrayNarrow) public func hookCreateArrayNarrow(
    _ real: UInt32, _ result: UInt64, _ descriptor: UInt64
) -> Int32 {
    guard let form: UnsafeMutablePointer<UInt32> = place(descriptor) else { return real2(real, result, descriptor) }
    return Memory.allocate(
        Arrays.size(UInt64(form[0]), UInt64(form[1]), 1, form[2], form[3]), .array, { real2(real, result, descriptor) },
        { written(result) })
}

@c(hook_createArray3D) public func hookCreateArray3D(_ real: UInt32, _ result: UInt64, _ descriptor: UInt64) -> Int32 {
    guard let size: UnsafeMutablePointer<UInt64> = place(descriptor),
        let form: UnsafeMutablePointer<UInt32> = place(descriptor &+ 24), !Arrays.isWithoutMemory(form[2])
    else { return real2(real, result, descriptor) }
    return Memory.allocate(
        Arrays.size(size[0], size[1], size[2], form[0], form[1]), .array, { real2(real, result, descriptor) },
        { written(result) })
}

@c(hook_createArray3DNarrow) public func hookCreateArray3DNarrow(
    _ real: UInt32, _ result: UInt64, _ descriptor: UInt64
) -> Int32 {
    guard let form: UnsafeMutablePointer<UInt32> = place(descriptor), !Arrays.isWithoutMemory(form[5]) else {
        return real2(real, result, descriptor)
    }
    return Memory.allocate(
        Arrays.size(UInt64(form[0]), UInt64(form[1]), UInt64(form[2]), form[3], form[4]), .array,
        { real2(real, result, descriptor) }, { written(result) })
}

@c(hook_createMipmapped) public func hookCreateMipmapped(
    _ real: UInt32, _ result: UInt64, _ descriptor: UInt64, _ levels: UInt64
) -> Int32 {
    guard let size: UnsafeMutablePointer<UInt64> = place(descriptor),
        let form: UnsafeMutablePointer<UInt32> = place(descriptor &+ 24), !Arrays.isWithoutMemory(form[2])
    else { return real3(real, result, descriptor, levels) }
    var total: UInt64 = 0
    for level in 0..<min(levels & 0xFFFF_FFFF, 32) {
        let bytes = Arrays.size(
            max(size[0] >> level, 1), size[1] >> level, size[2] >> level, form[0], form[1])
        total = Sizes.sum(total, Sizes.rounded(bytes, to: 512))
    }
    return Memory.allocate(total, .array, { real3(real, result, descriptor, levels) }, { written(result) })
}

@c(hook_destroyArray) public func hookDestroyArray(_ real: UInt32, _ array: UInt64) -> Int32 {
    let status = Memory.free(array) { real1(real, array) }
    if status == Answer.success, load32(&state.pointee.state) == 1 { Handles.unmapAll(ofArray: array) }
    return status
}
