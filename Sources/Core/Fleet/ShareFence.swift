/// How strong a fence a node can put around shares of its GPUs.
package struct ShareFence: Hashable, Sendable, Codable {
    /// The strongest grade that a share can have.
    package let grade: Grade
    /// Why it is no stronger, in one sentence; nil where there is nothing to say.
    package let limitation: String?

    package init(_ grade: Grade, limitation: String? = nil) {
        self.grade = grade
        self.limitation = limitation
    }
}

extension Node {
    /// The grade that a share of one of its GPUs has.
    package func grade(ofShareFor request: Request) -> Grade {
        // Sharing by time is what the driver does by itself: nobody else has a hand in it.
        request.sharing == .time ? .unfenced : fence?.grade ?? .unfenced
    }

    /// Why a share for the request cannot have the grade that it demands; nil when it can, or demands none.
    package func obstacle(toGradeOf request: Request) -> String? {
        guard request.portion != .whole, request.sliceWish == nil, let wanted = request.minimumGrade,
            wanted > grade(ofShareFor: request)
        else {
            return nil
        }
        if request.sharing == .time { return "a share by time is never fenced: leave --share or --grade away" }
        let most = grade(ofShareFor: request).rawValue
        let why = fence?.limitation.map { ": \($0)" } ?? ""
        return "a share on \(name) is \(most) at most, not \(wanted.rawValue)\(why)"
    }
}
