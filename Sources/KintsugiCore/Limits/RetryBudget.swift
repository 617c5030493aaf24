/// How many retries a provider's calls pay for, so that retries cannot make an outage worse.
///
/// Every call deposits `ratio` of a retry, and time deposits `minPerSecond`. An empty budget lets a retry
/// wait, it never fails it; so that no task waits for ever, at least one retry comes free every ten seconds
/// whatever the settings. Unused retries are kept for ten seconds of the minimum, but no fewer than ten.
/// - Source: Finagle `RetryBudget` (20 %, 10 a second, 10 s).
package struct RetryBudget: Sendable, Hashable {
    package struct Settings: Sendable, Hashable {
        /// Retries a call pays for, 0.2 for one in five.
        package var ratio: Double
        /// Retries a second that are free, for providers with few calls.
        package var minPerSecond: Double

        package init(ratio: Double = 0.2, minPerSecond: Double = 10) {
            self.ratio = ratio
            self.minPerSecond = minPerSecond
        }
    }

    package let settings: Settings
    private var bucket: TokenBucket

    /// Begins with a full budget.
    package init(settings: Settings) {
        self.settings = settings
        bucket = TokenBucket(
            capacity: .maximum(settings.minPerSecond * 10, 10),
            perSecond: .maximum(settings.minPerSecond, 0.1))
    }

    /// Deposits for a call that is no retry.
    package mutating func recordCall(at now: Timestamp) { bucket.deposit(settings.ratio, at: now) }

    /// Takes a retry from the budget if there is one.
    package mutating func takeRetry(at now: Timestamp) -> Bool { bucket.take(at: now) }

    /// The earliest moment from `now` on at which a retry is free; calls made meanwhile bring it forward.
    package func nextRetry(at now: Timestamp) -> Timestamp { bucket.nextToken(at: now) }
}
