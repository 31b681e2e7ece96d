import Glibc

// A CUDA program on strings: it makes a context, says how that went, and does what it reads from its input, a line each.
// The first argument is the driver's library.
//
//     parts          the GPU's multiprocessors as this program sees them
//     free           bytes that it may still allocate
//     alloc BYTES    allocates; the driver's result
//     launch KERNEL  starts a kernel and does not wait for it
//     wait           waits for what it started

typealias Handle = OpaquePointer

var none = sigset_t()
sigemptyset(&none)
sigprocmask(SIG_SETMASK, &none, nil)

guard CommandLine.arguments.count > 1, let library = dlopen(CommandLine.arguments[1], RTLD_NOW | RTLD_LOCAL) else {
    exit(1)
}

/// A whole line at once, whoever reads it.
func say(_ number: some BinaryInteger) {
    let text = "\(number)\n"
    write(1, text, text.utf8.count)
}

func call<Function>(_ name: String, as type: Function.Type) -> Function {
    guard let symbol = dlsym(library, name) else {
        say(-1)
        exit(1)
    }
    return unsafeBitCast(symbol, to: type)
}

var context: Handle?
var function: Handle?
var module: Handle?
var result = call("cuInit", as: (@convention(c) (UInt32) -> Int32).self)(0)
if result == 0 {
    result = call(
        "cuCtxCreate_v2", as: (@convention(c) (UnsafeMutablePointer<Handle?>, UInt32, Int32) -> Int32).self)(
            &context, 0, 0)
}
say(result)
guard result == 0 else { exit(2) }

let allocate = call("cuMemAlloc_v2", as: (@convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Int32).self)
let attribute = call(
    "cuDeviceGetAttribute", as: (@convention(c) (UnsafeMutablePointer<Int32>, Int32, Int32) -> Int32).self)
let room = call(
    "cuMemGetInfo_v2",
    as: (@convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Int32).self)
let load = call(
    "cuModuleLoadData", as: (@convention(c) (UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>) -> Int32).self)
let get = call(
    "cuModuleGetFunction",
    as: (@convention(c) (UnsafeMutablePointer<Handle?>, Handle?, UnsafePointer<CChar>) -> Int32).self)
let launch = call(
    "cuLaunchKernel",
    as: (@convention(c) (
        Handle?, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32).self)
let synchronize = call("cuCtxSynchronize", as: (@convention(c) () -> Int32).self)

while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    switch words.first {
    case "parts":
        var count: Int32 = 0
        // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
        let status = attribute(&count, 16, 0)
        say(status == 0 ? count : -status)
    case "free":
        var (free, total) = (0, 0)
        let status = room(&free, &total)
        say(status == 0 ? free : -Int(status))
    case "alloc":
        var address: UInt64 = 0
        say(allocate(&address, Int(words[1]) ?? 0))
    case "launch":
        if module == nil { _ = load(&module, "simulated") }
        _ = get(&function, module, words[1])
        say(launch(function, 1, 1, 1, 32, 1, 1, 0, nil, nil, nil))
    case "wait": say(synchronize())
    default: say(-1)
    }
}
exit(0)
