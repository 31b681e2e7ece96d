package import Engine
package import Fleet

/// Every means that this node has to make shares hold, and which grade has which.
///
/// | grade | means |
/// |---|---|
/// | enforced | the driver's memory limits and multi-process service, both or neither |
/// | cooperative | the limiter |
/// | unfenced | the driver's time slices, which hold nothing |
///
/// Whole GPUs and hardware partitions need none of them.
package struct IsolationLadder: LeaseIsolation {
    /// Holds memory by the driver.
    private let driverLimits: any FenceMeans
    /// Holds compute by the driver.
    private let service: any FenceMeans
    private let limiter: any FenceMeans
    /// Each means with the grade whose shares it holds, strongest first.
    private let rungs: [(grade: Grade, means: any FenceMeans)]

    /// - Parameter timeSlices: nil leaves them as they are.
    package init(
        driverLimits: any FenceMeans, service: any FenceMeans, limiter: any FenceMeans, timeSlices: TimeSlices? = nil
    ) {
        self.driverLimits = driverLimits
        self.service = service
        self.limiter = limiter
        rungs =
            [(.enforced, driverLimits), (.enforced, service), (.cooperative, limiter)]
            + (timeSlices.map { [(.unfenced, $0)] } ?? [])
    }

    private var all: [any FenceMeans] { rungs.map(\.means) }

    private func means(of lease: Lease) -> [any FenceMeans] {
        rungs.filter { Self.holds($0.grade, lease) }.map(\.means)
    }

    private static func holds(_ grade: Grade, _ lease: Lease) -> Bool {
        // A whole GPU that another process uses too is unfenced, and no share.
        lease.placement?.grade == grade && (grade != .unfenced || lease.request.isOfShares)
    }

    package func fence(on node: Node) async -> ShareFence {
        let withoutLimiter = await limiter.problem(on: node)
        let hasLimiter = withoutLimiter == nil
        var weak = await driverLimits.problem(on: node)
        if weak == nil { weak = await service.problem(on: node) }
        guard let weak else {
            return ShareFence(
                .enforced, hasLimiter: hasLimiter, isOfOneGPU: driverLimits.isOfOneGPU || service.isOfOneGPU,
                limitation: "the driver holds its memory, and multi-process service keeps its compute within a bound")
        }
        if let withoutLimiter { return ShareFence(.unfenced, limitation: "\(withoutLimiter); \(weak)") }
        return ShareFence(
            .cooperative, limitation: "it is held by the limiter, which honest programs keep to; \(weak)")
    }

    package func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold? {
        var all: ShareHold?
        for means in means(of: lease) {
            let hold = try await means.hold(lease, on: node)
            all = all?.adding(hold) ?? hold
        }
        return all
    }

    package func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError) {
        for means in means(of: lease) { try await means.admit(arrival, of: lease, on: node) }
    }

    package func release(_ lease: LeaseID) async {
        for means in all { await means.release(lease) }
    }

    package func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {
        var problems: [String] = []
        for rung in rungs {
            do throws(PreparationError) {
                try await rung.means.reconcile(leases.filter { Self.holds(rung.grade, $0) }, on: node)
            } catch {
                problems.append(error.description)
            }
        }
        guard problems.isEmpty else { throw PreparationError(problems.joined(separator: "; ")) }
    }

    package func readings(of lease: LeaseID) async -> [FenceReading] {
        var readings: [FenceReading] = []
        for means in all {
            if let reading = await means.reading(of: lease) { readings.append(reading) }
        }
        return readings
    }

    package func note(_ memory: [GPUID: [Int32: Bytes]]) async {
        for means in all { await means.note(memory) }
    }

    package func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool {
        var isDone = false
        for means in all where await means.throttle(lease, isThrottled) { isDone = true }
        return isDone
    }

    package func drain(_ lease: LeaseID) async {
        for means in all { await means.drain(lease) }
    }

    package func ownProcesses() async -> [Int32] {
        var found: [Int32] = []
        for means in all { found += await means.ownProcesses() }
        return found
    }

    package func troubles() async -> [GPUID: String] {
        var found: [GPUID: String] = [:]
        for means in all { found.merge(await means.troubles()) { first, _ in first } }
        return found
    }
}

extension ShareHold {
    fileprivate func adding(_ other: ShareHold) -> ShareHold {
        ShareHold(
            libraries: libraries + other.libraries, mounts: mounts + other.mounts,
            processMounts: processMounts + other.processMounts, environment: environment + other.environment,
            processEnvironment: processEnvironment + other.processEnvironment,
            needsAdmission: needsAdmission || other.needsAdmission)
    }
}
