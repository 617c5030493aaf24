import KintsugiVocabulary

/// All that the agents of one provider share: the breaker, the retry budget and the slow start after an outage.
struct ProviderState: Sendable {
    var breaker: CircuitBreaker?
    var budget: RetryBudget?
    var slowStart: SlowStart?
    /// Whose tasks it holds, as far as lanes are in memory.
    var held: Set<UserID> = []
    /// Holds are written down in drips, whosever tasks they are.
    var holds: RateLimit?
    /// The breaker went half-open and no probe has said so yet.
    var announcesHalfOpen = false
    var forcedReason: String?
    /// When it went from closed to open, at most a day back.
    var trips: [Timestamp] = []

    /// 1, 2, 4 … 4,096 tasks a second after the breaker has closed, until nothing is held any more.
    struct SlowStart: Sendable, Hashable {
        var perSecond = 1
        var left = 1
        var nextAt: Timestamp

        init(at now: Timestamp) { nextAt = now + 1000 }

        /// The share grows with every second that passes.
        mutating func advance(to now: Timestamp) {
            guard nextAt <= now else { return }
            let seconds = (now - nextAt) / 1000 + 1
            for _ in 0..<min(seconds, 12) where perSecond < 4096 { perSecond *= 2 }
            left = perSecond
            nextAt = nextAt + seconds * 1000
        }
    }

    mutating func trip(at now: Timestamp) {
        trips.removeAll { now - $0 > 86_400_000 }
        if trips.count < 1000 { trips.append(now) }
    }
}

/// An agent with what it is doing.
struct AgentState: Sendable {
    var profile: AgentProfile
    var rateLimit: RateLimit?
    var running = 0
    var latency = MeanLatency()
    /// Why it did not take the last task that it was asked for, if it did not.
    var obstacle: Obstacle?
}
