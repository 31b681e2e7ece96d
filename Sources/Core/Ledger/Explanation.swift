package import Fleet
package import Placement

/// Why a request does not fit: how many GPUs failed on what, and what the nearest miss lacks.
package struct Explanation: Hashable, Sendable, Codable {
    /// How many GPUs failed on a reason, in words, most first.
    package struct Count: Hashable, Sendable, Codable {
        package let reason: String
        package let gpus: Int

        package init(reason: String, gpus: Int) {
            self.reason = reason
            self.gpus = gpus
        }
    }

    /// The one reason a person would give.
    package let summary: String
    package let counts: [Count]
    /// What would unblock it; nil when nothing on this fleet would.
    package let unblocks: String?

    package init(summary: String, counts: [Count], unblocks: String?) {
        self.summary = summary
        self.counts = counts
        self.unblocks = unblocks
    }
}

extension Explanation {
    /// Puts the obstacles that a placement met into words; `obstacles` are in the order of the node's GPUs.
    package init(_ obstacles: [Obstacle?], of request: Request, in room: NodeRoom) {
        let fit = Fit(request, in: room)
        let fitting = obstacles.count { $0 == nil }
        let counts = Obstacle.allCases
            .map { obstacle in (obstacle, obstacles.count { $0 == obstacle }) }
            .filter { $0.1 > 0 }
            .sorted { ($1.1, $0.0.rawValue) < ($0.1, $1.0.rawValue) }
        self.init(
            summary: Explanation.summary(of: request, fit: fit, fitting: fitting, counts: counts, in: room),
            counts: counts.map { Count(reason: $0.0.words, gpus: $0.1) },
            unblocks: fit.couldEverFit ? Explanation.unblocks(fit: fit, fitting: fitting) : nil)
    }

    private static func summary(
        of request: Request, fit: Fit, fitting: Int, counts: [(Obstacle, Int)], in room: NodeRoom
    ) -> String {
        let gpus = room.node.gpus
        guard !gpus.isEmpty else { return room.node.whyEmpty ?? "there is no GPU on \(room.node.name)" }
        let all = gpus.count == 1 ? "the one GPU of \(room.node.name)" : "the \(gpus.count) GPUs of \(room.node.name)"
        guard let (obstacle, count) = counts.first else {
            return "it asks for \(fit.fewest) GPUs, \(room.node.name) has \(gpus.count)"
        }
        if !fit.couldEverFit {
            switch obstacle {
            case .otherModel:
                let models = Set(gpus.map(\.name)).sorted().joined(separator: ", ")
                return
                    "no GPU of \(room.node.name) is of model \(request.models.joined(separator: " or ")): it has \(models)"
            case .tooSmall:
                let largest = room.gpus.map(\.allocatable).max() ?? .zero
                let wanted = request.memory?.lower ?? .zero
                return "it asks for \(wanted) on a GPU, the largest of \(room.node.name) has \(largest) to give"
            case .otherSize:
                let sizes = Set(gpus.map(\.memory.total)).sorted().map(\.description).joined(separator: ", ")
                return "no GPU of \(room.node.name) has memory of that size: they have \(sizes)"
            case .notNamed:
                return "\(room.node.name) has no GPU \(request.devices.joined(separator: ", "))"
            case .inSlices, .unhealthy, .foreignProcesses, .shareTaken, .memoryTaken: break
            }
        }
        if fit.fewest > gpus.count { return "it asks for \(fit.fewest) GPUs, \(room.node.name) has \(gpus.count)" }
        let need = fit.fewest == 1 ? "" : "it needs \(fit.fewest) GPUs and \(fitting) fit now: "
        // Of GPUs asked for by name, only these matter.
        if !request.devices.isEmpty, let (obstacle, count) = counts.first(where: { $0.0 != .notNamed }) {
            let named = request.devices.joined(separator: ", ")
            if request.devices.count == 1 { return "GPU \(named) \(obstacle.wordsForOne)" }
            return "\(need)\(count) of GPUs \(named) \(count == 1 ? obstacle.wordsForOne : obstacle.words)"
        }
        return count == gpus.count
            ? "\(need)\(all) \(count == 1 ? obstacle.wordsForOne : obstacle.words)"
            : "\(need)\(count) of \(all) \(count == 1 ? obstacle.wordsForOne : obstacle.words)"
    }

    private static func unblocks(fit: Fit, fitting: Int) -> String {
        let missing = max(fit.fewest - fitting, 1)
        let gpus = missing == 1 ? "1 more GPU" : "\(missing) more GPUs"
        return fit.isWhole ? "\(gpus) that nobody else has a part of" : "\(gpus) with that much free"
    }
}
