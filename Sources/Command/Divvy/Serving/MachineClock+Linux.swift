import Engine
import Glibc
import Presentation

extension MachineClock {
    /// This machine's clocks: the time since boot goes on while the machine sleeps (CLOCK_BOOTTIME).
    static var machine: MachineClock {
        let boot = (try? Files.read("/proc/sys/kernel/random/boot_id"))?.prefix { $0 != "\n" }
        return MachineClock(
            boot: boot.map(String.init) ?? "unknown", sinceBoot: { read(CLOCK_BOOTTIME) },
            wall: { read(CLOCK_REALTIME) })
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
