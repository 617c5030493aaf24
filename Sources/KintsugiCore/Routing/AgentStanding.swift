/// How an agent does beside others that could do the same work; it says what share of it each gets.
///
/// A share is the agent's weight, made smaller by what is wrong with it:
///
/// | by | factor |
/// |---|---|
/// | failures | the third power of the share of successes among its provider's latest calls, four imagined successes added, so that one failure alone means little |
/// | latency | the shortest mean latency among the candidates over its own, 50 ms added to both: half the speed, half the work |
/// | calls under way | the fewest calls under way per weight over its own, 8 added to both: calls that hang have no latency yet |
///
/// Together they leave it a twentieth of its weight at least, and that is all a half-open breaker leaves, so that
/// an agent that has recovered is found out. An open breaker, a pause and a full agent are not weighed: those get
/// nothing.
/// - Source: latency and calls under way in proportion, after Envoy's weighted least request and Finagle's
///   `EwmaP2C`; the figures are ours.
struct AgentStanding: Sendable, Hashable {
    var weight: Int
    /// Of its provider's breaker window.
    var calls = 0
    var failureRate = 0.0
    /// Nil without a call that has ended.
    var latency: Double?
    var running = 0
    /// Its breaker is half-open.
    var isOnProbation = false

    static let least = 0.05

    private var load: Double { Double(running) / Double(max(1, weight)) }

    /// Each one's share, at its place; only their ratio means something.
    static func shares(_ standings: [AgentStanding]) -> [Double] {
        let fastest = standings.compactMap(\.latency).min() ?? 0
        let idlest = standings.map(\.load).min() ?? 0
        return standings.map { standing in
            let weight = Double(max(1, standing.weight))
            if standing.isOnProbation { return weight * least }
            let succeeded =
                (Double(standing.calls) * (1 - standing.failureRate) + 4) / Double(standing.calls + 4)
            let speed = (fastest + 50) / ((standing.latency ?? fastest) + 50)
            let room = (idlest + 8) / (standing.load + 8)
            return weight * max(least, succeeded * succeeded * succeeded * speed * room)
        }
    }
}

/// The mean latency of an agent's calls, the latest counting most.
/// - Source: the smoothed round-trip time of RFC 6298, section 2.
struct MeanLatency: Sendable, Hashable {
    private(set) var milliseconds: Double?

    mutating func record(_ latency: Milliseconds) {
        let sample = Double(max(0, latency))
        milliseconds = milliseconds.map { $0 + (sample - $0) / 8 } ?? sample
    }
}
