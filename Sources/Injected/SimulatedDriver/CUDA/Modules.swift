import CSimulatedCUDA

typealias ModuleHandle = UnsafeMutablePointer<DriverModule>
typealias FunctionHandle = UnsafeMutablePointer<DriverFunction>

/// Modules and libraries, and the kernels in them.
///
/// No code is ever run. A kernel's name says how long it takes: `sim_200us`, `sim_2ms`, `sim_50ns`, `sim_1s`, with
/// anything before and behind. Every module has such kernels; others only where its image is PTX with an entry of that
/// name, and they take ten microseconds. A kernel whose name has `fault` in it, too, makes the GPU fail when its turn
/// comes: `sim_10us_fault`.
enum Modules {
    /// The bit of a duration that says so.
    static var faultMark: UInt64 { 1 << 63 }

    private static var plainDuration: UInt64 { 10_000 }

    static func make(_ image: UnsafeRawPointer?, _ context: Context?, isLibrary: Bool) -> ModuleHandle? {
        guard let module = Slots.make(DriverModule.self) else { return nil }
        module.pointee.context = context
        module.pointee.isLibrary = isLibrary ? 1 : 0
        module.pointee.tag = UInt32(TAG_MODULE)
        if let image { findEntries(image.assumingMemoryBound(to: CChar.self), module) }
        return module
    }

    static func end(_ module: ModuleHandle) {
        while let function = module.pointee.functions {
            module.pointee.functions = function.pointee.next
            free(function.pointee.name)
            Slots.free(function)
        }
        if let own = module.pointee.module { end(own) }
        Slots.free(module)
    }

    /// Reads a whole file, ended with a zero; nil when it cannot be read.
    static func read(_ path: UnsafePointer<CChar>) -> UnsafeMutableRawPointer? {
        let file = open_file(path, false)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let size = regular_file_size(file)
        guard size >= 0, let memory = malloc(Int(size) + 1) else { return nil }
        guard CSimulatedCUDA.read(file, memory, Int(size)) == Int(size) else {
            free(memory)
            return nil
        }
        memory.storeBytes(of: 0, toByteOffset: Int(size), as: UInt8.self)
        return memory
    }

    static func find(_ name: UnsafePointer<CChar>, in module: ModuleHandle) -> FunctionHandle? {
        process_lock(&process.pointee.moduleLock)
        defer { process_unlock(&process.pointee.moduleLock) }
        var function = module.pointee.functions
        while let each = function {
            if strcmp(each.pointee.name, name) == 0 { return each }
            function = each.pointee.next
        }
        guard let duration = duration(of: name) else { return nil }
        return add(name, strlen(name), duration, to: module)
    }

    static func count(_ module: ModuleHandle) -> UInt32 {
        var count: UInt32 = 0
        var function = module.pointee.functions
        while let each = function {
            count += 1
            function = each.pointee.next
        }
        return count
    }

    private static func add(
        _ name: UnsafePointer<CChar>, _ length: Int, _ duration: UInt64, to module: ModuleHandle
    ) -> FunctionHandle? {
        guard let function = Slots.make(DriverFunction.self), let copy = malloc(length + 1) else { return nil }
        memcpy(copy, name, length)
        copy.storeBytes(of: 0, toByteOffset: length, as: UInt8.self)
        function.pointee.name = copy.assumingMemoryBound(to: CChar.self)
        function.pointee.duration = duration
        function.pointee.module = module
        function_attribute(function, 0).pointee = 1024
        // Registers, then versions of the code.
        function_attribute(function, 4).pointee = 32
        function_attribute(function, 5).pointee = 80
        function_attribute(function, 6).pointee = 80
        function.pointee.next = module.pointee.functions
        module.pointee.functions = function
        function.pointee.tag = UInt32(TAG_FUNCTION)
        return function
    }

    /// The entries of an image that is PTX. Anything else begins with bytes that are no text.
    private static func findEntries(_ image: UnsafePointer<CChar>, _ module: ModuleHandle) {
        var start = image
        while start.pointee == 32 || start.pointee == 10 || start.pointee == 13 || start.pointee == 9 { start += 1 }
        guard start.pointee == 46 || start.pointee == 47 else { return }
        while let entry = strstr(start, ".entry") {
            var name = UnsafePointer(entry) + 6
            while name.pointee == 32 || name.pointee == 9 || name.pointee == 10 { name += 1 }
            let length = strcspn(name, " \t\r\n({;")
            start = name + length
            guard length > 0 else { continue }
            var known: UInt64?
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { buffer in
                guard let text = buffer.baseAddress else { return }
                memcpy(text, name, length)
                text[length] = 0
                known = duration(of: text)
            }
            _ = add(name, length, known ?? plainDuration, to: module)
        }
    }

    /// What the name says, in nanoseconds, with the mark of a fault.
    static func duration(of name: UnsafePointer<CChar>) -> UInt64? {
        guard let length = length(of: name) else { return nil }
        return strstr(name, "fault") == nil ? length : length | faultMark
    }

    private static func length(of name: UnsafePointer<CChar>) -> UInt64? {
        guard let mark = strstr(name, "sim_") else { return nil }
        var digit = UnsafePointer(mark) + 4
        var number: UInt64 = 0
        guard digit.pointee >= 48, digit.pointee <= 57 else { return nil }
        while digit.pointee >= 48, digit.pointee <= 57 {
            number = number * 10 + UInt64(digit.pointee - 48)
            guard number < 1_000_000_000_000 else { return nil }
            digit += 1
        }
        switch (digit[0], digit[0] == 115 ? 115 : digit[1]) {
        case (110, 115): return number
        case (117, 115): return number * 1000
        case (109, 115): return number * 1_000_000
        case (115, 115): return number * 1_000_000_000
        default: return nil
        }
    }
}
