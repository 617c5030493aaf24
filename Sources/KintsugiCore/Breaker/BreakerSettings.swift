/// When a provider's circuit breaker opens, for how long, and how it closes again.
///
/// - Source: defaults after resilience4j (50 % of a window) and Envoy outlier detection (5 failures in a row,
///   30 s out, up to 300 s).
package struct BreakerSettings: Sendable, Hashable {
    /// The window holds at most so many calls, 1 to `CircuitBreaker.largestWindow`.
    package var windowCalls: Int
    /// And none that is as old as this.
    package var window: Milliseconds
    /// The share of failures, 0 to 1, at which it opens.
    package var failureRate: Double
    /// The share means nothing with fewer calls than this.
    package var minCalls: Int
    /// So many failures without a success between them open it, however far apart.
    package var consecutiveFailures: Int
    /// How long it stays open the first time; doubled each time its probes fail.
    package var open: Milliseconds
    /// No doubling goes beyond this; without effect if below `open`.
    package var maxOpen: Milliseconds
    /// So many calls may try at once while half-open, and so many successes close it.
    package var probes: Int

    package init(
        windowCalls: Int = 50, window: Milliseconds = 60_000, failureRate: Double = 0.5, minCalls: Int = 10,
        consecutiveFailures: Int = 5, open: Milliseconds = 30_000, maxOpen: Milliseconds = 300_000,
        probes: Int = 3
    ) {
        self.windowCalls = windowCalls
        self.window = window
        self.failureRate = failureRate
        self.minCalls = minCalls
        self.consecutiveFailures = consecutiveFailures
        self.open = open
        self.maxOpen = maxOpen
        self.probes = probes
    }
}
