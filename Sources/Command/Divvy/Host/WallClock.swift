import API
import Glibc

/// The machine's clock, for ages and deadlines as people read them.
enum WallClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(wall: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
