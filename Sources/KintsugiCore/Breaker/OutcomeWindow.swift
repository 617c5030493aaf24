/// The latest outcomes of calls to one provider, bounded by number and by age.
///
/// An outcome counts while it is less than the span away from now, on either side: after a clock that ran
/// ahead is set back, its outcomes are forgotten, not kept until the time comes round again.
struct OutcomeWindow: Sendable, Hashable {
    private struct Outcome: Sendable, Hashable {
        var at: Timestamp
        var isSuccess: Bool
    }

    private var outcomes: [Outcome] = []

    /// Adds an outcome and drops from the front what is too many or too old.
    mutating func append(success: Bool, at now: Timestamp, limits: BreakerSettings) {
        outcomes.append(Outcome(at: now, isSuccess: success))
        let excess = outcomes.count - Self.calls(limits)
        let stale = outcomes.prefix { !Self.counts($0, at: now, limits) }.count
        outcomes.removeFirst(max(excess, stale, 0))
    }

    /// The outcomes that count now, true for a success, oldest first.
    func recent(at now: Timestamp, limits: BreakerSettings) -> [Bool] {
        outcomes.suffix(Self.calls(limits)).filter { Self.counts($0, at: now, limits) }.map(\.isSuccess)
    }

    /// How many calls count now, and how many of them failed.
    func tally(at now: Timestamp, limits: BreakerSettings) -> (calls: Int, failures: Int) {
        var (calls, failures) = (0, 0)
        for outcome in outcomes.suffix(Self.calls(limits)) where Self.counts(outcome, at: now, limits) {
            calls += 1
            if !outcome.isSuccess { failures += 1 }
        }
        return (calls, failures)
    }

    private static func calls(_ limits: BreakerSettings) -> Int {
        min(max(limits.windowCalls, 1), CircuitBreaker.largestWindow)
    }

    private static func counts(_ outcome: Outcome, at now: Timestamp, _ limits: BreakerSettings) -> Bool {
        (now - outcome.at).magnitude < max(limits.window, 1).magnitude
    }
}
