import Glibc

/// The machine's clock as the driver stamps its samples with.
enum HostClock {
    /// Microseconds since the Unix epoch.
    static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
