import Containers
import Isolation
import ServiceLifecycle

/// Follows the holders of leases until the group shuts down.
struct HolderService: Service {
    let holders: LeaseHolderWatch

    func run() async {
        await cancelWhenGracefulShutdown { await holders.run() }
        holders.close()
    }
}

/// Takes the driver's memory limits away as programs end, until the group shuts down.
struct DriverLimitService: Service {
    let means: DriverLimitMeans

    func run() async { await cancelWhenGracefulShutdown { await means.run() } }
}
