public import CSimulatedCUDA

// The linker: what was added last is what comes out. Nothing in an image is ever run.

typealias LinkHandle = UnsafeMutablePointer<DriverLink>

private func with(_ link: CUlinkState?, _ call: StaticString, _ body: (LinkHandle) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let link, link.pointee.tag == UInt32(TAG_LINK) else { return CUDA_ERROR_INVALID_HANDLE }
    return body(link)
}

@c public func cuLinkCreate_v2(
    _ optionCount: UInt32, _ options: UnsafeMutableRawPointer?, _ values: UnsafeMutableRawPointer?,
    _ result: UnsafeMutablePointer<CUlinkState?>?
) -> CUresult {
    withContext { _ in
        guard let result else { return CUDA_ERROR_INVALID_VALUE }
        guard let link = Slots.make(DriverLink.self) else { return CUDA_ERROR_OUT_OF_MEMORY }
        link.pointee.tag = UInt32(TAG_LINK)
        result.pointee = link
        return CUDA_SUCCESS
    }
}

@c public func cuLinkAddData_v2(
    _ link: CUlinkState?, _ type: UInt32, _ data: UnsafeRawPointer?, _ size: Int, _ name: UnsafePointer<CChar>?,
    _ optionCount: UInt32, _ options: UnsafeMutableRawPointer?, _ values: UnsafeMutableRawPointer?
) -> CUresult {
    with(link, #function) { link in
        guard let data, size > 0, link.pointee.isComplete == 0 else { return CUDA_ERROR_INVALID_VALUE }
        guard let image = realloc(link.pointee.image, size + 1) else { return CUDA_ERROR_OUT_OF_MEMORY }
        memcpy(image, data, size)
        image.storeBytes(of: 0, toByteOffset: size, as: UInt8.self)
        link.pointee.image = image.assumingMemoryBound(to: UInt8.self)
        link.pointee.size = UInt64(size)
        return CUDA_SUCCESS
    }
}

@c public func cuLinkAddFile_v2(
    _ link: CUlinkState?, _ type: UInt32, _ path: UnsafePointer<CChar>?, _ optionCount: UInt32,
    _ options: UnsafeMutableRawPointer?, _ values: UnsafeMutableRawPointer?
) -> CUresult {
    if let error = notReady() { return error }
    guard let path else { return CUDA_ERROR_INVALID_VALUE }
    guard let image = Modules.read(path) else { return CUDA_ERROR_FILE_NOT_FOUND }
    defer { free(image) }
    return cuLinkAddData_v2(
        link, type, image, strlen(image.assumingMemoryBound(to: CChar.self)), nil, 0, nil, nil)
}

/// What comes out belongs to the linker, and goes with it.
@c public func cuLinkComplete(
    _ link: CUlinkState?, _ image: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: UnsafeMutablePointer<Int>?
) -> CUresult {
    with(link, #function) { link in
        guard let image, link.pointee.image != nil else { return CUDA_ERROR_INVALID_VALUE }
        link.pointee.isComplete = 1
        image.pointee = UnsafeMutableRawPointer(link.pointee.image)
        size?.pointee = Int(link.pointee.size)
        return CUDA_SUCCESS
    }
}

@c public func cuLinkDestroy(_ link: CUlinkState?) -> CUresult {
    with(link, #function) { link in
        free(link.pointee.image)
        Slots.free(link)
        return CUDA_SUCCESS
    }
}
