import Containers
import ServiceLifecycle

/// Follows the holders of leases until the group shuts down.
struct HolderService: Service {
    let holders: LeaseHolderWatch

    func run() async {
        await cancelWhenGracefulShutdown { await holders.run() }
        holders.close()
    }
}
