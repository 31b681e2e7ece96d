/// What somebody asks for, the same whichever door it came in by: command line, API, compose file, pod or Slurm job.
///
/// A request says nothing about where it will run and holds nothing that depends on the machine. Its written form is
/// `canonicalOptions`, which `RequestParser` reads back to an equal value.
package struct Request: Hashable, Sendable, Codable {
    /// How many GPUs, or how many parts of different GPUs; over several nodes, how many of each.
    package var count = CountRange.one
    /// How many different nodes give that, all or none of them; at least 1.
    package var nodes = 1
    /// How much of each GPU.
    package var portion = Portion.whole
    /// The memory wanted on each GPU; nil when none was named.
    package var memory: MemoryRange?
    /// Lower-cased words of which a GPU's model must carry any one; empty means any model.
    package var models: [String] = []
    /// Chooses GPUs by how much memory they have in all; compare with `MemoryRange.selects(total:)`.
    package var gpuMemory: MemoryRange?
    /// GPUs named one by one: UUIDs, indices or CDI names, in the order asked, each once.
    package var devices: [String] = []
    /// The driver that must serve the request, lower-cased, as in Docker's `driver=nvidia`; nil means any.
    package var driver: String?
    /// Docker's device capabilities (`compute`, `utility`, ...), without the `gpu` that Docker adds itself.
    package var capabilities: [String] = []
    /// The weakest fence that is acceptable; nil accepts any.
    package var minimumGrade: Grade?
    /// The means by which the GPU is shared; nil leaves it to the policy.
    package var sharing: Sharing?
    /// How much it may use of what others leave; nil leaves that to the means.
    package var burst: Burst?
    /// Host memory on each GPU that stands in once the GPU's is used up, in bytes; nil for none.
    package var spill: Bytes?
    package var topology: Topology?
    /// Whom it keeps away from; nil when it bears anybody.
    package var antiAffinity: AntiAffinity?
    /// How its placement is chosen; nil leaves that to its queue.
    package var placement: PolicyName?
    /// How long the lease lives; nil means until it is given back.
    package var duration: Span?
    package var queue: String?
    /// The reservation whose room it uses, by name; nil uses what is free for everybody.
    package var reservation: String?
    /// Larger goes first; nil is 0.
    package var priority: Int?
    package var patience = Patience.wait(limit: nil)

    /// One whole GPU of any model, waited for without limit.
    package init() {}

    /// How much of each GPU is asked for.
    package enum Portion: Hashable, Sendable, Codable {
        case whole
        /// A fraction of the compute, between 0.001 and 0.999 of a GPU.
        case share(Share)
        /// Hardware partitions, by profile name (`3g.71gb`) or the driver's profile id (`9`), all on each GPU.
        case slice(profiles: [String])
        /// Compute in proportion to the memory asked.
        case memory
        /// So much compute, whatever share of a GPU that is.
        case compute(Compute)
    }

    /// How several GPUs must be connected.
    package enum Topology: String, Hashable, Sendable, Codable, CaseIterable {
        case any
        case sameNode = "same-node"
        case nvlink
        case sameSwitch = "same-switch"
        case sameNUMA = "same-numa"
    }

    /// Requests that name the same never share a GPU, or never a node.
    package struct AntiAffinity: Hashable, Sendable, Codable {
        package enum Scope: String, Hashable, Sendable, Codable, CaseIterable { case gpu, node }

        package let name: String
        package let scope: Scope

        package init(_ name: String, scope: Scope = .gpu) {
            self.name = name
            self.scope = scope
        }
    }

    /// The most nodes that one request may name.
    package static let nodeLimit = 100_000

    /// By what means a GPU is shared.
    package enum Sharing: String, Hashable, Sendable, Codable, CaseIterable {
        /// Whole GPUs only.
        case exclusive
        /// Hardware partitions.
        case mig
        /// The driver's multi-process service: at the same time, each on a part of the multiprocessors.
        case mps
        /// By turns that the limiter keeps.
        case limiter
        /// By the driver's own time slices.
        case time
    }

    /// What to do when there is no room now.
    package enum Patience: Hashable, Sendable, Codable {
        case refuse
        /// Wait, at most for the limit; nil waits without limit.
        case wait(limit: Span?)
    }
}

extension Request.AntiAffinity: CustomStringConvertible {
    /// As it is written in a request: `db`, `node:db`.
    package var description: String { scope == .gpu ? name : "\(scope.rawValue):\(name)" }
}
