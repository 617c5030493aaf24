package import KintsugiVocabulary

/// How often and how patiently a task is tried again before its fallback chain or the dead letter queue.
package struct RetryPolicy: Sendable, Hashable {
    /// Attempts of a round that count, the first one included.
    package var maxAttempts: Int
    /// The delay after the first failure, doubled after each further one.
    package var baseDelay: Milliseconds
    /// No delay is longer, whatever the jitter; only a `Retry-After` can ask for more.
    package var maxDelay: Milliseconds
    /// The share, 0 to 1, by which a delay is moved at random.
    ///
    /// It keeps tasks that failed together from coming back together.
    package var jitter: Double
    /// No retry begins later than this after the round began; nil is no limit.
    package var maxElapsed: Milliseconds?
    /// What becomes of a retry while the provider's breaker is open.
    package var onOpenBreaker: OpenBreakerPolicy
    /// How long a task is held for an open breaker, from the first hold of its round.
    package var hold: Milliseconds

    package init(
        maxAttempts: Int = 6, baseDelay: Milliseconds = 1000, maxDelay: Milliseconds = 30_000,
        jitter: Double = 0.25,
        maxElapsed: Milliseconds? = nil, onOpenBreaker: OpenBreakerPolicy = .hold,
        hold: Milliseconds = 600_000
    ) {
        self.maxAttempts = maxAttempts
        self.baseDelay = baseDelay
        self.maxDelay = maxDelay
        self.jitter = jitter
        self.maxElapsed = maxElapsed
        self.onOpenBreaker = onOpenBreaker
        self.hold = hold
    }

    /// The policy of a task that names none: six attempts, 1 s doubling to 30 s, a quarter either way.
    package static let standard = RetryPolicy()
}
