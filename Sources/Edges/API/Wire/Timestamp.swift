package import Fleet

/// A time of day on the wire: RFC 3339 in UTC with milliseconds, `2026-11-21T07:30:00.123Z`.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the Unix epoch.
    package let wall: Int64

    package init(wall nanoseconds: Int64) { wall = nanoseconds }

    /// A moment on the ledger's clock as the machine's clock shows it; held at the ends of what can be counted.
    package init(_ moment: Moment, offset: Int64) {
        let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(offset)
        wall = overflow ? (offset < 0 ? .min : .max) : sum
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.wall < right.wall }
}

extension Timestamp: CustomStringConvertible {
    private static let millisecondsPerDay: Int64 = 86_400_000

    /// The RFC 3339 form; less than a millisecond is cut off towards the past.
    package var description: String {
        let milliseconds = Self.floor(wall, 1_000_000).quotient
        let (day, rest) = Self.floor(milliseconds, Self.millisecondsPerDay)
        let (year, month, dayOfMonth) = Self.civil(day)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func put(_ number: Int64, _ digits: Int, _ separator: Unicode.Scalar) {
            var divisor: Int64 = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(48 + number / divisor % 10))
                divisor /= 10
            }
            text.append(UInt8(ascii: separator))
        }
        put(year, 4, "-")
        put(month, 2, "-")
        put(dayOfMonth, 2, "T")
        put(rest / 3_600_000, 2, ":")
        put(rest / 60_000 % 60, 2, ":")
        put(rest / 1000 % 60, 2, ".")
        put(rest % 1000, 3, "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads what `description` writes, with none to nine decimals; anything else is nil, also days that do not exist.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[bytes.count - 1] == UInt8(ascii: "Z") else { return nil }
        for (place, separator) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)] {
            guard bytes[place] == UInt8(ascii: separator) else { return nil }
        }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].reduce(Int64?(0)) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int64(byte - 48)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            let digits = 20..<(bytes.count - 1)
            guard bytes[19] == UInt8(ascii: "."), (1...9).contains(digits.count), let value = number(digits) else {
                return nil
            }
            fraction = value
            for _ in digits.count..<9 { fraction *= 10 }
        }
        let days = Self.days(year, month, day)
        guard Self.civil(days) == (year, month, day) else { return nil }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        let (nanoseconds, tooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, over) = nanoseconds.addingReportingOverflow(fraction)
        guard !tooFar, !over else { return nil }
        wall = sum
    }

    private static func floor(_ value: Int64, _ unit: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
        return remainder < 0 ? (quotient - 1, remainder + unit) : (quotient, remainder)
    }

    /// The date of a day counted from 1970-01-01, in the Gregorian calendar without end, after Howard Hinnant's
    /// "chrono-Compatible Low-Level Date Algorithms": years start in March, so that the leap day is the last.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floor(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = floor(month <= 2 ? year - 1 : year, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let timestamp = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not a time; they look like 2026-11-21T07:30:00.123Z")
        }
        self = timestamp
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
