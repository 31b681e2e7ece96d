import CNVML
import CSimulatedDriver

/// Copies a text and its zero into a caller's buffer.
func copy(
    _ text: UnsafePointer<CChar>, to buffer: UnsafeMutablePointer<CChar>?, _ length: UInt32
) -> nvmlReturn_t {
    guard let buffer else { return NVML_ERROR_INVALID_ARGUMENT }
    let size = strlen(text) + 1
    guard size <= Int(length) else { return NVML_ERROR_INSUFFICIENT_SIZE }
    memcpy(buffer, text, size)
    return NVML_SUCCESS
}

/// Copies a text about a GPU; an empty one is what this GPU does not have.
func answerText(
    _ device: nvmlDevice_t?, _ buffer: UnsafeMutablePointer<CChar>?, _ length: UInt32,
    call: StaticString = #function, _ text: (UnsafeMutablePointer<ModelGPU>) -> UnsafePointer<CChar>?
) -> nvmlReturn_t {
    withDevice(device, call) { gpu, _ in
        guard let text = text(gpu.state), text.pointee != 0 else { return NVML_ERROR_NOT_SUPPORTED }
        return copy(text, to: buffer, length)
    }
}

/// Writes a PCI address: `00000000:07:00.0` with eight digits of domain, `0000:07:00.0` with four.
func write(_ address: ModelPCI, domainDigits: Int, to buffer: UnsafeMutablePointer<CChar>) {
    var end = buffer
    func put(_ character: UInt8) {
        end.pointee = CChar(bitPattern: character)
        end += 1
    }
    func put(hexadecimal number: UInt32, digits: Int) {
        var shift = UInt32(digits) * 4
        while shift > 0 {
            shift -= 4
            let digit = UInt8(truncatingIfNeeded: number >> shift & 0xF)
            put(digit < 10 ? 48 + digit : 55 + digit)
        }
    }
    put(hexadecimal: address.domain, digits: domainDigits)
    put(58)
    put(hexadecimal: address.bus, digits: 2)
    put(58)
    put(hexadecimal: address.device, digits: 2)
    put(46)
    put(48)
    put(0)
}

/// Reads a PCI address, with or without its domain, in digits of either case; only function 0 is a GPU.
func readPCIAddress(_ text: UnsafePointer<CChar>) -> (domain: UInt32, bus: UInt32, device: UInt32)? {
    var numbers: (UInt32, UInt32, UInt32) = (0, 0, 0)
    var colons = 0
    var current: UInt32 = 0
    var digits = 0
    var end = text
    while end.pointee != 0, end.pointee != 46 {
        switch UInt8(bitPattern: end.pointee) {
        case 58:
            guard digits > 0, colons < 2 else { return nil }
            numbers = (numbers.1, current, 0)
            (current, digits, colons) = (0, 0, colons + 1)
        case let character:
            guard let digit = hexadecimalDigit(character), digits < 8 else { return nil }
            current = current << 4 | digit
            digits += 1
        }
        end += 1
    }
    guard colons > 0, digits > 0, end.pointee == 0 || (end[1] == 48 && end[2] == 0) else { return nil }
    return colons == 2 ? (numbers.0, numbers.1, current) : (0, numbers.1, current)
}

private func hexadecimalDigit(_ character: UInt8) -> UInt32? {
    switch character {
    case 48...57: UInt32(character) - 48
    case 65...70: UInt32(character) - 55
    case 97...102: UInt32(character) - 87
    default: nil
    }
}
