import CNVML

/// NVIDIA's management library, loaded at run time.
///
/// It stays loaded for as long as anybody holds this object; every driver call holds it.
final class NVML: Sendable {
    private let library: DynamicLibrary
    let symbols: NVMLSymbols
    /// The file that was loaded, with all symbolic links resolved.
    let path: String

    /// Loads the library, which may run code of it, and looks up its functions; the driver is not called yet.
    init(library name: String) throws(DynamicLibrary.LoadError) {
        library = try DynamicLibrary(name)
        symbols = NVMLSymbols(library)
        let anchor = symbols.initialise.function.map { unsafeBitCast($0, to: UnsafeRawPointer.self) }
        path = anchor.flatMap(DynamicLibrary.file(holding:)) ?? name
    }
}

/// Calls into NVML from one job, which note in `watch` what they are doing.
struct NVMLCalls: Sendable {
    let nvml: NVML
    let watch: CallWatch

    /// Makes one call.
    /// - Throws: what the driver answers other than success; code 13 when the driver does not have the function.
    func call<Function>(_ symbol: Symbol<Function>, _ body: (Function) -> nvmlReturn_t) throws(NVMLError) {
        guard let function = symbol.function else {
            throw NVMLError(NVML_ERROR_FUNCTION_NOT_FOUND, call: symbol.name)
        }
        watch.entered(symbol.name)
        defer { watch.left() }
        let result = body(function)
        guard result == NVML_SUCCESS else { throw NVMLError(result, call: symbol.name) }
    }

    /// Makes a call that fills one value, which starts as `value`.
    func read<Function, Value>(
        _ symbol: Symbol<Function>, into value: Value,
        _ body: (Function, UnsafeMutablePointer<Value>) -> nvmlReturn_t
    ) throws(NVMLError) -> Value {
        var value = value
        try call(symbol) { function in withUnsafeMutablePointer(to: &value) { body(function, $0) } }
        return value
    }

    /// Makes a call that fills a buffer with text that ends with a zero.
    func text<Function>(
        _ symbol: Symbol<Function>, length: Int,
        _ body: (Function, UnsafeMutablePointer<CChar>, UInt32) -> nvmlReturn_t
    ) throws(NVMLError) -> String {
        var bytes = [CChar](repeating: 0, count: length)
        try call(symbol) { function in
            bytes.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return NVML_ERROR_INSUFFICIENT_SIZE }
                return body(function, start, UInt32(length))
            }
        }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func initialise() throws(NVMLError) { try call(nvml.symbols.initialise) { $0() } }

    func shutdown() throws(NVMLError) { try call(nvml.symbols.shutdown) { $0() } }

    /// Such as `535.261.03`.
    func driverVersion() throws(NVMLError) -> String {
        try text(nvml.symbols.driverVersion, length: NVML_VERSION_LENGTH) { $0($1, $2) }
    }

    /// The newest CUDA that the driver supports, such as `12.2`.
    func cudaVersion() throws(NVMLError) -> String {
        let version = try read(nvml.symbols.cudaVersion, into: Int32(0)) { $0($1) }
        return "\(version / 1000).\(version % 1000 / 10)"
    }

    /// How many GPUs the driver lists.
    func count() throws(NVMLError) -> Int {
        Int(try read(nvml.symbols.count, into: UInt32(0)) { $0($1) })
    }

    func device(at index: Int) throws(NVMLError) -> NVMLDevice {
        let handle: nvmlDevice_t? = try read(nvml.symbols.handleByIndex, into: nil) { $0(UInt32(index), $1) }
        guard let handle else { throw NVMLError(NVML_ERROR_NOT_FOUND, call: nvml.symbols.handleByIndex.name) }
        return NVMLDevice(calls: self, handle: handle)
    }
}
