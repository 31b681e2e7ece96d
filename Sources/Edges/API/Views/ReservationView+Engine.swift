package import Fleet
import Placement
package import Queueing

extension ReservationView {
    /// A reservation; `gpus` are the node's, in the order that its placement counts them in.
    package init(_ reservation: Reservation, at clock: ClockReading, gpus: [GPU]) {
        self.init(
            name: reservation.name, request: reservation.request.canonical,
            maker: TenantView(uid: reservation.maker.uid, name: reservation.maker.name), tenants: reservation.tenants,
            from: clock.timestamp(reservation.from), until: clock.timestamp(reservation.until),
            startsInSeconds: clock.seconds(until: reservation.from),
            lengthSeconds: (reservation.until - reservation.from).seconds,
            grants: reservation.placement.parts.flatMap(\.grants).compactMap { grant in
                guard gpus.indices.contains(grant.gpu) else { return nil }
                let gpu = gpus[grant.gpu]
                return GrantView(
                    gpu: gpu.id, index: gpu.index, gpuName: gpu.name, milliGPU: grant.share.milli,
                    memoryBytes: grant.memory.count)
            })
    }
}
