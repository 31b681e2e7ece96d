public import CSimulatedCUDA

// Modules, libraries, and the functions and kernels in them.

private func load(
    _ result: UnsafeMutablePointer<CUmodule?>?, _ image: UnsafeRawPointer?, _ call: StaticString
) -> CUresult {
    withContext(call) { context in
        guard let result, let image else { return CUDA_ERROR_INVALID_VALUE }
        guard let module = Modules.make(image, context, isLibrary: false) else { return CUDA_ERROR_OUT_OF_MEMORY }
        result.pointee = module
        return CUDA_SUCCESS
    }
}

@c public func cuModuleLoadData(_ result: UnsafeMutablePointer<CUmodule?>?, _ image: UnsafeRawPointer?) -> CUresult {
    load(result, image, #function)
}

@c public func cuModuleLoadDataEx(
    _ result: UnsafeMutablePointer<CUmodule?>?, _ image: UnsafeRawPointer?, _ optionCount: UInt32,
    _ options: UnsafeMutableRawPointer?, _ values: UnsafeMutableRawPointer?
) -> CUresult {
    load(result, image, #function)
}

@c public func cuModuleLoadFatBinary(
    _ result: UnsafeMutablePointer<CUmodule?>?, _ image: UnsafeRawPointer?
) -> CUresult {
    load(result, image, #function)
}

@c public func cuModuleLoad(_ result: UnsafeMutablePointer<CUmodule?>?, _ path: UnsafePointer<CChar>?) -> CUresult {
    if let error = notReady() { return error }
    guard let path else { return CUDA_ERROR_INVALID_VALUE }
    guard let image = Modules.read(path) else { return CUDA_ERROR_FILE_NOT_FOUND }
    defer { free(image) }
    return load(result, image, "cuModuleLoad")
}

private func with(_ module: CUmodule?, _ call: StaticString, _ body: (ModuleHandle) -> CUresult) -> CUresult {
    if let error = notReady(call) { return error }
    guard let module, module.pointee.tag == UInt32(TAG_MODULE) else { return CUDA_ERROR_INVALID_HANDLE }
    return body(module)
}

@c public func cuModuleUnload(_ module: CUmodule?) -> CUresult {
    with(module, #function) { module in
        if Contexts.isValid(module.pointee.context) { _ = module.pointee.context?.synchronize() }
        Modules.end(module)
        return CUDA_SUCCESS
    }
}

@c public func cuModuleGetFunction(
    _ result: UnsafeMutablePointer<CUfunction?>?, _ module: CUmodule?, _ name: UnsafePointer<CChar>?
) -> CUresult {
    with(module, #function) { module in
        guard let result, let name, name.pointee != 0 else { return CUDA_ERROR_INVALID_VALUE }
        guard let function = Modules.find(name, in: module) else { return CUDA_ERROR_NOT_FOUND }
        result.pointee = function
        return CUDA_SUCCESS
    }
}

@c public func cuModuleGetFunctionCount(_ count: UnsafeMutablePointer<UInt32>?, _ module: CUmodule?) -> CUresult {
    with(module, #function) { give(Modules.count($0), to: count) }
}

@c public func cuModuleEnumerateFunctions(
    _ functions: UnsafeMutablePointer<CUfunction?>?, _ room: UInt32, _ module: CUmodule?
) -> CUresult {
    with(module, #function) { module in
        guard let functions else { return CUDA_ERROR_INVALID_VALUE }
        var index = 0
        var function = module.pointee.functions
        while let each = function, index < Int(room) {
            functions[index] = each
            index += 1
            function = each.pointee.next
        }
        return CUDA_SUCCESS
    }
}

/// No module has variables.
@c public func cuModuleGetGlobal_v2(
    _ address: UnsafeMutablePointer<CUdeviceptr>?, _ size: UnsafeMutablePointer<Int>?, _ module: CUmodule?,
    _ name: UnsafePointer<CChar>?
) -> CUresult {
    with(module, #function) { _ in name == nil ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_NOT_FOUND }
}

/// Modules are loaded at once.
@c public func cuModuleGetLoadingMode(_ mode: UnsafeMutablePointer<UInt32>?) -> CUresult {
    if let error = notReady() { return error }
    return give(1, to: mode)
}

// MARK: Libraries

private func loadLibrary(
    _ result: UnsafeMutablePointer<CUlibrary?>?, _ image: UnsafeRawPointer?
) -> CUresult {
    guard let result, let image else { return CUDA_ERROR_INVALID_VALUE }
    guard let library = Modules.make(image, nil, isLibrary: true) else { return CUDA_ERROR_OUT_OF_MEMORY }
    result.pointee = library
    return CUDA_SUCCESS
}

@c public func cuLibraryLoadData(
    _ result: UnsafeMutablePointer<CUlibrary?>?, _ image: UnsafeRawPointer?, _ options: UnsafeMutableRawPointer?,
    _ values: UnsafeMutableRawPointer?, _ count: UInt32, _ libraryOptions: UnsafeMutableRawPointer?,
    _ libraryValues: UnsafeMutableRawPointer?, _ libraryCount: UInt32
) -> CUresult {
    if let error = notReady() { return error }
    return loadLibrary(result, image)
}

@c public func cuLibraryLoadFromFile(
    _ result: UnsafeMutablePointer<CUlibrary?>?, _ path: UnsafePointer<CChar>?, _ options: UnsafeMutableRawPointer?,
    _ values: UnsafeMutableRawPointer?, _ count: UInt32, _ libraryOptions: UnsafeMutableRawPointer?,
    _ libraryValues: UnsafeMutableRawPointer?, _ libraryCount: UInt32
) -> CUresult {
    if let error = notReady() { return error }
    guard let path else { return CUDA_ERROR_INVALID_VALUE }
    guard let image = Modules.read(path) else { return CUDA_ERROR_FILE_NOT_FOUND }
    defer { free(image) }
    return loadLibrary(result, image)
}

@c public func cuLibraryUnload(_ library: CUlibrary?) -> CUresult {
    with(library, #function) { library in
        Contexts.synchronizeAll()
        Modules.end(library)
        return CUDA_SUCCESS
    }
}

@c public func cuLibraryGetKernel(
    _ result: UnsafeMutablePointer<CUkernel?>?, _ library: CUlibrary?, _ name: UnsafePointer<CChar>?
) -> CUresult {
    with(library, #function) { library in
        guard let result, let name, name.pointee != 0 else { return CUDA_ERROR_INVALID_VALUE }
        guard let kernel = Modules.find(name, in: library) else { return CUDA_ERROR_NOT_FOUND }
        result.pointee = kernel
        return CUDA_SUCCESS
    }
}

@c public func cuLibraryGetKernelCount(_ count: UnsafeMutablePointer<UInt32>?, _ library: CUlibrary?) -> CUresult {
    with(library, #function) { give(Modules.count($0), to: count) }
}

@c public func cuLibraryEnumerateKernels(
    _ kernels: UnsafeMutablePointer<CUkernel?>?, _ room: UInt32, _ library: CUlibrary?
) -> CUresult {
    cuModuleEnumerateFunctions(kernels, room, library)
}

/// The library as a module of the current context: its kernels are the module's functions.
@c public func cuLibraryGetModule(_ result: UnsafeMutablePointer<CUmodule?>?, _ library: CUlibrary?) -> CUresult {
    with(library, #function) { library in
        Contexts.current == nil ? CUDA_ERROR_INVALID_CONTEXT : give(Optional(library), to: result)
    }
}

@c public func cuLibraryGetGlobal(
    _ address: UnsafeMutablePointer<CUdeviceptr>?, _ size: UnsafeMutablePointer<Int>?, _ library: CUlibrary?,
    _ name: UnsafePointer<CChar>?
) -> CUresult {
    with(library, #function) { _ in name == nil ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_NOT_FOUND }
}
