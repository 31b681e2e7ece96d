import Glibc

/// A shared library that was loaded at run time.
///
/// It is unloaded when the last owner lets go of it. Whoever calls into it owns it for as long as the call takes, so
/// that a library in which a call hangs stays loaded.
// Unchecked: the handle never changes, and the dynamic linker's functions may be called from any thread.
struct DynamicLibrary: ~Copyable, @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer

    /// Loads a library by path, or by name along the dynamic linker's search path.
    /// - Throws: what the dynamic linker says.
    init(_ name: String) throws(LoadError) {
        _ = dlerror()
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            throw LoadError(name: name, words: dlerror().map { String(cString: $0) } ?? "no reason given")
        }
        self.handle = handle
    }

    deinit {
        dlclose(handle)
    }

    /// The first of `names` that the library exports, newest version first.
    func first<Function: Sendable>(
        of names: StaticString..., as type: Function.Type = Function.self
    ) -> Symbol<Function> {
        for name in names {
            guard let address = dlsym(handle, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self))
            else { continue }
            return Symbol(name: name, address: address)
        }
        return Symbol(name: names.first ?? "", address: nil)
    }

    /// The file that holds `address`, with all symbolic links resolved; nil when nothing is mapped there.
    static func file(holding address: UnsafeRawPointer) -> String? {
        guard let maps = HostFiles.text("/proc/self/maps", limit: 16 << 20) else { return nil }
        let wanted = UInt(bitPattern: address)
        for line in maps.split(separator: "\n") {
            guard let slash = line.firstIndex(of: "/"), let space = line.firstIndex(of: " ") else { continue }
            let ends = line[..<space].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, (ends[0]..<ends[1]).contains(wanted) else { continue }
            let path = line[slash...]
            return String(path.hasSuffix(" (deleted)") ? path.dropLast(10) : path)
        }
        return nil
    }

    struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
        let name: String
        /// What the dynamic linker says; it usually begins with the name.
        let words: String

        /// Whether there simply is no such file.
        var isMissing: Bool { words.hasPrefix("\(name):") && words.hasSuffix("No such file or directory") }

        var description: String { "\(name) cannot be loaded: \(words)" }
    }
}

/// A function that was looked up by name; without an address it is a feature that this library does not have.
struct Symbol<Function: Sendable>: Sendable {
    /// The name it was found by, or the newest name when it was not found.
    let name: StaticString
    let function: Function?

    /// - Parameter address: where a function of type `Function`, a C function pointer type, begins.
    fileprivate init(name: StaticString, address: UnsafeMutableRawPointer?) {
        self.name = name
        function = address.map { unsafeBitCast($0, to: Function.self) }
    }
}
