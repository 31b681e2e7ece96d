package import Engine
package import Fleet

extension FleetView {
    /// The fleet as the engine knows it, with the GPUs that rest and what could be had of it right now.
    package init(_ status: FleetStatus, drained: [GPUID: String] = [:], requestable: [RequestableView]) {
        let links = status.node.links.enumerated().map { row, links in
            links.enumerated().map { column, link in row == column ? "X" : link.letters }
        }
        self.init(
            node: status.node.name, driver: status.node.driver.map(DriverView.init), whyEmpty: status.node.whyEmpty,
            waiting: status.waiting, gpus: status.gpus.map { GPUView($0, drained: drained[$0.gpu.id]) }, links: links,
            cpuAffinity: status.node.cpuAffinity, requestable: requestable)
    }
}

extension DriverView {
    init(_ driver: DriverInfo) {
        self.init(
            version: driver.version, cudaVersion: driver.cudaVersion, library: driver.library, note: driver.note)
    }
}

extension GPUView {
    init(_ status: GPUStatus, drained: String? = nil) {
        let gpu = status.gpu
        self.init(
            id: gpu.id, index: gpu.index, minor: gpu.minor, name: gpu.name, model: gpu.model,
            memory: Memory(
                totalBytes: gpu.memory.total.count, reservedBytes: gpu.memory.reserved.count,
                allocatableBytes: gpu.memory.allocatable.count, usedBytes: status.reading.memoryUsed?.count,
                foreignBytes: status.condition.foreignMemory.count),
            computeCapability: gpu.computeCapability, multiprocessors: gpu.multiprocessors,
            pciAddress: gpu.pciAddress, numaNode: gpu.numaNode, mig: gpu.mig, health: Health(status.condition.health),
            drained: drained,
            freeMilliGPU: status.freeShare.milli, freeBytes: status.freeMemory.count, leases: status.leases,
            reading: ReadingView(status.reading), processes: status.reading.processes.map(ProcessView.init),
            slices: gpu.slices.map { slices in
                slices.map {
                    SliceView(
                        $0, lease: status.sliceLeases[$0.uuid],
                        isForeign: status.condition.foreignSlices?.contains($0.uuid) == true)
                }
            })
    }
}

extension GPUView.Health {
    init(_ health: Fleet.Health) {
        switch health {
        case .healthy: self.init(state: .healthy, reason: nil)
        case .unhealthy(let reason): self.init(state: .unhealthy, reason: reason)
        case .lost(let reason): self.init(state: .lost, reason: reason)
        }
    }
}

extension ReadingView {
    init(_ reading: GPUReading) {
        self.init(
            utilisationPercent: reading.utilisationPercent,
            memoryUtilisationPercent: reading.memoryUtilisationPercent,
            powerWatts: reading.powerMilliwatts.map { Double($0) / 1000 },
            powerLimitWatts: reading.powerLimitMilliwatts.map { Double($0) / 1000 },
            energyJoules: reading.energyMillijoules.map { Double($0) / 1000 },
            temperatureCelsius: reading.temperatureCelsius, fanPercent: reading.fanPercent,
            smClockMegahertz: reading.smClockMegahertz, memoryClockMegahertz: reading.memoryClockMegahertz,
            eccCorrected: reading.eccCorrected, eccUncorrected: reading.eccUncorrected)
    }
}

extension ProcessView {
    init(_ process: GPUProcess) {
        self.init(
            pid: process.pid, memoryBytes: process.memory?.count, uid: process.uid, user: process.user,
            command: process.command, cgroup: process.cgroup, slice: process.slice, lease: process.lease)
    }
}
