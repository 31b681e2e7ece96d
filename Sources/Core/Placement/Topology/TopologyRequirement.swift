package import Fleet

/// How the GPUs of a set must be joined, each with each.
package enum TopologyRequirement: UInt8, Hashable, Sendable, CaseIterable {
    /// By NVLink, directly or through NVSwitch.
    case nvlink
    /// Under one PCIe switch, on one board, or by NVLink.
    case sameSwitch
    /// On one NUMA node.
    case sameNUMA

    /// What a request's topology requires inside a node; nil for those that only prefer.
    package init?(_ topology: Request.Topology?) {
        switch topology {
        case .nvlink: self = .nvlink
        case .sameSwitch: self = .sameSwitch
        case .sameNUMA: self = .sameNUMA
        case .any, .sameNode, nil: return nil
        }
    }
}
