import ArgumentParser
import Glibc
import Presentation

/// Asks the multi-process server that its environment names for a context, as any program does, and ends once it has one.
///
/// The daemon runs it: a server that hangs says of itself that it is well.
struct ProbeMPS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe-mps", abstract: "Ask a multi-process server for a context; the daemon does this by itself.",
        shouldDisplay: false)

    @Argument(help: "The CUDA driver's library.")
    var library: String

    /// CUDA_ERROR_MPS_MAX_CLIENTS_REACHED: a server that counts its clients does not hang.
    private static let full: Int32 = 808

    func run() throws {
        guard let driver = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
            throw Failure(.failed, "the CUDA driver could not be loaded from \(library): \(String(cString: dlerror()))")
        }
        let start = try function("cuInit", of: driver, as: (@convention(c) (UInt32) -> Int32).self)
        let find = try function(
            "cuDeviceGet", of: driver, as: (@convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32).self)
        let create = try function(
            "cuCtxCreate_v2", of: driver,
            as: (@convention(c) (UnsafeMutablePointer<OpaquePointer?>, UInt32, Int32) -> Int32).self)
        let destroy = try function(
            "cuCtxDestroy_v2", of: driver, as: (@convention(c) (OpaquePointer?) -> Int32).self)
        var device: Int32 = 0
        var context: OpaquePointer?
        try check(start(0), "cuInit")
        try check(find(&device, 0), "cuDeviceGet")
        try check(create(&context, 0, device), "cuCtxCreate")
        try check(destroy(context), "cuCtxDestroy")
    }

    private func check(_ result: Int32, _ call: String) throws {
        if result == Self.full { throw ExitCode.success }
        guard result == 0 else { throw Failure(.failed, "\(call) gave \(result)") }
    }

    private func function<Function>(
        _ name: String, of driver: UnsafeMutableRawPointer, as type: Function.Type
    ) throws -> Function {
        guard let symbol = dlsym(driver, name) else {
            throw Failure(.failed, "\(library) has no \(name)")
        }
        return unsafeBitCast(symbol, to: type)
    }
}
