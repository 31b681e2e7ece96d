package import Engine
package import Fleet

/// One of the means that grades are made of; `IsolationLadder` says which leases have which.
///
/// Every call may be made again for the same lease and then changes nothing.
package protocol FenceMeans: Sendable {
    /// It holds parts of one GPU only, not of several for the same programs.
    var isOfOneGPU: Bool { get }

    /// Why shares on a node cannot have it, in one sentence; nil when they can.
    func problem(on node: Node) async -> String?

    /// Makes it stand for a lease.
    func hold(_ lease: Lease, on node: Node) async throws(PreparationError) -> ShareHold

    /// Puts limits on programs of a lease that it holds, before they start.
    func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError)

    /// Takes it back; for a lease that it does not hold nothing happens.
    func release(_ lease: LeaseID) async

    /// Takes up what stands for the leases that it is to hold, and removes what stands for others.
    func reconcile(_ leases: [Lease], on node: Node) async throws(PreparationError)

    /// What it holds, read back; nil when it does not hold the lease.
    func reading(of lease: LeaseID) async -> FenceReading?

    /// Hears what the driver has just said of processes' memory, in bytes by pid, for each GPU where it says anything.
    func note(_ memory: [GPUID: [Int32: Bytes]]) async

    /// Keeps a lease's programs from the GPU's compute but for a trickle, or lets them have their share again; false
    /// where it cannot, or does not hold the lease.
    func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool

    /// Ends what a lease's programs do on GPUs where their sudden end would harm others; they are stopped next.
    func drain(_ lease: LeaseID) async

    /// Processes that use GPUs to hold leases and belong to none.
    func ownProcesses() async -> [Int32]

    /// GPUs on which nobody new can be held, and why, in one sentence.
    func troubles() async -> [GPUID: String]
}

extension FenceMeans {
    package var isOfOneGPU: Bool { false }
    package func admit(_ arrival: Arrival, of lease: Lease, on node: Node) async throws(PreparationError) {}
    package func note(_ memory: [GPUID: [Int32: Bytes]]) async {}
    package func throttle(_ lease: LeaseID, _ isThrottled: Bool) async -> Bool { false }
    package func drain(_ lease: LeaseID) async {}
    package func ownProcesses() async -> [Int32] { [] }
    package func troubles() async -> [GPUID: String] { [:] }
}
