extension Timestamp {
    /// The form of the wire, `2026-01-31T09:30:00.250Z`: UTC, always milliseconds, years 0001 to 9999.
    ///
    /// What lies outside is written as the nearest moment inside, so that every text has 24 characters and
    /// sorts.
    /// - Source: RFC 3339, section 5.6.
    package var rfc3339: String {
        let clamped = min(max(milliseconds, Self.earliestWritten), Self.latestWritten)
        let (whole, part) = clamped.quotientAndRemainder(dividingBy: 86_400_000)
        let days = part < 0 ? whole - 1 : whole
        let time = Int(part < 0 ? part + 86_400_000 : part)
        let date = CivilDate(daysSinceEpoch: Int(days))
        return String(unsafeUninitializedCapacity: 24) { buffer in
            func write(_ value: Int, _ width: Int, at place: Int, then mark: Unicode.Scalar) {
                var rest = value
                for offset in stride(from: place + width - 1, through: place, by: -1) {
                    buffer[offset] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                buffer[place + width] = UInt8(ascii: mark)
            }
            write(date.year, 4, at: 0, then: "-")
            write(date.month, 2, at: 5, then: "-")
            write(date.day, 2, at: 8, then: "T")
            write(time / 3_600_000, 2, at: 11, then: ":")
            write(time / 60_000 % 60, 2, at: 14, then: ":")
            write(time / 1000 % 60, 2, at: 17, then: ".")
            write(time % 1000, 3, at: 20, then: "Z")
            return 24
        }
    }

    /// Reads a time with any offset and up to nine decimals, which are cut to milliseconds.
    ///
    /// Nil if there is no such moment. Refused too: leap seconds, a space in place of the `T`, and what
    /// `rfc3339` could not write back.
    /// - Source: RFC 3339, section 5.6.
    package init?(rfc3339 text: some StringProtocol) {
        // The longest form, with nine decimals and an offset, has 35 bytes: longer texts are not even copied.
        guard text.utf8.count <= 35 else { return nil }
        var reader = TextReader(Array(text.utf8))
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T") || reader.skip("t"),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            let fraction = Self.fraction(&reader), let offset = Self.offset(&reader), reader.isAtEnd,
            let date = CivilDate(year: year, month: month, day: day),
            let local = Timestamp(date, hour: hour, minute: minute, second: second)
        else { return nil }
        let moment = local.milliseconds + fraction - offset
        guard moment >= Self.earliestWritten, moment <= Self.latestWritten else { return nil }
        self.init(milliseconds: moment)
    }

    /// 0001-01-01T00:00:00.000Z.
    private static let earliestWritten: Int64 = -62_135_596_800_000

    /// 9999-12-31T23:59:59.999Z.
    private static let latestWritten: Int64 = 253_402_300_799_999

    /// The decimals of the second in milliseconds: none, or a point and one to nine digits.
    private static func fraction(_ reader: inout TextReader) -> Milliseconds? {
        guard reader.skip(".") else { return 0 }
        var (value, digits) = (0, 0)
        while let digit = reader.number(digits: 1) {
            digits += 1
            if digits <= 3 { value = value * 10 + digit }
        }
        guard (1...9).contains(digits) else { return nil }
        for _ in 0..<max(0, 3 - digits) { value *= 10 }
        return Milliseconds(value)
    }

    /// How far local time is ahead of UTC: `Z`, or a sign with hours up to 23 and minutes up to 59.
    private static func offset(_ reader: inout TextReader) -> Milliseconds? {
        if reader.skip("Z") || reader.skip("z") { return 0 }
        guard let sign = reader.choice(of: ["+", "-"]),
            let hours = reader.number(digits: 2), hours <= 23, reader.skip(":"),
            let minutes = reader.number(digits: 2), minutes <= 59
        else { return nil }
        let span = Milliseconds(hours * 60 + minutes) * 60_000
        return sign == 0 ? span : -span
    }
}
