import CNVML
import Fleet

/// One GPU of NVML, within one job.
struct NVMLDevice {
    let calls: NVMLCalls
    let handle: nvmlDevice_t

    private var symbols: NVMLSymbols { calls.nvml.symbols }

    func uuid() throws(NVMLError) -> String {
        try calls.text(symbols.uuid, length: NVML_UUID_LENGTH) { $0(handle, $1, $2) }
    }

    func name() throws(NVMLError) -> String {
        try calls.text(symbols.name, length: NVML_NAME_LENGTH) { $0(handle, $1, $2) }
    }

    /// The number n of `/dev/nvidia<n>`.
    func minor() throws(NVMLError) -> Int {
        Int(try calls.read(symbols.minor, into: UInt32(0)) { $0(handle, $1) })
    }

    func pci() throws(NVMLError) -> PCIAddress {
        PCIAddress(try calls.read(symbols.pci, into: nvmlPciInfo_t()) { $0(handle, $1) })
    }

    func computeCapability() throws(NVMLError) -> (major: Int, minor: Int) {
        var minor: Int32 = 0
        let major = try calls.read(symbols.computeCapability, into: Int32(0)) { $0(handle, $1, &minor) }
        return (Int(major), Int(minor))
    }

    /// CUDA cores, of which a multiprocessor has a number that its generation sets.
    func cores() throws(NVMLError) -> Int {
        Int(try calls.read(symbols.cores, into: UInt32(0)) { $0(handle, $1) })
    }

    /// Streaming multiprocessors; real drivers tell this of MIG devices only.
    func multiprocessors() throws(NVMLError) -> Int {
        let attributes = try calls.read(symbols.attributes, into: nvmlDeviceAttributes_t()) { $0(handle, $1) }
        return Int(attributes.multiprocessorCount)
    }

    func mig() throws(NVMLError) -> GPU.MIGMode {
        do {
            var pending: UInt32 = 0
            let current = try calls.read(symbols.migMode, into: UInt32(0)) { $0(handle, $1, &pending) }
            return current == 0 ? .off : .on
        } catch  where error.isAny(of: NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_FUNCTION_NOT_FOUND) {
            return .unsupported
        }
    }

    /// What the GPU has, what the driver keeps for itself, and what is in use.
    ///
    /// Drivers before 510 do not tell the driver's own part: there `reserved` is zero and is part of `used`.
    func memory() throws(NVMLError) -> (total: Bytes, reserved: Bytes, used: Bytes) {
        do {
            var empty = nvmlMemory_v2_t()
            empty.version = NVML_MEMORY_V2_VERSION
            let memory = try calls.read(symbols.memoryV2, into: empty) { $0(handle, $1) }
            return (Bytes(clamping: memory.total), Bytes(clamping: memory.reserved), Bytes(clamping: memory.used))
        } catch
            where error.isAny(
                of: NVML_ERROR_FUNCTION_NOT_FOUND, NVML_ERROR_ARGUMENT_VERSION_MISMATCH, NVML_ERROR_INVALID_ARGUMENT
            )
        {
            let memory = try calls.read(symbols.memory, into: nvmlMemory_t()) { $0(handle, $1) }
            return (Bytes(clamping: memory.total), .zero, Bytes(clamping: memory.used))
        }
    }
}

extension Bytes {
    /// An amount as the driver tells it.
    init(clamping count: UInt64) { self.init(Int64(clamping: count)) }
}

/// Where a device sits on the PCI bus.
struct PCIAddress: Hashable, Sendable {
    let domain: UInt32
    let bus: UInt32
    let device: UInt32
    /// As NVML writes it: `00000000:07:00.0`.
    let text: String

    init(_ info: nvmlPciInfo_t) {
        domain = info.domain
        bus = info.bus
        device = info.device
        let bytes = withUnsafeBytes(of: info.busId) { Array($0.prefix { $0 != 0 }) }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// The device's folder in sysfs: `/sys/bus/pci/devices/0000:07:00.0`.
    var sysfs: String {
        func hex(_ number: UInt32, _ digits: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(digits - text.count, 0)) + text
        }
        let function = text.last.flatMap(\.wholeNumberValue) ?? 0
        return "/sys/bus/pci/devices/\(hex(domain, 4)):\(hex(bus, 2)):\(hex(device, 2)).\(function)"
    }

    /// Whether both mean the same slot; their texts may differ in letters and in the length of the domain.
    func isSameSlot(as other: PCIAddress) -> Bool {
        domain == other.domain && bus == other.bus && device == other.device
    }

    /// Nothing is at the other end, or the driver does not tell what.
    var isNowhere: Bool {
        (domain == 0 && bus == 0 && device == 0 && text.allSatisfy { "0:.".contains($0) }) || bus > 0xFF
    }
}
