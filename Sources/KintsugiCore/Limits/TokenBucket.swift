/// A bucket that fills steadily up to its capacity and gives one token an act.
///
/// Counted in whole billionths of a token, so that nothing is lost to rounding and equal histories are equal
/// values.
/// - Source: the leaky bucket as a meter, Turner, "New Directions in Communications" (IEEE Communications,
///   1986).
struct TokenBucket: Sendable, Hashable {
    /// A clock that goes back by more than this was set, and is believed; less is two callers out of order.
    private static let clockTolerance: Milliseconds = 1000
    private static let token: Int64 = 1_000_000_000

    private let capacity: Int64
    private let perMillisecond: Int64
    private var level: Int64
    /// When `level` was right; nil before the first question.
    private var filledAt: Timestamp?

    /// A full bucket; less than one token of capacity is one, and a rate below zero or not a number is zero.
    init(capacity: Double, perSecond: Double) {
        self.capacity = max(Int64(saturating: capacity * Double(Self.token)), Self.token)
        perMillisecond = perSecond > 0 ? max(Int64(saturating: perSecond * Double(Self.token) / 1000), 1) : 0
        level = self.capacity
    }

    /// Adds a share of a token, as far as there is room.
    mutating func deposit(_ share: Double, at now: Timestamp) {
        fill(at: now)
        level = min(level.addingSaturated(max(Int64(saturating: share * Double(Self.token)), 0)), capacity)
    }

    /// Takes a token if there is a whole one.
    mutating func take(at now: Timestamp) -> Bool {
        fill(at: now)
        guard level >= Self.token else { return false }
        level -= Self.token
        return true
    }

    /// The earliest moment from `now` on at which a token is there if nobody takes one before.
    ///
    /// Exact after a `take` at the same `now`, which is what notices a clock that was set.
    func nextToken(at now: Timestamp) -> Timestamp {
        var bucket = self
        bucket.fill(at: now)
        let missing = Self.token - bucket.level
        guard missing > 0 else { return now }
        guard perMillisecond > 0 else { return .distantFuture }
        return max(bucket.filledAt ?? now, now) + (missing - 1) / perMillisecond + 1
    }

    private mutating func fill(at now: Timestamp) {
        let elapsed = now - (filledAt ?? now)
        guard elapsed >= 0 else {
            if elapsed < -Self.clockTolerance { filledAt = now }
            return
        }
        level = min(level.addingSaturated(elapsed.multipliedSaturated(by: perMillisecond)), capacity)
        filledAt = now
    }
}
