import API
import Fleet
import Glibc
import Presentation

/// When something is to begin, as people write it.
struct StartTime: Hashable, Sendable {
    let timestamp: Timestamp

    static let form = "a time of day such as 14:00, a time from now such as +2h, now, or 2026-12-01T08:00:00Z"

    /// Reads a time; one of day is the next such time in the zone of this machine, and nil is none of the forms.
    ///
    /// `zone` gives the seconds that a place's clocks are ahead of UTC at a time.
    init?(_ text: String, now: Timestamp, zone: (Timestamp) -> Int64 = Self.localZone) {
        if text == "now" {
            timestamp = now
        } else if text.hasPrefix("+") {
            guard let span = Span(written: String(text.dropFirst())) else { return nil }
            timestamp = Timestamp(wall: now.wall + span.nanoseconds)
        } else if let exact = Self.exact(text) {
            timestamp = exact
        } else {
            guard let seconds = Self.secondsOfDay(text) else { return nil }
            timestamp = Self.next(seconds, after: now, zone)
        }
    }

    /// RFC 3339, in UTC or with how far clocks are ahead: `2026-12-01T08:00:00+01:00`.
    private static func exact(_ text: String) -> Timestamp? {
        if let utc = Timestamp(text) { return utc }
        guard text.utf8.count > 6 else { return nil }
        let ahead = text.suffix(6)
        guard let sign = ahead.first, sign == "+" || sign == "-",
            let seconds = secondsOfDay(String(ahead.dropFirst())), let there = Timestamp("\(text.dropLast(6))Z")
        else { return nil }
        return Timestamp(wall: there.wall - (sign == "-" ? -seconds : seconds) * 1_000_000_000)
    }

    /// `14:00` or `14:00:30`.
    private static func secondsOfDay(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count),
            parts.allSatisfy({ (1...2).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        let numbers = parts.compactMap { Int64($0) } + [0]
        guard numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
        return numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    }

    private static func next(_ seconds: Int64, after now: Timestamp, _ zone: (Timestamp) -> Int64) -> Timestamp {
        let day: Int64 = 86_400
        let local = now.wall / 1_000_000_000 + zone(now)
        var midnight = local - local % day
        while true {
            // How far ahead clocks are then, which on two days of the year is not how far they are now.
            let guess = Timestamp(wall: (midnight + seconds - zone(now)) * 1_000_000_000)
            let found = Timestamp(wall: (midnight + seconds - zone(guess)) * 1_000_000_000)
            if found > now { return found }
            midnight += day
        }
    }

    static func localZone(_ timestamp: Timestamp) -> Int64 {
        var seconds = time_t(timestamp.wall / 1_000_000_000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return 0 }
        return Int64(parts.tm_gmtoff)
    }
}
