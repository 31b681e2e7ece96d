/// How much of a GPU a share may use while others leave theirs.
package enum Burst: Hashable, Sendable, Codable {
    /// Its share and no more, also when the rest is idle: a cap.
    case no
    /// Up to so much, at least its share.
    case upTo(Share)
    /// Whatever others leave.
    case any
}

extension Burst: CustomStringConvertible {
    /// As it is written in a request: `no`, `0.8`, `any`.
    package var description: String {
        switch self {
        case .no: "no"
        case .upTo(let share): share.description
        case .any: "any"
        }
    }
}
