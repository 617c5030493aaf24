/// A span of time in whole milliseconds, as the wire and the store count it.
package typealias Milliseconds = Int64

/// A moment in milliseconds since 1970 UTC, always handed in by the shell: no rule reads a clock.
///
/// Arithmetic saturates, because delays and deadlines come from outside and a trap would end every task.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z without leap seconds; negative before that.
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Later than everything; a sum that is too large ends here.
    package static let distantFuture = Timestamp(milliseconds: .max)

    /// The beginning of 1970; whatever is due then is due now.
    package static let zero = Timestamp(milliseconds: 0)

    /// The moment that much later, or earlier for a negative span; saturates at both ends.
    package static func + (moment: Timestamp, span: Milliseconds) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds.addingSaturated(span))
    }

    /// The span from `rhs` to `lhs`, negative if `lhs` is earlier; saturates at both ends.
    package static func - (lhs: Timestamp, rhs: Timestamp) -> Milliseconds {
        let (span, overflow) = lhs.milliseconds.subtractingReportingOverflow(rhs.milliseconds)
        guard overflow else { return span }
        return lhs < rhs ? .min : .max
    }

    package static func < (lhs: Timestamp, rhs: Timestamp) -> Bool { lhs.milliseconds < rhs.milliseconds }
}
