import Fleet
import Ledger
import Logging

/// A lease that was granted and could not be made ready.
struct FailedPreparation {
    let lease: LeaseID
    let error: PreparationError
}

extension Engine {
    /// Carries out effects in order; returns the first lease that could not be made ready, which is given back.
    @discardableResult
    func perform(_ effects: [Effect]) async -> FailedPreparation? {
        var failure: FailedPreparation?
        for effect in effects {
            log.debug("effect", metadata: ["effect": "\(effect)"])
            switch effect {
            case .prepare(let lease):
                if let error = await prepare(lease) {
                    failure = failure ?? FailedPreparation(lease: lease.id, error: error)
                }
            case .stop(let lease): stop.yield(lease)
            case .dismiss(let lease):
                preparations[lease.id] = nil
                await preparer.dismiss(lease.id)
                await holders.forget(lease.id)
                settling.wake(lease.id)
            case .tell(let notice):
                // A waiting lease that ends has nothing to dismiss, but somebody may wait for it.
                if notice.kind == .leaseEnded, let lease = notice.lease {
                    await holders.forget(lease)
                    settling.wake(lease)
                }
            case .lift(let curbs): await lift(curbs)
            case .answer: break
            }
        }
        return failure
    }

    @discardableResult
    func prepare(_ lease: Lease) async -> PreparationError? {
        guard let node = ledger.observation?.node else { return nil }
        preparing.insert(lease.id)
        defer {
            preparing.remove(lease.id)
            settling.wake(lease.id)
        }
        do throws(PreparationError) {
            let preparation = try await preparer.prepare(lease, on: node)
            guard ledger.lease(lease.id)?.placement != nil else {
                // It ended while it was made ready.
                await preparer.dismiss(lease.id)
                return nil
            }
            preparations[lease.id] = preparation
            await holders.follow(lease.holder, of: lease.id, tenant: lease.tenant)
            return nil
        } catch {
            log.error("a lease could not be made ready", metadata: ["lease": "\(lease.id)", "error": "\(error)"])
            // Nothing of it has started, so its room can go back at once.
            await submit(.holderGone(lease.id, .preparationFailed))
            return error
        }
    }

    /// Brings what stands on disk for leases into line with the ledger.
    func reconcilePreparations() async {
        guard let node = ledger.observation?.node else { return }
        do throws(PreparationError) {
            try await preparer.reconcile(ledger.leases.filter { $0.placement != nil }, on: node)
        } catch {
            log.error("container specifications could not be brought into line", metadata: ["error": "\(error)"])
        }
    }
}
