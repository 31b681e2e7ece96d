import Fleet

extension GPUID {
    /// The sixteen bytes of `GPU-5a1c...`, which CUDA knows a GPU by; nil when it is no such UUID.
    var bytes: [UInt8]? {
        guard rawValue.hasPrefix("GPU-") else { return nil }
        let digits = rawValue.dropFirst(4).filter { $0 != "-" }
        guard digits.utf8.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var rest = digits[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
