import CSimulatedDriver

/// Turns a profile into the first state of a device model.
struct ModelWriter {
    let profile: SimulatedProfile
    /// Tells machines of one profile apart.
    let host: String

    /// Fills memory that is all zeros.
    func write(to model: UnsafeMutablePointer<DeviceModel>) {
        model.pointee.magic = MODEL_MAGIC
        model.pointee.layout = MODEL_LAYOUT
        model.pointee.gpuCount = UInt32(profile.seats.count)
        model.pointee.instance = UInt64.random(in: 1 ... .max)
        model.pointee.pidNamespace = process_pid_namespace()
        model.pointee.cudaVersion = UInt32(profile.driver.cudaVersion)
        model.pointee.driverBranch = UInt32(profile.driver.branch)
        writeConfidentialComputing(to: model)
        put(profile.name, into: &model.pointee.profile)
        put(profile.driver.version, into: &model.pointee.driverVersion)
        put(profile.driver.nvmlVersion, into: &model.pointee.nvmlVersion)
        for index in profile.seats.indices {
            guard let gpu = model_gpu(model, UInt32(index)) else { continue }
            writeFixed(profile.seats[index], index, to: gpu)
            writeCapacity(profile.seats[index].board, to: gpu)
            writeLinks(index, to: gpu)
            writeSlices(profile.seats[index].board, to: gpu)
            writeLive(profile.seats[index].board, to: gpu)
            for other in profile.seats.indices {
                model_path(model, UInt32(index), UInt32(other))?.pointee = path(index, other)
            }
        }
    }

    private func writeFixed(_ seat: SimulatedProfile.Seat, _ index: Int, to gpu: UnsafeMutablePointer<ModelGPU>) {
        let board = seat.board
        put(profile.uuid(ofGPU: index, host: host), into: &gpu.pointee.uuid)
        put(board.name, into: &gpu.pointee.name)
        put(seat.serial, into: &gpu.pointee.serial)
        put(board.vbios, into: &gpu.pointee.vbios)
        put(board.partNumber, into: &gpu.pointee.partNumber)
        gpu.pointee.minorNumber = UInt32(index)
        gpu.pointee.numaNode = Int32(seat.numaNode)
        gpu.pointee.pci = ModelPCI(
            domain: 0, bus: UInt32(seat.pciBus), device: 0, deviceID: board.pciDeviceID,
            subsystemID: board.pciSubsystemID)
        gpu.pointee.architecture = board.architecture.rawValue
        gpu.pointee.brand = board.brand.rawValue
        gpu.pointee.computeMajor = UInt32(board.computeCapability.major)
        gpu.pointee.computeMinor = UInt32(board.computeCapability.minor)
        gpu.pointee.multiprocessors = UInt32(board.multiprocessors)
        gpu.pointee.coresPerMultiprocessor = UInt32(board.coresPerMultiprocessor)
        gpu.pointee.copyEngines = UInt32(board.engines.copy)
        gpu.pointee.decoders = UInt32(board.engines.decode)
        gpu.pointee.encoders = UInt32(board.engines.encode)
        gpu.pointee.jpegEngines = UInt32(board.engines.jpeg)
        gpu.pointee.opticalFlowEngines = UInt32(board.engines.opticalFlow)
        for cpu in seat.cpus.joined() {
            model_cpu_word(gpu, UInt32(cpu / 64))?.pointee |= 1 << UInt64(cpu % 64)
        }
    }

    private func writeCapacity(_ board: Board, to gpu: UnsafeMutablePointer<ModelGPU>) {
        gpu.pointee.memoryTotal = UInt64(board.memory.total) << 20
        gpu.pointee.memoryReserved = UInt64(board.memory.reserved) << 20
        gpu.pointee.bar1Total = UInt64(board.memory.bar1) << 20
        gpu.pointee.memoryBusWidth = UInt32(board.memory.busWidth)
        gpu.pointee.powerIdle = UInt32(board.power.idle) * 1000
        gpu.pointee.powerMin = UInt32(board.power.least) * 1000
        gpu.pointee.powerMax = UInt32(board.power.most) * 1000
        gpu.pointee.powerDefault = UInt32(board.power.standard) * 1000
        gpu.pointee.temperatureIdle = UInt32(board.temperature.idle)
        gpu.pointee.temperatureBusy = UInt32(board.temperature.busy)
        gpu.pointee.temperatureGPUMax = UInt32(board.temperature.most)
        gpu.pointee.temperatureSlowdown = UInt32(board.temperature.slowdown)
        gpu.pointee.temperatureShutdown = UInt32(board.temperature.shutdown)
        gpu.pointee.temperatureMemoryMax = UInt32(board.temperature.memoryMost)
        gpu.pointee.clocksIdle = clocks(board.idleClocks)
        gpu.pointee.clocksMax = clocks(board.maximalClocks)
        gpu.pointee.idlePerformanceState = UInt32(board.idlePerformanceState)
        gpu.pointee.fans = UInt32(board.fans)
        gpu.pointee.pcieGeneration = UInt32(board.pcieGeneration)
        gpu.pointee.pcieWidth = UInt32(board.pcieWidth)
        gpu.pointee.eccSupported = board.hasErrorCorrection ? 1 : 0
        gpu.pointee.migSupported = board.hasMIG ? 1 : 0
        gpu.pointee.peerAccessSupported = board.hasPeerAccess ? 1 : 0
        gpu.pointee.rowRemapping = board.hasErrorCorrection && board.architecture.rawValue >= 7 ? 1 : 0
        gpu.pointee.displaySupported = board.hasDisplay ? 1 : 0
    }

    private func writeLinks(_ index: Int, to gpu: UnsafeMutablePointer<ModelGPU>) {
        func set(_ count: Int, _ version: Int, _ speed: Int) {
            gpu.pointee.nvlinkCount = UInt32(count)
            gpu.pointee.nvlinkVersion = UInt32(version)
            gpu.pointee.nvlinkSpeed = UInt32(speed)
        }
        switch profile.nvlink {
        case .none: break
        case .switched(let links, let version, let speed, let buses, let deviceID):
            set(links, version, speed)
            gpu.pointee.fabric = profile.seats[index].board.architecture.rawValue >= 9 ? 1 : 0
            for link in 0..<links {
                let remote = ModelPCI(
                    domain: 0, bus: UInt32(buses[link % buses.count]), device: 0, deviceID: deviceID, subsystemID: 0)
                model_nvlink(gpu, UInt32(link))?.pointee = ModelNVLink(
                    end: MODEL_LINK_SWITCH.rawValue, remote: remote)
            }
        case .direct(let links, let version, let speed, _):
            set(links, version, speed)
            var link: UInt32 = 0
            for (other, seat) in profile.seats.enumerated() {
                for _ in 0..<profile.nvlinks(index, other) where link < UInt32(links) {
                    let remote = ModelPCI(
                        domain: 0, bus: UInt32(seat.pciBus), device: 0, deviceID: seat.board.pciDeviceID,
                        subsystemID: seat.board.pciSubsystemID)
                    model_nvlink(gpu, link)?.pointee = ModelNVLink(end: MODEL_LINK_GPU.rawValue, remote: remote)
                    link += 1
                }
            }
        }
    }

    private func writeSlices(_ board: Board, to gpu: UnsafeMutablePointer<ModelGPU>) {
        gpu.pointee.sliceKindCount = UInt32(board.slices.count)
        gpu.pointee.migNeedsReset = board.hasMIG && board.architecture == .ampere ? 1 : 0
        for (index, slice) in board.slices.enumerated() {
            guard let kind = model_slice_kind(gpu, UInt32(index)) else { continue }
            kind.pointee.number = slice.number.rawValue
            kind.pointee.id = UInt32(slice.id)
            kind.pointee.computeSlices = UInt32(slice.computeSlices)
            kind.pointee.slots = UInt32(slice.slots)
            kind.pointee.starts = slice.starts.reduce(0) { $0 | 1 << UInt32($1) }
            kind.pointee.limit = UInt32(slice.limit)
            kind.pointee.multiprocessors = UInt32(slice.multiprocessors)
            kind.pointee.copyEngines = UInt32(slice.engines.copy)
            kind.pointee.decoders = UInt32(slice.engines.decode)
            kind.pointee.encoders = UInt32(slice.engines.encode)
            kind.pointee.jpegEngines = UInt32(slice.engines.jpeg)
            kind.pointee.opticalFlowEngines = UInt32(slice.engines.opticalFlow)
            kind.pointee.memory = UInt64(slice.memory) << 20
            put(slice.name, into: &kind.pointee.name)
        }
    }

    /// The numbers are NVML's: SEV-SNP processors, GPUs that can, the production environment.
    private func writeConfidentialComputing(to model: UnsafeMutablePointer<DeviceModel>) {
        guard profile.confidentialComputing != .none else { return }
        model.pointee.confidentialCPU = 3
        model.pointee.confidentialGPU = 1
        guard profile.confidentialComputing == .on else { return }
        model.pointee.confidentialEnvironment = 2
        model.pointee.confidentialFeature = 1
    }

    private func writeLive(_ board: Board, to gpu: UnsafeMutablePointer<ModelGPU>) {
        gpu.pointee.powerLimit = UInt32(board.power.standard) * 1000
        gpu.pointee.persistenceMode = 1
        gpu.pointee.eccMode = board.hasErrorCorrection && board.startsWithErrorCorrection ? 1 : 0
        gpu.pointee.eccModePending = gpu.pointee.eccMode
        gpu.pointee.energyAt = model_now()
    }

    private func path(_ first: Int, _ second: Int) -> ModelPath {
        guard first != second else { return ModelPath(level: 0, nvlinks: 0) }
        return ModelPath(
            level: UInt16(profile.pathLevel(first, second).rawValue), nvlinks: UInt16(profile.nvlinks(first, second)))
    }

    private func clocks(_ clocks: Board.Clocks) -> ModelClocks {
        ModelClocks(
            graphics: UInt32(clocks.graphics), sm: UInt32(clocks.sm), memory: UInt32(clocks.memory),
            video: UInt32(clocks.video))
    }
}

/// Copies a text into a field of a C structure, cut so that a zero follows it.
private func put<Field>(_ text: String, into field: inout Field) {
    withUnsafeMutableBytes(of: &field) { bytes in
        let length = min(text.utf8.count, bytes.count - 1)
        bytes.copyBytes(from: text.utf8.prefix(length))
        bytes[length] = 0
    }
}
