/// What a container may have of one GPU.
package struct LimitedPart: Equatable, Sendable {
    package enum Policy: Equatable, Sendable {
        /// Its part when others want the GPU, all of it when they do not.
        case share
        /// Never more than its part.
        case cap
        /// Its part when others want the GPU, and never more than so many thousandths of it.
        case burst(UInt32)
    }

    /// The sixteen bytes of the GPU's UUID.
    package let uuid: [UInt8]
    package let memory: UInt64
    /// What is charged for each context, in bytes; 0: what `TurnKeeper` measured.
    package let contextCharge: UInt64
    /// Bytes of the host's memory that may stand in for the GPU's when `memory` is used up.
    package let spill: UInt64
    /// Thousandths of the GPU's time.
    package let milli: UInt32
    package let policy: Policy

    package init(
        uuid: [UInt8], memory: UInt64, contextCharge: UInt64 = 0, milli: UInt32, policy: Policy = .share,
        spill: UInt64 = 0
    ) {
        self.uuid = uuid
        self.memory = memory
        self.contextCharge = contextCharge
        self.spill = spill
        self.milli = milli
        self.policy = policy
    }
}
