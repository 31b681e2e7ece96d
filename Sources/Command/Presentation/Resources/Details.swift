package import API
import Fleet

/// Everything about one thing, one line for each fact.
package struct Details: Sendable {
    package var facts: [(label: String, value: Cell)]

    package init(_ facts: [(label: String, value: Cell?)]) {
        self.facts = facts.compactMap { fact in fact.value.map { (fact.label, $0) } }
    }

    package func lines(palette: Palette = .plain) -> [String] {
        let width = facts.map { $0.label.displayWidth }.max() ?? 0
        return facts.map { fact in
            palette.paint("\(fact.label):".fitted(to: width + 1), .heading) + " "
                + palette.paint(fact.value.text, fact.value.style)
        }
    }
}

extension Details {
    private typealias Fact = (label: String, value: Cell?)

    package init(_ lease: LeaseView, now: Timestamp) {
        let facts: [Fact] = [
            ("Lease", Cell("\(lease.id)")),
            ("Name", lease.name.map { Cell($0) }),
            ("State", Wording.state(of: lease, now: now)),
            ("Waits because", lease.explanation.map { Cell($0.summary) }),
            ("Would help", lease.explanation?.unblocks.map { Cell($0) }),
            ("Starts", lease.startsAt.map { Cell("\($0) at the earliest") }),
            ("Queue", lease.queue.map { Cell($0) }),
            ("Priority", lease.priority.map { Cell("\($0)") }),
            (
                "Makes room",
                lease.announcedEnd.map {
                    Cell("for \($0.beneficiary) at \($0.at), if it still needs it then", .warning)
                }
            ),
            ("Last active", lease.idle.map { Cell("\($0.lastActive)") }),
            ("Warned", lease.idle?.warnedAt.map { Cell("\($0): its GPUs are idle", .warning) }),
            ("Tenant", Cell("\(lease.tenant.name) (uid \(lease.tenant.uid))")),
            ("Request", Cell(lease.request)),
            ("Asked", Cell("\(lease.askedAt)")),
            ("Granted", lease.grantedAt.map { Cell("\($0)") }),
            ("Ended", lease.endedAt.map { Cell("\($0)") }),
            ("Deadline", lease.deadline.map { Cell("\($0)") }),
            ("Lapses", lease.lapsesAt.map { Cell("\($0) unless it is kept alive") }),
            ("Age", Cell(lease.age(now))),
            ("GPU-seconds", Cell(Wording.number(lease.gpuSeconds))),
            ("Grade", Self.grade(of: lease)),
            ("Node", lease.node.map { Cell($0) }),
        ]
        let end: [Fact] = [
            ("Holder", Cell(lease.holder.kind == .nobody ? "nobody" : Wording.holder(lease.holder))),
            ("CDI device", lease.preparation.map { Cell($0.cdiDevice) }),
            ("CDI file", lease.preparation?.cdiSpecification.map { Cell($0) }),
        ]
        self.init(
            facts + lease.grants.map(Self.fact) + lease.heldBy.flatMap { Self.facts($0, lease.grants) } + end
                + lease.notes.map { ("Note", Cell($0)) })
    }

    private static func grade(of lease: LeaseView) -> Cell? {
        guard let grade = lease.grade?.rawValue else { return nil }
        return Cell(lease.fences.map { "\(grade): \($0)" } ?? grade)
    }

    private static func facts(_ fence: FenceView, _ grants: [GrantView]) -> [Fact] {
        [("Held by", Cell("\(fence.means), \(fence.source)"))]
            + fence.gpus.map { part in
                let index = grants.first { $0.gpu == part.gpu }?.index
                let limit = [
                    part.milliGPU.map { "\(Wording.share($0)) GPU" }, part.memoryLimitBytes.map { Wording.bytes($0) },
                ].compactMap { $0 }
                let use = [
                    part.memoryUsedBytes.map { "\(Wording.bytes($0)) used" }
                        ?? (fence.means == "limiter" ? "its books cannot be read" : nil),
                    part.memoryPeakBytes.map { "\(Wording.bytes($0)) at most" },
                    part.refusals.flatMap { $0 > 0 ? "refused \($0) times" : nil }, part.detail,
                ].compactMap { $0 }
                let text = [limit, use].filter { !$0.isEmpty }.map { $0.joined(separator: ", ") }
                return (
                    "Limit of GPU \(index.map(String.init) ?? "gone")", Cell(text.joined(separator: "; "))
                )
            }
    }

    private static func fact(_ grant: GrantView) -> Fact {
        let which = grant.index.map { "\($0)" } ?? "gone"
        let amount = "\(Wording.share(grant.milliGPU)) GPU, \(Wording.bytes(grant.memoryBytes))"
        return ("GPU \(which)", Cell("\(amount) of \(grant.gpuName ?? "a GPU") (\(grant.gpu))"))
    }

    package init(_ gpu: GPUView) {
        let reading = gpu.reading
        let memory = gpu.memory
        func number(_ text: String, _ unit: String) -> Cell? { text.isEmpty ? nil : Cell(text + unit) }
        let facts: [Fact] = [
            ("GPU", Cell("\(gpu.index)")),
            ("UUID", Cell(gpu.id.rawValue)),
            ("Name", Cell(gpu.name)),
            ("Model", Cell(gpu.model)),
            ("Device node", Cell("/dev/nvidia\(gpu.minor)")),
            ("Health", Wording.cell(gpu.health)),
            ("Drained", gpu.drained.map { Cell($0, .warning) }),
            ("Free", Cell("\(Wording.share(gpu.freeMilliGPU)) GPU, \(Wording.bytes(gpu.freeBytes))")),
            ("Leases", gpu.leases.isEmpty ? nil : Cell(gpu.leases.map(\.description).joined(separator: " "))),
            (
                "Memory",
                Cell("\(Wording.bytes(memory.totalBytes)), the driver keeps \(Wording.bytes(memory.reservedBytes))")
            ),
            ("Memory used", memory.usedBytes.map { Cell(Wording.bytes($0)) }),
            ("Foreign memory", memory.foreignBytes == 0 ? nil : Cell(Wording.bytes(memory.foreignBytes), .warning)),
            ("Compute capability", gpu.computeCapability.map { Cell($0) }),
            ("Multiprocessors", gpu.multiprocessors.map { Cell("\($0)") }),
            ("PCI address", Cell(gpu.pciAddress)),
            ("NUMA node", gpu.numaNode.map { Cell("\($0)") }),
            ("MIG", Cell(gpu.mig.rawValue)),
            ("Busy", number(Wording.number(reading.utilisationPercent), "%")),
            ("Memory busy", number(Wording.number(reading.memoryUtilisationPercent), "%")),
            ("Power", number(Wording.number(reading.powerWatts), " W")),
            ("Power limit", number(Wording.number(reading.powerLimitWatts), " W")),
            ("Energy", number(Wording.number(reading.energyJoules), " J")),
            ("Temperature", number(Wording.number(reading.temperatureCelsius), " C")),
            ("Fan", number(Wording.number(reading.fanPercent), "%")),
            ("SM clock", number(Wording.number(reading.smClockMegahertz), " MHz")),
            ("Memory clock", number(Wording.number(reading.memoryClockMegahertz), " MHz")),
            ("ECC corrected", number(Wording.number(reading.eccCorrected), "")),
            ("ECC uncorrected", number(Wording.number(reading.eccUncorrected), "")),
        ]
        self.init(facts)
    }
}
