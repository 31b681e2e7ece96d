package import Engine
package import Fleet

/// Sets how long the driver's time slices are on GPUs with shares that nothing else holds, where that can be set.
///
/// It fences nothing: a longer slice costs others more patience, a shorter one everybody more switching. A driver that
/// does not let it be set keeps its own length; leases are granted all the same, and `divvy show` says which it is.
package actor TimeSlices: FenceMeans {
    private let length: TimeSliceLength
    private let tool: ComputePolicyTool
    /// The GPUs of each lease.
    private var held: [LeaseID: [GPUID]] = [:]
    private enum Outcome {
        case set
        /// The tool's own words.
        case refused(String)
    }

    private var outcomes: [GPUID: Outcome] = [:]

    /// - Parameters:
    ///   - program: the path of `nvidia-smi`.
    ///   - environment: what it needs beside the daemon's own.
    package init(_ length: TimeSliceLength, program: String, environment: [String: String] = [:]) {
        self.length = length
        tool = ComputePolicyTool(program: program, environment: environment)
    }

    package func problem(on node: Node) -> String? { nil }

    package func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold {
        let gpus = lease.placement?.grants.map(\.gpu) ?? []
        held[lease.id] = gpus
        for gpu in gpus where outcomes[gpu] == nil {
            // Said before it is done: the next lease must not do it again meanwhile.
            outcomes[gpu] = .set
            do { try await tool.set(length, of: gpu) } catch { outcomes[gpu] = .refused(error.description) }
        }
        return ShareHold()
    }

    package func release(_ lease: LeaseID) async {
        guard let gpus = held.removeValue(forKey: lease) else { return }
        for gpu in gpus where !held.values.contains(where: { $0.contains(gpu) }) {
            guard case .set? = outcomes.removeValue(forKey: gpu) else { continue }
            // What cannot be set back now is set again when the next share comes.
            try? await tool.set(.default, of: gpu)
        }
    }

    package func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError) {
        for lease in leases { _ = try await hold(lease, on: node) }
        let living = Set(leases.map(\.id))
        for lease in held.keys.sorted() where !living.contains(lease) { await release(lease) }
    }

    package func reading(of lease: LeaseID) async -> FenceReading? {
        guard let gpus = held[lease] else { return nil }
        var parts: [FenceReading.Part] = []
        for gpu in gpus {
            let detail: String
            if case .refused(let problem)? = outcomes[gpu] {
                detail = "the driver's own time slices: \(problem)"
            } else {
                do { detail = "\(try await tool.length(of: gpu).rawValue) time slices" } catch { detail = "\(error)" }
            }
            parts.append(.init(gpu: gpu, detail: detail))
        }
        return FenceReading(means: .timeSlices, source: tool.program, parts: parts)
    }
}
