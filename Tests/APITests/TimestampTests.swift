import API
import Fleet
import Foundation
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_246_200_123_456_789, "2026-11-21T07:30:00.123Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999Z"),
            (951_868_799_000_000_000, "2000-02-29T23:59:59.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (Int64.max, "2262-04-11T23:47:16.854Z"),
            (Int64.min, "1677-09-21T00:12:43.145Z"),
        ] as [(Int64, String)])
    func `a time of day is written in UTC with milliseconds`(wall: Int64, text: String) {
        #expect(Timestamp(wall: wall).description == text)
    }

    @Test func `it agrees with Foundation on a day in every month of four centuries`() throws {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for month in 0..<4800 {
            let seconds = Int64(-8_000_000_000) + Int64(month) * 2_629_746 + 43_199
            let text = Timestamp(wall: seconds * 1_000_000_000).description
            #expect(text == formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
            #expect(Timestamp(text)?.wall == seconds * 1_000_000_000)
        }
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T07:30:00", "2026-11-21T07:30:00+00:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z", "2026-01-01 00:00:00Z", "٢٠٢٦-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
    ])
    func `what is not such a time is not read`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `decimals are read as they stand`() {
        #expect(Timestamp("1970-01-01T00:00:01.5Z")?.wall == 1_500_000_000)
        #expect(Timestamp("1970-01-01T00:00:01Z")?.wall == 1_000_000_000)
    }

    @Test func `a moment at the end of time does not overflow`() {
        #expect(Timestamp(Moment(nanoseconds: .max), offset: 5).wall == .max)
        #expect(Timestamp(Moment(nanoseconds: .min), offset: -5).wall == .min)
    }
}
