extension Timestamp {
    /// Reads any of the three forms of an HTTP date; whether the day's name fits the date is not asked.
    ///
    /// - `Sun, 06 Nov 1994 08:49:37 GMT`, the one in use;
    /// - `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete: more than 50 years after `now` means a century earlier,
    ///   and without `now` the years 70 to 99 are of the last century;
    /// - `Sun Nov  6 08:49:37 1994`, obsolete.
    ///
    /// - Source: RFC 9110, section 5.6.7.
    package init?(httpDate text: String, now: Timestamp? = nil) {
        // The longest form, on a Wednesday in the second style, has 33 bytes.
        guard text.utf8.count <= 33 else { return nil }
        let bytes = Array(text.utf8)
        guard let moment = Self.fixdate(bytes) ?? Self.rfc850(bytes, now: now) ?? Self.asctime(bytes) else {
            return nil
        }
        self = moment
    }

    private static func fixdate(_ bytes: [UInt8]) -> Timestamp? {
        var reader = TextReader(bytes)
        guard reader.choice(of: shortDays) != nil, reader.skip(", "),
            let day = reader.number(digits: 2), reader.skip(" "),
            let month = reader.choice(of: months), reader.skip(" "),
            let year = reader.number(digits: 4), reader.skip(" "),
            let time = timeOfDay(&reader), reader.skip(" GMT"), reader.isAtEnd
        else { return nil }
        return moment(year: year, month: month + 1, day: day, time)
    }

    private static func rfc850(_ bytes: [UInt8], now: Timestamp?) -> Timestamp? {
        var reader = TextReader(bytes)
        guard reader.choice(of: longDays) != nil, reader.skip(", "),
            let day = reader.number(digits: 2), reader.skip("-"),
            let month = reader.choice(of: months), reader.skip("-"),
            let year = reader.number(digits: 2), reader.skip(" "),
            let time = timeOfDay(&reader), reader.skip(" GMT"), reader.isAtEnd
        else { return nil }
        return moment(year: fullYear(year, now: now), month: month + 1, day: day, time)
    }

    private static func asctime(_ bytes: [UInt8]) -> Timestamp? {
        var reader = TextReader(bytes)
        guard reader.choice(of: shortDays) != nil, reader.skip(" "),
            let month = reader.choice(of: months), reader.skip(" "),
            let day = reader.skip(" ") ? reader.number(digits: 1) : reader.number(digits: 2),
            reader.skip(" "),
            let time = timeOfDay(&reader), reader.skip(" "),
            let year = reader.number(digits: 4), reader.isAtEnd
        else { return nil }
        return moment(year: year, month: month + 1, day: day, time)
    }

    /// The year that two digits mean: the latest one that is at most 50 years after `now`.
    private static func fullYear(_ digits: Int, now: Timestamp?) -> Int {
        var latest = 2069
        if let now {
            let lastDay: Int64 = 2_932_896  // of 9999
            let days = min(max(now.milliseconds / 86_400_000, 0), lastDay)
            latest = CivilDate(daysSinceEpoch: Int(days)).year + 50
        }
        return latest - (latest - digits) % 100
    }

    private static func timeOfDay(_ reader: inout TextReader) -> (hour: Int, minute: Int, second: Int)? {
        guard let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2)
        else { return nil }
        return (hour, minute, second)
    }

    private static func moment(
        year: Int, month: Int, day: Int, _ time: (hour: Int, minute: Int, second: Int)
    ) -> Timestamp? {
        guard let date = CivilDate(year: year, month: month, day: day) else { return nil }
        return Timestamp(date, hour: time.hour, minute: time.minute, second: time.second)
    }

    private static let shortDays: [StaticString] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let longDays: [StaticString] = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
