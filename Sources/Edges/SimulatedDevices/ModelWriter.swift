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
        put(profile.name, into: &model.pointee.profile)
        put(profile.driver.version, into: &model.pointee.driverVersion)
        put(profile.driver.nvmlVersion, into: &model.pointee.nvmlVersion)
        for index in profile.seats.indices {
            guard let gpu = model_gpu(model, UInt32(index)) else { continue }
            writeFixed(profile.seats[index], index, to: gpu)
            writeCapacity(profile.seats[index].board, to: gpu)
            writeLinks(to: gpu)
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
        gpu.pointee.displaySupported = board.hasDisplay ? 1 : 0
    }

    private func writeLinks(to gpu: UnsafeMutablePointer<ModelGPU>) {
        guard case .switched(let links, let version, let speed, let buses, let deviceID) = profile.nvlink else {
            return
        }
        gpu.pointee.nvlinkCount = UInt32(links)
        gpu.pointee.nvlinkVersion = UInt32(version)
        gpu.pointee.nvlinkSpeed = UInt32(speed)
        for link in 0..<links {
            let remote = ModelPCI(
                domain: 0, bus: UInt32(buses[link % buses.count]), device: 0, deviceID: deviceID, subsystemID: 0)
            model_nvlink(gpu, UInt32(link))?.pointee = ModelNVLink(end: MODEL_LINK_SWITCH.rawValue, remote: remote)
        }
    }

    private func writeLive(_ board: Board, to gpu: UnsafeMutablePointer<ModelGPU>) {
        gpu.pointee.powerLimit = UInt32(board.power.standard) * 1000
        gpu.pointee.persistenceMode = 1
        gpu.pointee.eccMode = board.hasErrorCorrection ? 1 : 0
        gpu.pointee.eccModePending = gpu.pointee.eccMode
        gpu.pointee.energyAt = model_now()
    }

    private func path(_ first: Int, _ second: Int) -> ModelPath {
        guard first != second else { return ModelPath(level: 0, nvlinks: 0) }
        let isNear = profile.seats[first].numaNode == profile.seats[second].numaNode
        let level = isNear ? profile.pathWithinNode : profile.pathAcrossNodes
        var links = 0
        if case .switched(let count, _, _, _, _) = profile.nvlink { links = count }
        return ModelPath(level: UInt16(level.rawValue), nvlinks: UInt16(links))
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
