import CNVML
import Fleet

extension NVMLDevice {
    private var symbols: NVMLSymbols { calls.nvml.symbols }

    private func number<Function>(
        _ symbol: Symbol<Function>, _ body: (Function, UnsafeMutablePointer<UInt32>) -> nvmlReturn_t
    ) throws(NVMLError) -> Int {
        Int(try calls.read(symbol, into: UInt32(0), body))
    }

    /// Per cent of the last sample period in which a kernel ran, and in which memory was read or written.
    func utilisation() throws(NVMLError) -> (compute: Int, memory: Int) {
        let rates = try calls.read(symbols.utilisation, into: nvmlUtilization_t()) { $0(handle, $1) }
        return (Int(rates.gpu), Int(rates.memory))
    }

    /// Milliwatts.
    func power() throws(NVMLError) -> Int { try number(symbols.power) { $0(handle, $1) } }

    /// Milliwatts.
    func powerLimit() throws(NVMLError) -> Int { try number(symbols.powerLimit) { $0(handle, $1) } }

    /// Millijoules since the driver was loaded.
    func energy() throws(NVMLError) -> Int64 {
        Int64(clamping: try calls.read(symbols.energy, into: UInt64(0)) { $0(handle, $1) })
    }

    /// Degrees Celsius.
    func temperature() throws(NVMLError) -> Int {
        try number(symbols.temperature) { $0(handle, NVML_TEMPERATURE_GPU, $1) }
    }

    /// Per cent of the fan's full speed.
    func fan() throws(NVMLError) -> Int { try number(symbols.fan) { $0(handle, $1) } }

    /// Megahertz.
    func clock(_ clock: nvmlClockType_t) throws(NVMLError) -> Int {
        try number(symbols.clock) { $0(handle, clock, $1) }
    }

    /// Memory errors since the driver was loaded.
    func eccErrors(_ kind: nvmlMemoryErrorType_t) throws(NVMLError) -> Int64 {
        Int64(clamping: try calls.read(symbols.eccErrors, into: UInt64(0)) { $0(handle, kind, NVML_VOLATILE_ECC, $1) })
    }

    /// Whether memory rows went bad that could not be replaced.
    func hasRowsThatCannotBeRemapped() throws(NVMLError) -> Bool {
        var corrected: UInt32 = 0
        var uncorrected: UInt32 = 0
        var isPending: UInt32 = 0
        let hasFailed = try number(symbols.remappedRows) { $0(handle, &corrected, &uncorrected, &isPending, $1) }
        return hasFailed != 0
    }

    /// What the driver wants done before the GPU is used again, in words; nil when nothing.
    ///
    /// Field 230, drivers 570 and newer. The numbers are `nvmlDeviceGpuRecoveryAction_t`.
    func recoveryAction() throws(NVMLError) -> String? {
        var field = nvmlFieldValue_t()
        field.fieldId = UInt32(NVML_FIELD_RECOVERY_ACTION)
        field.nvmlReturn = NVML_ERROR_NOT_SUPPORTED
        field = try calls.read(symbols.fields, into: field) { $0(handle, 1, $1) }
        guard field.nvmlReturn == NVML_SUCCESS else { throw NVMLError(field.nvmlReturn, call: symbols.fields.name) }
        return switch field.value.uiVal {
        case 0: nil
        case 1: "the driver asks for a reset of the GPU"
        case 2, 7: "the driver asks for a reboot of the machine"
        case 3: "the driver asks to stop all peer-to-peer traffic of the GPU"
        case 4: "the driver asks to drain the GPU and to reset it"
        case 5: "the driver asks to recover the IMEX domain"
        case 6: "the driver asks for a reset of the PCI bus"
        case let other: "the driver asks for recovery action \(other)"
        }
    }

    /// What holds memory of the GPU: by pid, with the memory in bytes where the driver tells it.
    ///
    /// A process can be in several lists (compute, graphics, MPS) with the same memory, and once for each MIG instance.
    func processes() throws(NVMLError) -> [Int32: Bytes?] {
        struct Instance: Hashable {
            let pid, gpuInstance, computeInstance: UInt32
        }
        var memory: [Instance: UInt64] = [:]
        var firstError: NVMLError?
        var answers = 0
        for list in symbols.processes {
            do {
                for process in try entries(of: list) {
                    let instance = Instance(
                        pid: process.pid, gpuInstance: process.gpuInstanceId,
                        computeInstance: process.computeInstanceId)
                    memory[instance] = largestKnown(memory[instance], process.usedGpuMemory)
                }
                answers += 1
            } catch {
                if firstError == nil || error.isAny(of: NVML_ERROR_GPU_IS_LOST) { firstError = error }
            }
        }
        if let firstError, answers == 0 || firstError.isAny(of: NVML_ERROR_GPU_IS_LOST) { throw firstError }
        var byProcess: [Int32: Bytes?] = [:]
        for (instance, used) in memory {
            let pid = Int32(bitPattern: instance.pid)
            let known: Bytes? = used == .max ? nil : Bytes(clamping: used)
            if let before = byProcess[pid] {
                byProcess.updateValue(before.map { $0 + (known ?? .zero) } ?? known, forKey: pid)
            } else {
                byProcess.updateValue(known, forKey: pid)
            }
        }
        return byProcess
    }

    /// How busy processes keep the GPU, in per cent by pid: the newest sample of each since a time.
    ///
    /// - Parameter since: microseconds since the Unix epoch, which is what samples are stamped with.
    func processUtilisation(since: Int64) throws(NVMLError) -> [Int32: Int] {
        var room: UInt32 = 128
        var samples = [nvmlProcessUtilizationSample_t](repeating: nvmlProcessUtilizationSample_t(), count: Int(room))
        do {
            room = try calls.read(symbols.processUtilisation, into: room) { function, count in
                samples.withUnsafeMutableBufferPointer {
                    function(handle, $0.baseAddress, count, UInt64(clamping: since))
                }
            }
        } catch  where error.isAny(of: NVML_ERROR_NOT_FOUND) {
            // Nobody had work.
            return [:]
        }
        var newest: [Int32: (stamp: UInt64, percent: Int)] = [:]
        for sample in samples.prefix(Int(room)) where sample.timeStamp >= UInt64(clamping: since) {
            let pid = Int32(bitPattern: sample.pid)
            guard sample.timeStamp >= newest[pid]?.stamp ?? 0 else { continue }
            newest[pid] = (sample.timeStamp, Int(sample.smUtil))
        }
        return newest.mapValues(\.percent)
    }

    /// The larger of two amounts, of which all ones means that the driver does not know it.
    private func largestKnown(_ before: UInt64?, _ now: UInt64) -> UInt64 {
        guard let before, before != .max else { return now }
        return now == .max ? before : max(before, now)
    }

    /// One list of processes, with room for more when it has grown since it was asked for.
    private func entries(of list: NVMLSymbols.ProcessList) throws(NVMLError) -> [nvmlProcessInfo_t] {
        var room: UInt32 = 32
        var lastError = NVMLError(NVML_ERROR_INSUFFICIENT_SIZE, call: list.list.name)
        for _ in 0..<6 {
            var entries = [nvmlProcessInfo_t](repeating: nvmlProcessInfo_t(), count: Int(room))
            do {
                let count = try calls.read(list.list, into: room) { function, count in
                    entries.withUnsafeMutableBufferPointer { function(handle, count, $0.baseAddress) }
                }
                entries.removeLast(entries.count - min(Int(count), entries.count))
                return list.isOldest ? widened(entries) : entries
            } catch  where error.isAny(of: NVML_ERROR_INSUFFICIENT_SIZE) {
                lastError = error
                room = min(room * 4, 1 << 16)
            }
        }
        throw lastError
    }

    /// Reads what a function of the oldest version wrote: its entries are shorter.
    private func widened(_ entries: [nvmlProcessInfo_t]) -> [nvmlProcessInfo_t] {
        entries.withUnsafeBytes { bytes in
            entries.indices.map { index in
                let old = bytes.loadUnaligned(
                    fromByteOffset: index * MemoryLayout<nvmlProcessInfo_v1_t>.stride, as: nvmlProcessInfo_v1_t.self)
                return nvmlProcessInfo_t(
                    pid: old.pid, usedGpuMemory: old.usedGpuMemory, gpuInstanceId: .max, computeInstanceId: .max)
            }
        }
    }
}
