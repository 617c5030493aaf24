package import KintsugiVocabulary

/// What one channel is told, and when.
package struct ChannelRule: Sendable, Hashable {
    package var id: String
    package var minSeverity = AlertSeverity.medium
    /// Nil: every alert.
    package var match: AlertMatch?
    package var isEnabled = true
    /// Whether it is told of recoveries.
    package var sendsResolved = true
    /// After which time what still fires is told again; nil: never.
    package var repeatInterval: Milliseconds? = 14_400_000
    /// How far apart notifications of a growing number are.
    package var groupInterval: Milliseconds = 60_000
    package var quietHours: QuietHours?
    /// Notifications in an hour, recoveries aside; what is more comes as one digest. Nil: no limit.
    package var perHour: Int? = 60
    /// Nobody is told of what was raised before.
    package var since: Timestamp

    package init(id: String, since: Timestamp) {
        self.id = id
        self.since = since
    }
}

/// Hours of the day in which only what is severe enough is told.
package struct QuietHours: Sendable, Hashable {
    /// Minutes of the local day; `to` may be before `from`: then they go over midnight.
    package var from: Int
    package var to: Int
    /// What local time is ahead of UTC by, in minutes.
    package var utcOffset: Int
    /// From here on it is told all the same.
    package var minSeverity: AlertSeverity

    package init(from: Int, to: Int, utcOffset: Int = 0, minSeverity: AlertSeverity = .critical) {
        self.from = from
        self.to = to
        self.utcOffset = utcOffset
        self.minSeverity = minSeverity
    }

    private static let day: Int64 = 1_440

    /// When they end; nil: it is not quiet now.
    package func end(at now: Timestamp) -> Timestamp? {
        let minutes = now.milliseconds / 60_000
        let local = Int((minutes + Int64(utcOffset)) % Self.day + Self.day) % Int(Self.day)
        let isQuiet = from < to ? (from..<to).contains(local) : local >= from || local < to
        guard isQuiet, from != to else { return nil }
        let left = (to - local + Int(Self.day)) % Int(Self.day)
        return Timestamp(milliseconds: minutes * 60_000) + Int64(left) * 60_000
    }
}
