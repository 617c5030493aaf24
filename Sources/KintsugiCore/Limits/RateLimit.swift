/// How often an agent may be called: a token bucket.
package struct RateLimit: Sendable, Hashable {
    package struct Settings: Sendable, Hashable {
        /// Calls a second in the long run; 0 or less lets no call through after the burst.
        package var perSecond: Double
        /// Calls at once after a pause; less than 1 counts as 1.
        package var burst: Int

        package init(perSecond: Double, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    package let settings: Settings
    private var bucket: TokenBucket

    /// Begins with a full burst.
    package init(settings: Settings) {
        self.settings = settings
        bucket = TokenBucket(capacity: Double(settings.burst), perSecond: settings.perSecond)
    }

    /// Takes the right to make one call, if there is one.
    package mutating func take(at now: Timestamp) -> Bool { bucket.take(at: now) }

    /// The earliest moment from `now` on at which a call may be made.
    package func nextToken(at now: Timestamp) -> Timestamp { bucket.nextToken(at: now) }
}
