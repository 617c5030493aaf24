import KintsugiCore
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test("A known date is written and read as everyone else does", arguments: knownDates)
    func knownDate(milliseconds: Int64, text: String) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(moment.rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == moment)
        #expect(Timestamp(rfc3339: Substring("<\(text)>").dropFirst().dropLast()) == moment)
    }

    @Test(
        "What cannot be written is written as the nearest moment that can",
        arguments: [
            (Int64.min, "0001-01-01T00:00:00.000Z"), (-62_135_596_800_001, "0001-01-01T00:00:00.000Z"),
            (253_402_300_800_000, "9999-12-31T23:59:59.999Z"), (Int64.max, "9999-12-31T23:59:59.999Z"),
        ])
    func clamped(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test(
        "Every form that RFC 3339 allows is read",
        arguments: [
            ("2026-01-31T09:30:00Z", 1_769_851_800_000 as Int64),
            ("2026-01-31t09:30:00z", 1_769_851_800_000),
            ("2026-01-31T09:30:00.2Z", 1_769_851_800_200),
            ("2026-01-31T09:30:00.25Z", 1_769_851_800_250),
            ("2026-01-31T09:30:00.250999999Z", 1_769_851_800_250),
            ("2026-01-31T09:30:00.000000001Z", 1_769_851_800_000),
            ("2026-01-31T10:30:00+01:00", 1_769_851_800_000),
            ("2026-01-31T15:15:00.250+05:45", 1_769_851_800_250),
            ("2026-01-31T04:00:00-05:30", 1_769_851_800_000),
            ("2026-02-01T09:29:00+23:59", 1_769_851_800_000),
            ("2026-01-31T09:30:00-00:00", 1_769_851_800_000),
            ("2026-01-31T09:30:00.123456789+00:00", 1_769_851_800_123),
            ("1969-12-31T23:59:59.9Z", -100),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
        ])
    func allowedForm(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        "What is no moment is refused",
        arguments: [
            "", "Z", "2026", "2026-01-31", "2026-01-31T09:30Z", "2026-01-31T09:30:00", "2026-01-31 09:30:00Z",
            "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z", "2016-12-31T23:59:60Z",
            "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00.1234567890Z", "2026-01-31T09:30:00,5Z",
            "2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00+01:60", "2026-01-31T09:30:00+0100",
            "2026-01-31T09:30:00+01", "2026-01-31T09:30:00ZZ", "2026-01-31T09:30:00Z ",
            " 2026-01-31T09:30:00Z",
            "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
            "-2026-01-31T09:30:00Z",
            "+2026-01-31T09:30:00Z", "12026-01-31T09:30:00Z", "2026-1-31T09:30:00Z", "２０２６-01-31T09:30:00Z",
            "2026-01-31T09:30:00.\u{0}Z", "2026-01-31T0\u{301}9:30:00Z",
            String(repeating: "9", count: 100_000),
        ])
    func nonsense(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("The calendar agrees with counting days one by one from the year 1 to 9999")
    func everyYear() {
        var day: Int64 = -719_162
        for year in 1...9999 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let text = String(String(10_000 + year).dropFirst())
            let first = Timestamp(milliseconds: day * 86_400_000).rfc3339
            let march = Timestamp(milliseconds: (day + (isLeap ? 60 : 59)) * 86_400_000).rfc3339
            guard first == "\(text)-01-01T00:00:00.000Z", march == "\(text)-03-01T00:00:00.000Z" else {
                Issue.record("year \(year): \(first), \(march)")
                return
            }
            day += isLeap ? 366 : 365
        }
        #expect(day == 2_932_897)
    }

    @Test("What is written is read back as the same moment, and texts sort as moments do", arguments: 1...20)
    func roundTrip(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        var previous = Timestamp.zero
        for _ in 0..<500 {
            let moment = Timestamp(
                milliseconds: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &rng))
            let text = moment.rfc3339
            #expect(Timestamp(rfc3339: text) == moment, "seed \(seed): \(text)")
            #expect((previous < moment) == (previous.rfc3339 < text), "seed \(seed): \(text)")
            previous = moment
        }
    }

    @Test(
        "A text with one damaged byte is refused or read as some moment, and never traps", arguments: 1...20)
    func damage(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var bytes = Array("2026-01-31T09:30:00.250+05:45".utf8)
            bytes[Int.random(in: bytes.indices, using: &rng)] = .random(in: 0...255, using: &rng)
            guard let moment = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) else { continue }
            #expect(Timestamp(rfc3339: moment.rfc3339) == moment, "seed \(seed): \(bytes)")
        }
    }

    @Test("Arithmetic stops at the ends of the range")
    func saturation() {
        let past = Timestamp(milliseconds: .min)
        #expect(Timestamp.distantFuture + 1 == .distantFuture)
        #expect(Timestamp.distantFuture + .max == .distantFuture)
        #expect(past + -1 == past)
        #expect(past + .min == past)
        #expect(Timestamp.distantFuture - past == .max)
        #expect(past - .distantFuture == .min)
        #expect(Timestamp.zero - past == .max)
        #expect(Timestamp.distantFuture + -1 < .distantFuture)
        #expect(Timestamp(milliseconds: 5) + -7 == Timestamp(milliseconds: -2))
        #expect(Timestamp(milliseconds: 5) - Timestamp(milliseconds: 7) == -2)
    }

    private static let knownDates: [(Int64, String)] = [
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (-62_104_060_800_001, "0001-12-31T23:59:59.999Z"),
        (-62_035_847_999_999, "0004-02-29T12:00:00.001Z"),
        (-12_219_292_800_000, "1582-10-15T00:00:00.000Z"),
        (-11_670_912_000_001, "1600-02-29T23:59:59.999Z"),
        (-2_203_891_200_001, "1900-02-28T23:59:59.999Z"),
        (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (784_111_777_000, "1994-11-06T08:49:37.000Z"),
        (946_684_799_999, "1999-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_000_000_000_000, "2001-09-09T01:46:40.000Z"),
        (1_704_067_199_000, "2023-12-31T23:59:59.000Z"),
        (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
        (1_769_851_800_250, "2026-01-31T09:30:00.250Z"),
        (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ]
}
